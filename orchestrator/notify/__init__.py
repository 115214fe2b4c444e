"""How a notice reaches a person: one folder a channel, the same shape in each."""
