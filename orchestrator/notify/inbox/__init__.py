"""The in-app inbox: the channel that is always there."""
