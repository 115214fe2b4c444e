"""What does a log line hold? A moment in UTC, a level, the process, and our own words; never a value of a patient.

Words come from our own code alone, which names codes and opaque ids. Of an error there is the kind and where it was
raised: its text might hold a parameter or a value. Of what a library says there is where it said it; what those say
that see the broker alone is kept, for there is no patient in the broker.
"""

import json
import logging
import os
import sys
import time
import traceback
import warnings
from datetime import UTC, datetime
from typing import TextIO

from orchestrator.bootstrap import Simulation
from orchestrator.errors import CarepathError

_log = logging.getLogger(__name__)
_OURS = ("orchestrator", "workers", "carepath")
_TOLD = ("celery.worker.consumer", "kombu")
_FRAMES = 8


def mark(simulation: Simulation | None) -> str:
    """Return what every line begins with that tells of a simulated store; nothing for a real one."""
    return "" if simulation is None else f"[simulated, {simulation.factor} times as fast] "


def begin(process: str, simulation: Simulation | None, *, as_json: bool) -> None:
    """Log to standard error from now on: warnings and worse, and what our own processes say of themselves."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JsonLines(process, simulation) if as_json else TextLines(process, simulation))
    logging.basicConfig(level=logging.WARNING, handlers=[handler], force=True)
    logging.getLogger("orchestrator.cli").setLevel(logging.INFO)
    warnings.showwarning = _warned
    with open(os.devnull, "w") as nowhere:  # what a library prints for people would stand between the lines
        os.dup2(nowhere.fileno(), sys.stdout.fileno())


def _warned(  # noqa: PLR0917  as the standard library calls it
    message: Warning | str,
    category: type[Warning],
    filename: str,
    lineno: int,
    file: TextIO | None = None,
    line: str | None = None,
) -> None:
    _log.warning("%s at %s:%d", category.__name__, filename, lineno, extra={"event": "warning"})


def words(record: logging.LogRecord) -> str:
    """Return what may be told of a record."""
    if _under(record.name, _OURS + _TOLD):
        return " ".join(record.getMessage().split())
    return f"{record.name} said something at {record.filename}:{record.lineno}"


def fault(record: logging.LogRecord) -> tuple[str, list[str]] | None:
    """Return of a record's error its kind and the last places that it passed, without its text; None for no error."""
    if not record.exc_info or record.exc_info[0] is None:
        return None
    kind, error, trace = record.exc_info
    said = f"{kind.__name__}: {error}" if isinstance(error, CarepathError) else kind.__name__  # ours name no value
    places = [f"{frame.filename}:{frame.lineno} in {frame.name}" for frame in traceback.extract_tb(trace)[-_FRAMES:]]
    return said, places


def _under(name: str, above: tuple[str, ...]) -> bool:
    return any(name == each or name.startswith(f"{each}.") for each in above)


class TextLines(logging.Formatter):
    """One line for people."""

    def __init__(self, process: str, simulation: Simulation | None) -> None:
        super().__init__(datefmt="%Y-%m-%dT%H:%M:%S")
        self.converter = time.gmtime
        self._process, self._mark = process, mark(simulation)

    def format(self, record: logging.LogRecord) -> str:
        line = (
            f"{self._mark}{self.formatTime(record, self.datefmt)}Z {self._process} {record.levelname} {words(record)}"
        )
        if (failed := fault(record)) is not None:
            line += f": {failed[0]} at {' < '.join(reversed(failed[1]))}"
        return line


class JsonLines(logging.Formatter):
    """One JSON object. Its fields are these and no other: whatever else a record carries is left out."""

    def __init__(self, process: str, simulation: Simulation | None) -> None:
        super().__init__()
        self._process, self._simulated = process, simulation is not None

    def format(self, record: logging.LogRecord) -> str:
        at = datetime.fromtimestamp(record.created, UTC)
        said: dict[str, object] = {
            "time": at.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
            "level": record.levelname.lower(),
            "process": self._process,
            "pid": record.process,
            "event": getattr(record, "event", record.name),
            "text": words(record),
            "simulated": self._simulated,
        }
        if (failed := fault(record)) is not None:
            said["error"], said["at"] = failed
        return json.dumps(said)
