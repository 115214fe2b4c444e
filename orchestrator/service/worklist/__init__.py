"""The worklist: what is open in words, who has taken what upon himself, and when a ward's lists have changed."""
