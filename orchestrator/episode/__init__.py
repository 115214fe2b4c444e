"""What did happen to one patient: commands in, events out. Pure: no I/O, and no clock is read."""
