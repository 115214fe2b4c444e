"""Is the record whole? Sealing of entries, the hash chain, verification, and the story that reports are made of. Pure."""
