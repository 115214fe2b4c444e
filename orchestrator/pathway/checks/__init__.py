"""Does a pathway hang together? What no element tells alone, told all at once: states out of reach, traps, circles,
states that nobody is told of, branches without a default, what is used nowhere.

``problems`` looks at one pathway; a program with one does not start. ``words`` looks at what all pathways share.
Proofs over all patients are another matter.
"""

from orchestrator.errors import PathwayError
from orchestrator.pathway.checks import branches, closing, moves, parts, unused, waiting
from orchestrator.pathway.model import Pathway

_CHECKS = (moves, closing, waiting, parts, branches)


def problems(pathway: Pathway, file: str = "") -> list[PathwayError]:
    """Return all that is wrong with a loaded pathway, in order of file and line; empty when it hangs together.

    file: the pathway's own, as its elements call it; what is used nowhere is looked for there alone.
    """
    found = [each for check in _CHECKS for each in check.faults(pathway)]
    found += unused.faults(pathway, file)
    return sorted(found, key=lambda each: (each.file, each.line))
