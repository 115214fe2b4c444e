"""What if the file of channels cannot be read? All goes on but what leaves the house, which waits until it can be."""

import logging
from collections.abc import Callable

from orchestrator.errors import PathwayError
from orchestrator.notify.reading import NOWHERE, UNREADABLE, Outside

_log = logging.getLogger(__name__)
SECONDS = 2.0
"""How often a file that was faulty is read again."""


class ChannelsFile:
    """The file of channels of one process. read: returns what it says; raises PathwayErrors.

    fault: what is wrong with it, on several lines perhaps; empty once it was read. It is not read again after that.
    """

    def __init__(self, read: Callable[[], Outside | None]) -> None:
        self._read, self.fault = read, ""
        self.lead: Callable[[Outside], object] = lambda _: None  # said by whoever puts the system together
        self.hurry: Callable[[], object] = lambda: None
        self._hurried = False

    def begin(self) -> Outside:
        """Return what the file says; where it is faulty, that everything is to wait."""
        try:
            return self._read() or NOWHERE
        except PathwayError as error:
            self.fault = str(error)
            return UNREADABLE

    def look(self) -> None:
        """Read again what was faulty; once it is mended, what waited leaves, since a process before this one too.

        Raises PathwayErrors and StoreError.
        """
        if not self.fault:
            if not self._hurried:
                self.hurry()
                self._hurried = True
            return
        try:
            outside = self._read() or NOWHERE
        except PathwayError as error:
            self.fault = str(error)
            raise
        self.lead(outside)
        self.fault = ""
        _log.warning("the file of channels can be read again: what waited leaves", extra={"event": "channels-mended"})
