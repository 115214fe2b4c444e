"""Was this found out before? A small file for each promise, named by all that the answer depends upon.

That is the effective pathway, the promise, the code that reads, proves and plays pathways, and the solver. Only what
was settled is kept. A file that is damaged, or is about something else, is as if it were not there; a folder that
cannot be written keeps nothing.
"""

import functools
import hashlib
import importlib.metadata
import os
import secrets
from contextlib import suppress
from pathlib import Path
from typing import Any

import orjson

import orchestrator
from orchestrator.pathway.model import Pathway
from orchestrator.service.proving.found import Finding, from_json

SOLVER = "z3-solver"
_FORMAT = 1
_CODE = ("pathway", "episode", "service")
_LARGEST = 1_000_000


class Kept:
    """What is kept in one folder. folder: None keeps nothing and finds nothing."""

    def __init__(self, folder: Path | None) -> None:
        self.folder = folder

    def find(self, pathway: Pathway, promise: str, more: str = "") -> Finding | None:
        """Return what was found out about a promise of this very pathway, or None. more: what else it rests on."""
        if self.folder is None:
            return None
        key = _key(pathway, promise, more)
        with suppress(OSError, ValueError, KeyError, TypeError):
            data = (self.folder / f"{key}.json").read_bytes()
            held = orjson.loads(data) if len(data) <= _LARGEST else {}
            if held["key"] == key and held["seal"] == _seal(key, held["finding"]):
                found = from_json(held["finding"], kept=True)
                return found if found.settled and found.promise == promise else None
        return None

    def keep(self, pathway: Pathway, finding: Finding, more: str = "") -> None:
        """Keep what was settled, for the next time."""
        if self.folder is None or not finding.settled:
            return
        key, told = _key(pathway, finding.promise, more), finding.to_json()
        content = orjson.dumps({"key": key, "seal": _seal(key, told), "finding": told})
        file = self.folder / f"{key}.json"
        unfinished = file.with_suffix(f".{os.getpid()}.{secrets.token_hex(4)}")
        with suppress(OSError):
            self.folder.mkdir(parents=True, exist_ok=True)
            unfinished.write_bytes(content)
            unfinished.replace(file)


def _key(pathway: Pathway, promise: str, more: str) -> str:
    parts = [_FORMAT, pathway.hash, promise, more, code(), importlib.metadata.version(SOLVER)]
    return hashlib.sha256(orjson.dumps(parts)).hexdigest()


def _seal(key: str, told: dict[str, Any]) -> str:
    return hashlib.sha256(key.encode() + orjson.dumps(told, option=orjson.OPT_SORT_KEYS)).hexdigest()


@functools.cache
def code() -> str:
    """Return the hash (sha256, hex) of the code that reads pathways, proves of them, and plays stories."""
    root = Path(orchestrator.__file__).parent
    found = hashlib.sha256()
    for path in sorted(each for folder in _CODE for each in (root / folder).rglob("*.py")):
        content = path.read_bytes()
        found.update(f"{path.relative_to(root).as_posix()} {len(content)}\n".encode() + content)
    return found.hexdigest()
