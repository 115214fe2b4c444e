"""The guard language: types, tree, parser, compiler, words; ``pathway.expression`` is its face."""
