"""What goes wrong, and when? Each kind of fault draws from its own numbers, so that leaving one out moves no other."""

from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import lru_cache
from random import Random

from tests.worlds import NAMES, PATHWAYS

KINDS = ("crash", "statement", "stall", "outage", "broker", "wall", "poison", "channel", "upgrade")
"""crash: a process ends at a point of its own.   statement: the store fails at a statement, or a process ends there.
stall: a process stands still.   outage: every process down, or the store unusable.   broker: messages are lost,
doubled, late, forgotten.   wall: the wall clock is moved.   poison: an episode cannot be decided.   channel: the way
out fails.   upgrade: new versions of all pathways come while patients are under way, and every process ends once.
"""
ROLES = tuple(sorted({role for pathway in PATHWAYS.values() for role in pathway.roles}))


_WEEK = 7 * 86_400
_ATTENDED = 0.25
"""How many of the seeds."""


@dataclass(frozen=True)
class Plan:
    """What one seed plays. years: of virtual time.   pathways: one for each patient.   pace: how many times as long as
    they should people take between two rounds.   unheld: roles that nobody holds; rota: others each week.
    attended: whether patients do well and all that is asked is answered within a day, so that many years go by.
    """

    seed: int
    patients: int
    years: float
    faults: frozenset[str]
    pathways: tuple[str, ...]
    crash_rate: float
    statement_rate: float
    clocks: int
    workers: int
    pace: float
    unheld: frozenset[str]
    rota: bool
    attended: bool = False
    keep_all: bool = field(default=False, compare=False)

    def unheld_at(self, at: datetime) -> frozenset[str]:
        """Return which roles nobody holds at a moment."""
        return _unheld_in(self.seed, int(at.timestamp()) // _WEEK) if self.rota else self.unheld

    def without(self, fault: str) -> "Plan":
        return replace(self, faults=self.faults - {fault})


def plan(seed: int, *, years: float | None = None, patients: int | None = None, attended: bool = False) -> Plan:
    """Return what a seed plays; years and patients: instead of what it would draw, attended: if said, or drawn."""
    draw, long = dice(seed, "plan"), dice(seed, "attended")
    attended = attended or (years is None and long.random() < _ATTENDED)
    drawn_patients, drawn_years = draw.choice((1, 1, 2, 2, 3, 5)), draw.choice((0.1, 0.25, 0.5, 0.5, 1.0, 2.0))
    if attended:
        drawn_years = long.choice((3.0, 5.0, 10.0))
    return Plan(
        seed=seed,
        patients=patients or drawn_patients,
        years=years or drawn_years,
        faults=frozenset(kind for kind in KINDS if draw.random() < 0.75),
        pathways=tuple(draw.choice(NAMES) for _ in range(8)),
        crash_rate=draw.choice((0.0005, 0.005, 0.03, 0.08)),
        statement_rate=draw.choice((0.0001, 0.001, 0.005, 0.015)),
        clocks=draw.choice((1, 2, 2, 3)),
        workers=draw.choice((1, 2, 3)),
        pace=1.0 if attended else draw.choice((1.0, 1.0, 4.0, 20.0)),
        unheld=frozenset() if attended else frozenset(role for role in ROLES if draw.random() < 0.15),
        rota=not attended and draw.random() < 0.4,
        attended=attended,
    )


@lru_cache(maxsize=1000)
def _unheld_in(seed: int, week: int) -> frozenset[str]:
    draw = dice(seed, f"rota {week}")
    return frozenset(role for role in ROLES if draw.random() < 0.15)


def dice(seed: int, name: str) -> Random:
    """Return numbers of one's own, that nobody else's draws move."""
    return Random(f"carepath {seed} {name}")
