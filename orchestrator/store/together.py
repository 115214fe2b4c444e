"""How do several use cases become one transaction? What one of them begins within another's is part of that one."""

import threading
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Generic, TypeVar

from orchestrator.store.rare import RareWrites

Writes = TypeVar("Writes", bound=RareWrites)


class Together(ABC, Generic[Writes]):
    """What both stores have in common. A transaction belongs to the thread that opened it."""

    def __init__(self) -> None:
        self._own = threading.local()

    @abstractmethod
    def change(self) -> AbstractContextManager[Writes]:
        """Return a write transaction, or the one that this thread holds already."""

    @contextmanager
    def together(self) -> Iterator[Writes]:
        """Give a write transaction that all others of this thread are part of, until it ends.

        None stands within another. An error of the database undoes all of it: nobody in it may catch one and go on.
        """
        assert self._held() is None
        after: list[Callable[[], object]] = []
        with self.change() as change:
            self._own.change, self._own.after = change, after
            try:
                yield change
            finally:
                self._own.change = None
        for work in after:
            work()

    def afterwards(self, work: Callable[[], object]) -> None:
        """Do some work when what this thread changes is committed; at once where it holds no transaction."""
        if self._held() is None:
            work()
        else:
            self._own.after.append(work)

    def _held(self) -> Writes | None:
        found: Writes | None = getattr(self._own, "change", None)
        return found
