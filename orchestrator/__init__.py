"""carepath: runs each patient's episode on a clinical pathway as a state machine, reminds, and keeps the record."""

__version__ = "0.1.0"
