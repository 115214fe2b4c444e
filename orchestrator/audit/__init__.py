"""Is the record whole? Sealing of entries, the chain, verification, and the story that reports are made of. Pure."""
