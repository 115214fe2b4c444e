"""Can the store be used? Asked once a second at most, however many ask: whoever watches may be anybody, and to find out
takes the right to write. A store that does not answer is no longer ready long before it is given up.
"""

import threading
from collections.abc import Callable
from time import monotonic

from orchestrator.errors import StoreError

KEPT_SECONDS = 1.0
ANSWERS_WITHIN_SECONDS = 2.0
"""Whoever watches waits no longer than a few seconds himself."""


class _Question:
    """One check on a thread of its own. done is set when it was answered; fault: what it raised."""

    def __init__(self, check: Callable[[], None]) -> None:
        self._check, self.done = check, threading.Event()
        self.fault: Exception | None = None
        threading.Thread(target=self._ask, name="readiness", daemon=True).start()

    def _ask(self) -> None:
        try:
            self._check()
        except Exception as error:  # raised where it is asked for
            self.fault = error
        self.done.set()


class Readiness:
    """Remembers for a second what became of a check. elapsed: seconds that pass evenly.

    answers_within: seconds that a check may take; one that takes longer is waited for by whoever asks next.
    """

    def __init__(
        self,
        check: Callable[[], None],
        elapsed: Callable[[], float] = monotonic,
        answers_within: float = ANSWERS_WITHIN_SECONDS,
    ) -> None:
        self._check, self._elapsed, self._answers_within = check, elapsed, answers_within
        self._lock = threading.Lock()
        self._at = float("-inf")
        self._fault: Exception | None = None
        self._question: _Question | None = None

    def __call__(self) -> None:
        """Raise what the check raises: a CarepathError; StoreError where it does not come to an end."""
        with self._lock:  # whoever comes meanwhile gets what the first one finds
            if self._elapsed() - self._at >= KEPT_SECONDS:
                self._fault = self._asked()
                self._at = self._elapsed()
            fault = self._fault
        if fault is not None:
            raise fault.with_traceback(None)

    def _asked(self) -> Exception | None:
        question = self._question = self._question or _Question(self._check)
        if not question.done.wait(self._answers_within):
            return StoreError("the store does not answer")
        self._question = None
        return question.fault
