"""What holds for any order of commands and clocks (Hypothesis)."""
