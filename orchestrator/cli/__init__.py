"""The command line, and the launcher of the embedded system."""
