"""The whole in one process and virtual time: clocks, workers, broker, channels and people, all drawn from one seed.

Nothing here waits, reads a clock, starts a thread or draws a number that the seed does not give: the same seed is the
same course of events, and a failing one replays exactly.
"""
