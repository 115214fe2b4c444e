"""What passes between these read models and the store? Plain rows; instants are aware and in UTC."""

from datetime import datetime
from typing import NamedTuple


class StayRow(NamedTuple):
    """An open episode on a ward, without its document.

    first_due_at: of its open items, NO_DUE where none says by when; None where nothing is open.   total, late: how many
    open episodes are in the same state (of the same stage, where that was asked for), and how many of them are late.
    """

    episode_id: str
    patient_id: str
    version: str
    state: str
    enrolled_at: datetime
    next_due_at: datetime | None
    set_aside_until: datetime | None
    first_due_at: datetime | None
    total: int
    late: int


class ShiftRow(NamedTuple):
    """An episode that is open on a ward, or was closed there of late, with the wrapped key of its patient.

    seq, at: of its last entry.
    """

    episode_id: str
    patient_id: str
    version: str
    seq: int
    at: datetime
    closed: bool
    enrolled_at: datetime
    kek_id: str
    wrapped_key: bytes | None


class SetAsideRow(NamedTuple):
    """An episode whose timers cannot fire. until: wall time of the next try."""

    episode_id: str
    ward: str
    attempts: int
    until: datetime
