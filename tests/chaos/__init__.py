"""A whole carepath on real servers, people who use it, somebody who kills it, and a checker who then looks.

system.py    what is tried: PostgreSQL, Valkey, APIs, prefork workers, clocks, each a process that is started again
links.py     small proxies between them, that cut, hold, delay and lose connections
disk.py      a small disk for the database, which can be filled
wall.py      a wall clock for the database, which can be moved
people.py    a seeded workload over HTTP: every command is asked with one key until an answer comes
nemesis.py   a seeded schedule of faults, and the hand that brings them about
history.py   what was asked and answered, and what was broken from when to when
checker.py   what must have happened against what did, from the store and the history alone
run.py       python -m tests.chaos.run --seed N --minutes M --kills K
"""
