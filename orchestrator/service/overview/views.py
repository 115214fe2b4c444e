"""Which read models are there? Board, hand-over, alarm load, pathways, operations, over an opened store.

Read models alone: nothing here changes anything but the record of who looked.
"""

from dataclasses import dataclass

from orchestrator.service.desk import Desk
from orchestrator.service.identity import Identities
from orchestrator.service.overview.board import Board
from orchestrator.service.overview.catalogue import Catalogue
from orchestrator.service.overview.load import Load
from orchestrator.service.overview.operations import Operations
from orchestrator.service.overview.shift import Shifts
from orchestrator.service.people.sight import Sight
from orchestrator.service.ports import Library
from orchestrator.service.presence import Presence
from orchestrator.service.sheets import Sheets


@dataclass(frozen=True, slots=True)
class Overview:
    """The read models over an opened store."""

    board: Board
    shifts: Shifts
    load: Load
    catalogue: Catalogue
    operations: Operations


def overview(desk: Desk, library: Library, sight: Sight, presence: Presence) -> Overview:
    """Return the read models. sight: records whose records a hand-over sheet shows."""
    identities = Identities(desk)
    return Overview(
        Board(desk, library, identities), Shifts(desk, Sheets(desk), identities, sight), Load(desk),
        Catalogue(desk, library), Operations(desk, presence),
    )  # fmt: skip
