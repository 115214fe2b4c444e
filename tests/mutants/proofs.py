"""Does a mutant break a promise that its pathway keeps? Asks the prover for those in whose cone the element lies.

A promise is that of the pathway as it is, asked of the broken one. An element lies in its cone when breaking it changes
the formula of the steps, or that of the promise. Equal formulas are one object of the solver, so to compare is cheap.
"""

from functools import cached_property
from pathlib import Path
from time import monotonic

import z3

from orchestrator.pathway.loader import Library, load_library
from orchestrator.pathway.model import Pathway, Property
from orchestrator.pathway.promises import LEADS_TO, REACHED
from orchestrator.pathway.proof.hunt import Hunt
from orchestrator.pathway.proof.solve import PROVED, Relation, prove
from tests.mutants.operators import Mutant

DEPTH, SECONDS = 20, 10.0


class _Whole:
    """A pathway that is not broken, with the promises that it is proved to keep, found when first asked for."""

    def __init__(self, pathway: Pathway) -> None:
        self.pathway, self._kept = pathway, dict[str, bool]()

    @cached_property
    def relation(self) -> Relation:
        """The formula of its steps."""
        return Relation(self.pathway)

    def keeps(self, promise: Property) -> bool:
        """Return whether the promise is proved."""
        if promise.name not in self._kept:
            self._kept[promise.name] = prove(self.pathway, promise, SECONDS, monotonic).status == PROVED
        return self._kept[promise.name]


class Proofs:
    """The promises that each pathway of a folder is proved to keep."""

    def __init__(self, root: Path) -> None:
        self._whole = {each.name: _Whole(each) for each in load_library(root).pathways}

    def refutes(self, library: Library, mutant: Mutant) -> str | None:  # noqa: ARG002 - what a prover is given
        """Return the promise that the mutant breaks, None where it breaks none of those that the pathway keeps."""
        return next((each for pathway in library.pathways for each in self._broken(pathway)), None)

    def _broken(self, pathway: Pathway) -> list[str]:
        whole, relation = self._whole[pathway.name], Relation(pathway)
        same = z3.eq(whole.relation.step, relation.step)
        for promise in whole.pathway.properties:
            if promise.kind == REACHED or same and z3.eq(_breach(whole.relation, promise), _breach(relation, promise)):
                continue
            if whole.keeps(promise) and self._refuted(pathway, promise):
                return [promise.name]
        return []

    def _refuted(self, pathway: Pathway, promise: Property) -> bool:
        """Ask the prover first: a promise that is still kept is proved sooner than a search gives up."""
        if prove(pathway, promise, SECONDS, monotonic).status == PROVED:
            return False
        return next(Hunt(pathway, promise, monotonic).stories(DEPTH, SECONDS), None) is not None


def _breach(relation: Relation, promise: Property) -> z3.BoolRef:
    """Return what breaks a promise; one of what leads to what has steps of its own, which remember what is owed."""
    own = Relation(relation.system.pathway, promise) if promise.kind == LEADS_TO else relation
    return own.broken(promise)
