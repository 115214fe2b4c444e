"""The test suite; each folder has a rule of its own, which docs/testing.md names."""
