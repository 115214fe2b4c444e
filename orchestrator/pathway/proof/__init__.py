"""Proof: what holds of every patient who can come to a pathway, whatever is recorded, confirmed or left undone."""
