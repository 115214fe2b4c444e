"""Does a pathway hang together? What no element tells alone, told all at once: states out of reach, traps, circles,
states that nobody is told of, branches without a default, what is used nowhere.

``problems`` looks at one pathway; a program with one does not start. ``words`` looks at what all pathways share.
Proofs over all patients are another matter.
"""

from collections.abc import Collection

from orchestrator.errors import PathwayError
from orchestrator.pathway.checks import branches, closing, moves, parts, unused, waiting
from orchestrator.pathway.model import Pathway

_WORDS = frozenset({"sources", "ladders", "facts", "regimens", "shared", "values"})
_MOVES = _WORDS | {"states", "transitions", "offers", "definitions", "head"}
_WORK = _MOVES | {"standings", "tasks", "reminders", "lines"}
_CHECKS = (
    (moves, _MOVES),
    (closing, _WORDS | {"gates", "standings", "replaces", "checks", "transitions", "lasting", "definitions"}),
    (waiting, _WORK),
    (parts, _WORDS | {"reminders"}),
    (branches, _WORK | {"warnings", "derived"}),
)
"""Each check, with the tables that it must have whole: what is missing from a faulty one would look like a fault."""


def problems(pathway: Pathway, file: str, faulty: Collection[str] = ()) -> list[PathwayError]:
    """Return all that is wrong with a loaded pathway, in order of file and line; empty when it hangs together.

    file: the pathway's own, as its elements call it; what is used nowhere is looked for there alone.   faulty: the
    tables of which not every element could be read; checks that need them whole are left out.
    """
    found = [each for check, needs in _CHECKS if not needs & frozenset(faulty) for each in check.faults(pathway)]
    if not faulty:
        found += unused.faults(pathway, file)
    return sorted(found, key=lambda each: (each.file, each.line))
