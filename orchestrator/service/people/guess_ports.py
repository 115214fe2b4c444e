"""What does the count of wrong passwords ask of the store? Part of `people.ports`."""

from collections.abc import Collection
from datetime import datetime
from typing import Protocol

from orchestrator.service.people.rows import GuessRow


class GuessReader(Protocol):
    """What can be read of wrong passwords, and of the browsers with which people came in."""

    def guesses(self, who: Collection[bytes], whence: Collection[bytes]) -> list[GuessRow]:
        """Return what is counted of any of these from any of those."""
        ...

    def locks(self, who: Collection[bytes], now: datetime) -> dict[bytes, datetime]:
        """Return until when nothing is tried for these, from wherever that is longest; without those that are free."""
        ...

    def knows_browser(self, browser_hash: bytes, person_id: str) -> bool:
        """Tell whether this person came in with this browser before."""
        ...


class GuessChange(GuessReader, Protocol):
    """What can be written of them."""

    def save_guess(self, row: GuessRow) -> None:
        """Write a count, whether there was one or not; who does holds off the others by the record of accounts."""
        ...

    def end_guesses(self, who: bytes, whence: Collection[bytes] | None = None) -> None:
        """Begin to count anew for a login: from these, or from everywhere for None."""
        ...

    def forget_guesses(self, before: datetime) -> None:
        """Remove counts of which nothing was heard since a moment."""
        ...

    def remember_browser(self, browser_hash: bytes, person_id: str, now: datetime) -> None:
        """Write down that this person came in with this browser."""
        ...

    def forget_browsers(self, before: datetime) -> None:
        """Remove browsers with which nobody came in since a moment."""
        ...
