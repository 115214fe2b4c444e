"""What may happen: the pathway's model, its loading, its checks and its guard language. Pure but for the loader, which reads files."""
