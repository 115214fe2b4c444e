"""The use cases, one transaction each; talks to the outside through ports alone."""
