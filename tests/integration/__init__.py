"""Tests against the real servers that the suite starts."""
