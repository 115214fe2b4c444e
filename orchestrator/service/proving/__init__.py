"""Proving: is every promise of a pathway kept? Search and proof side by side, and what is kept of their answers."""
