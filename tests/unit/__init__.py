"""Pure tests: no server, no sleep; the whole folder stays under five seconds."""
