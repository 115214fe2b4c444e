"""Does a mutant break a promise that its pathway keeps? Asks the prover for those in whose cone the element lies."""

from pathlib import Path

from orchestrator.pathway.loader import Library
from tests.mutants.operators import Mutant


class Proofs:
    """The promises that each pathway of a folder is proved to keep: none yet."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def refutes(self, library: Library, mutant: Mutant) -> str | None:  # noqa: ARG002 - what a prover is given
        """Return the promise that the mutant breaks, None where it breaks none of those that the pathway keeps."""
        return None
