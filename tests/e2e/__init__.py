"""The real processes, over HTTP: few tests, each of them a whole story."""
