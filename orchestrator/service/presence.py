"""Which programs are at work on the store, and in which format is it written? What lets two versions run at once.

A process says every half minute that it runs, and learns at the same time in which format to write. An upgrade is
finished, that is the newest format is written from then on, when no older program has been heard of for two minutes.
"""

import secrets
from collections import Counter
from collections.abc import Iterable
from typing import NamedTuple

from orchestrator.episode import formats
from orchestrator.errors import Conflict
from orchestrator.service.desk import Desk
from orchestrator.service.people.recording import Author, note
from orchestrator.service.ports import Change
from orchestrator.service.rows import ProcessRow

SECONDS = 30.0
"""How often a process says that it runs."""


class Program(NamedTuple):
    """What this process runs. revision: the schema that it was made for."""

    version: str
    revision: str


class OlderRuns(Conflict):
    """A process runs that could not read what would be written."""

    code = "older-runs"


class Presence:
    """Says that this process runs, and knows which others do."""

    def __init__(self, desk: Desk, program: Program) -> None:
        self._desk, self._program, self._id = desk, program, secrets.token_hex(16)

    def note(self, role: str) -> None:
        """Say that this process runs, and write in the store's format from now on. Raises NewerFormat."""

        def work(change: Change) -> int:
            version, revision = self._program
            row = ProcessRow(self._id, role, version, revision, formats.OWN, change.times().wall)
            change.note_process(row)
            return change.format()

        self._desk.write_in(self._desk.transact(work))

    def leave(self) -> None:
        """Say that this process ends."""
        self._desk.transact(lambda change: change.forget_process(self._id))

    def running(self) -> list[ProcessRow]:
        """Return the processes that have said so within the last two minutes, by role."""
        with self._desk.store.read() as reader:
            return reader.processes()

    def older(self, rows: Iterable[ProcessRow]) -> list[ProcessRow]:
        """Return those whose program is older than this one."""
        return [row for row in rows if (row.revision, row.format) < (self._program.revision, formats.OWN)]

    def unfinished(self) -> bool:
        """Tell whether the store is still written in an older format than this program's own."""
        with self._desk.store.read() as reader:
            return reader.format() < formats.OWN

    def finish(self, by: Author) -> int:
        """Have everything written in this program's own format from now on; return its number.

        Who finished the upgrade stands in the record of accounts; nothing does where it is finished already.
        Raises OlderRuns, and NewerFormat where another program has gone further.
        """
        return self._desk.transact(lambda change: self._finish(change, by))

    def _finish(self, change: Change, by: Author) -> int:
        before = change.format()
        formats.check(before)
        unable = [row for row in change.processes() if row.format < formats.OWN]
        if unable:
            raise OlderRuns(
                f"programs run that do not read format {formats.OWN}: {named(unable)}; replace them first; one that was"
                " killed is forgotten after two minutes"
            )
        if before < formats.OWN:
            change.set_format(formats.OWN)
            told = {"format": formats.OWN}
            note(change, self._desk.keyring.look_mac, by, "upgrade-finished", about="", detail=told)
        return formats.OWN


def named(rows: Iterable[ProcessRow]) -> str:
    """Return processes in words, such as '2 worker (0.1.0)'."""
    counted = Counter(f"{row.role} ({row.program})" for row in rows)
    return ", ".join(f"{count} {name}" for name, count in sorted(counted.items()))
