"""What is wrong with pathway files? Noted element by element, so that reading goes on and all is told at once."""

import re
from collections.abc import Callable
from types import TracebackType
from typing import TypeVar, cast

from orchestrator.errors import PathwayError, PathwayErrors

T = TypeVar("T")
_UNKNOWN = re.compile(r"unknown ([^']*) '([^']*)'|'([^']*)' is not an? ([a-z]+)")


class Faults:
    """Notes each fault and lets reading go on; with ``strict`` the first one ends it.

    found: what was noted.   sections: in which of a file's tables.   names: of the elements that could not be read.
    """

    def __init__(self, *, strict: bool = False) -> None:
        self.strict = strict
        self.found: list[PathwayError] = []
        self.sections: set[str] = set()
        self.names: set[str] = set()

    def noting(self, section: str, name: str = "") -> "Noting":
        """Note what is wrong with an element, and go on after it; name: by which others speak of it."""
        return Noting(self, section, name)

    def note(self, error: PathwayError, section: str, name: str = "") -> None:
        """Note one fault or several, but those that only follow from what was noted before."""
        self.found += [each for each in error.faults if not self._follows(each)]
        self.sections.add(section)
        self.names |= {name} - {""}

    def _follows(self, fault: PathwayError) -> bool:
        """Return whether a name is unknown only because its own element is faulty."""
        match = _UNKNOWN.match(fault.what)
        if match is None:
            return False
        kind, name = match[1] or match[4], match[2] or match[3]
        return name in self.names or (kind == "stage" and "states" in self.sections)

    def tell(self) -> None:
        """Raise PathwayErrors when anything was noted."""
        if self.found:
            raise PathwayErrors(self.found)


class Noting:
    """The reading of one element."""

    def __init__(self, faults: Faults, section: str, name: str) -> None:
        self.faults, self.section, self.name = faults, section, name

    def __enter__(self) -> None:
        """Begin to read."""

    def __exit__(self, _: type[BaseException] | None, error: BaseException | None, __: TracebackType | None) -> bool:
        """Note the element's fault, if there is one."""
        if self.faults.strict or not isinstance(error, PathwayError):
            return False
        self.faults.note(error, self.section, self.name)
        return True


class Parts:
    """Reads one element part by part, so that all its faults are told at once and not the first alone."""

    def __init__(self) -> None:
        self._found: list[PathwayError] = []

    def read(self, part: Callable[[], T]) -> T:
        """Return what a part reads; where it is faulty nothing, of which `tell` lets nobody make anything."""
        try:
            return part()
        except PathwayError as error:
            self._found.append(error)
            return cast(T, None)

    def tell(self) -> None:
        """Raise PathwayErrors when any part was faulty; said before anything is made of what was read."""
        if self._found:
            raise PathwayErrors(self._found)


STRICT = Faults(strict=True)
"""For readers that end at the first fault."""
