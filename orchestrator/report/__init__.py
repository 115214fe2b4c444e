"""The story of an episode, rendered for people."""
