"""How did the schema come to be? One numbered step after another; a step once released is never changed."""
