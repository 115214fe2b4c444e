"""Real PostgreSQL and Valkey servers that the suite starts itself, on Unix sockets, and stops itself.

Nothing here needs a server on the machine, a network, a particular user or a fixed port.
"""
