"""What may happen: the pathway's model, its loading, checks and guard language. Pure, but the loader reads files."""
