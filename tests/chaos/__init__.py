"""A whole carepath on real servers, people who use it, somebody who kills it, and a checker who then looks.

system.py    what is tried: PostgreSQL, Valkey, APIs, prefork workers, clocks; services.py: each is started again
embedded.py  what is tried besides: `carepath up` on SQLite
links.py     small proxies between them, that cut, hold, delay and lose connections
disk.py      a small disk for the database, which can be filled
wall.py      a wall clock for the database, which can be moved
pager.py     where notices go that leave the house
people.py    a seeded workload over HTTP: every command is asked with one key until an answer comes
schedule.py  a seeded schedule of faults; nemesis.py: the hand that brings them about
history.py   what was asked and answered, and what was broken from when to when
checker.py   what must have happened against what did, from the store and the history alone;
             entries.py: what it reads; verdict.py: what it says
run.py       python -m tests.chaos.run --seed N --minutes M --kills K
"""
