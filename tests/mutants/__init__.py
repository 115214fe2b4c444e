"""Does anything notice when a pathway says something else? Breaks each pathway in every way of a list; `make mutants`.

Not a test of its own, but the measure of them: what becomes of a pathway with one thing broken.
"""
