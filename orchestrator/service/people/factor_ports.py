"""What does the second factor ask of the store? Part of `PeopleReader` and `PeopleChange`."""

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

from orchestrator.service.people.rows import FactorRow, PendingRow


class FactorReader(Protocol):
    """What can be read of second factors."""

    def factor(self, person_id: str) -> FactorRow | None:
        """Return a person's authenticator app, one that is not confirmed yet too."""
        ...

    def factors(self, person_ids: Sequence[str]) -> dict[str, datetime]:
        """Return since when these people have a second factor; who has none is left out."""
        ...

    def recovery_codes(self, person_id: str) -> int:
        """Return how many recovery codes a person has left."""
        ...

    def pending_sign_in(self, pending_hash: bytes) -> PendingRow | None: ...


class FactorChange(FactorReader, Protocol):
    """What can be changed of second factors."""

    def put_factor(self, row: FactorRow) -> None:
        """Write a person's app in place of what was there."""
        ...

    def end_factor(self, person_id: str) -> None:
        """Remove a person's app, and every recovery code."""
        ...

    def use_step(self, person_id: str, step: int) -> bool:
        """Remember that the code of this half minute was taken; False where that one, or a later one, was before."""
        ...

    def set_recovery_codes(self, person_id: str, hashes: Sequence[bytes]) -> None:
        """Let these codes be good and no others."""
        ...

    def use_recovery_code(self, person_id: str, code_hash: bytes) -> bool:
        """Take a recovery code away; False where there is none such any more."""
        ...

    def add_pending_sign_in(self, row: PendingRow) -> None: ...
    def end_pending_sign_in(self, pending_hash: bytes) -> None: ...
    def forget_pending_sign_ins(self, before: datetime) -> None:
        """Remove those that were begun before a moment."""
        ...

    def set_bare(self, session_hash: bytes, *, bare: bool) -> None:
        """Say of a session whether it leads to nothing but setting up a second factor."""
        ...
