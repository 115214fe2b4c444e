"""What was asked and answered, and what was broken from when to when? One line of JSON each, written at once."""

import json
import threading
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class Asked:
    """A command as it was asked, again and again with one key, and what came of it in the end.

    status: of the last answer, None where none came.   seq, code: as answered; seq 0: of no entry.
    """

    actor: str
    kind: str
    episode_id: str
    key: str
    tries: int
    status: int | None
    seq: int
    code: str
    begun: float
    ended: float

    @property
    def recorded(self) -> bool:
        """Tell whether the answer says that there is an entry: it was done, or refused on the record."""
        return self.status is not None and self.seq > 0


@dataclass(frozen=True)
class Outage:
    """Something that was broken from one wall time to another. excuses: what is due cannot fire meanwhile."""

    what: str
    begun: float
    ended: float
    excuses: bool


class History:
    """Collects what happens, from any thread, in memory and in a file."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._file = path.open("a", encoding="utf-8", buffering=1)
        self._lock = threading.Lock()
        self.asked: list[Asked] = []
        self.outages: list[Outage] = []

    def add(self, what: Asked | Outage) -> None:
        """Keep what happened."""
        with self._lock:
            if isinstance(what, Asked):
                self.asked.append(what)
            else:
                self.outages.append(what)
        self.note(type(what).__name__.lower(), **asdict(what))

    def note(self, event: str, **more: Any) -> None:  # noqa: ANN401  whatever tells of it
        """Write a line for people to read afterwards."""
        line = json.dumps({"at": round(time.time(), 3), "event": event, **more})
        with self._lock:
            if not self._file.closed:
                self._file.write(f"{line}\n")

    def close(self) -> None:
        """Close the file."""
        with self._lock:
            self._file.close()
