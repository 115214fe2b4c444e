"""Scenarios: one patient's story in YAML, played on the real engine with a virtual clock against a throw-away store."""
