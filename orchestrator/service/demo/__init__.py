"""How does a demonstration come to its ward? People and patients who are made up, whose past is played from stories.

Only a store that was born as a demonstration can have one; it is simulated, and everything that shows it says so.
"""

MAKING, MADE = "making", "made"
"""What a store is that was born as a demonstration: until its ward is whole, and from then on."""
PASSWORD = "open the demo ward"  # noqa: S105  of people who are made up; it opens demonstrations alone, and they show it
