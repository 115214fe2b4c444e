"""Which comes first, a story against a promise or a proof of it? Two processes side by side; the first answer counts.

The search answers soon where there is a story, the proof where there is none, and each may run on for ever where it
is the other's turn: it is ended as soon as the other has answered. A process that ends by itself has found nothing.
The proof goes first: most are over before the search would be asked.
"""

import multiprocessing
import os
import signal
import sys
import threading
import time
import traceback
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from multiprocessing import resource_tracker
from multiprocessing.connection import Connection, wait
from multiprocessing.context import SpawnProcess
from typing import Any

from orchestrator.pathway.model import Pathway, Property
from orchestrator.service.proving.found import BROKEN, UNKNOWN, Beat, Finding, from_json

SEARCH, PROOF = "search", "proof"
DEPTH = 60
"""Steps of the longest story that is looked for: more than any known story has; the time ends the search before."""
STRANGE = 24
"""Stories that the engine does not allow after which none is looked for any more, on however slow a machine."""
_HEAD_START = 1.0
"""Seconds for which the proof is alone: most promises are proved in less, and the search would only take its time."""
_GRACE = 5.0
"""Seconds beyond its time in which a solver may still come to its end."""


class Runner:
    """One process that takes questions one after the other."""

    def __init__(self, what: str) -> None:
        self.what = what
        self.asked = 0.0
        """When the open question was asked, monotonic; 0 while there is none."""
        context = multiprocessing.get_context("spawn")
        self.ours, theirs = context.Pipe()
        self.process: SpawnProcess = context.Process(target=_serve, args=(what, theirs), daemon=True)
        resource_tracker.ensure_running()  # it would let interrupts through in the middle of what follows
        with _interrupts_held_back():
            self.process.start()
        theirs.close()

    def ask(self, question: dict[str, Any]) -> None:
        """Put a question to it."""
        self.asked = time.monotonic()
        self.ours.send(question)

    def end(self) -> None:
        """End it at once, whatever it does."""
        self.process.kill()
        self.process.join()
        self.ours.close()


class Race:
    """Two processes for as many promises as there are; leave it with `with`, and neither is left behind."""

    def __init__(self) -> None:
        self._runners: dict[str, Runner] = {}

    def __enter__(self) -> "Race":
        return self

    def __exit__(self, *_: object) -> None:
        for what in tuple(self._runners):
            self._end(what)

    def settle(self, pathway: Pathway, promise: str, seconds: float) -> Finding:
        """Return what the first of both has found, or that neither has within ``seconds``."""
        question = {"text": pathway.text, "hash": pathway.hash, "promise": promise, "seconds": seconds}
        found: dict[str, Finding] = {}
        asked: list[str] = []
        began = time.monotonic()
        end = began + seconds + _GRACE
        for what, until in ((PROOF, min(began + _HEAD_START, end)), (SEARCH, end)):
            asked.append(what)
            self._ask(what, question)
            while len(found) < len(asked) and (left := until - time.monotonic()) > 0:
                found |= self._heard(promise, left, asked, tuple(found))
                settled = next((each for each in found.values() if each.settled), None)
                if settled is not None:
                    self._end_all_but(found, asked)
                    return settled
        self._end_all_but(found, asked)
        said = [f"{what}: {each.how}" for what, each in sorted(found.items())]
        why = "; ".join(said) or f"neither search nor proof came to an end within {seconds:g} s"
        return Finding(promise, UNKNOWN, why, max((each.seconds for each in found.values()), default=seconds))

    def _ask(self, what: str, question: dict[str, Any]) -> None:
        if what not in self._runners:
            self._runners[what] = Runner(what)
        with _ignoring_a_broken_pipe():
            self._runners[what].ask(question)

    def _heard(self, promise: str, left: float, asked: Sequence[str], heard: tuple[str, ...]) -> dict[str, Finding]:
        """Wait for answers of those that were asked and have not answered yet."""
        open_ = {what: each for what, each in self._runners.items() if what in asked and what not in heard}
        ready = wait([each.ours for each in open_.values()], timeout=left)
        return {what: self._answer(promise, each) for what, each in open_.items() if each.ours in ready}

    def _answer(self, promise: str, runner: Runner) -> Finding:
        try:
            return from_json(runner.ours.recv())
        except (EOFError, OSError):
            self._end(runner.what)
            spent = time.monotonic() - runner.asked
            return Finding(promise, UNKNOWN, "its process ended without an answer", spent)

    def _end_all_but(self, answered: dict[str, Finding], asked: Sequence[str]) -> None:
        """End those that are still at it; one that was not asked waits for the next question."""
        for what in [each for each in self._runners if each in asked and each not in answered]:
            self._end(what)

    def _end(self, what: str) -> None:
        runner = self._runners.pop(what, None)
        if runner is not None:
            runner.end()


@contextmanager
def _ignoring_a_broken_pipe() -> Iterator[None]:
    """A process that is gone is found to be so when its answer is waited for."""
    try:
        yield
    except (BrokenPipeError, ConnectionError):
        return


@contextmanager
def _interrupts_held_back() -> Iterator[None]:
    """A process that is started now takes no Ctrl-C, for whoever started it ends it; one that comes now comes later."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


# in the process


def _serve(what: str, pipe: Connection) -> None:
    """Answer questions until nobody asks any more."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_end_with_parent, daemon=True).start()
    pathway: Pathway | None = None
    while True:
        try:
            question = pipe.recv()
        except EOFError:
            return
        from orchestrator.pathway.loader import load_text  # noqa: PLC0415  while whoever asks goes on

        if pathway is None or pathway.hash != question["hash"]:
            pathway = load_text(question["text"])
        pipe.send(_found(what, pathway, question["promise"], question["seconds"]).to_json())


def _found(what: str, pathway: Pathway, name: str, seconds: float) -> Finding:
    promise = next(each for each in pathway.properties if each.name == name)
    began = time.monotonic()
    try:
        return _LOOKING[what](pathway, promise, seconds)
    except Exception as error:  # noqa: BLE001  whatever fails here proves nothing, and the other goes on
        if os.environ.get("CAREPATH_DEBUG"):
            traceback.print_exc(file=sys.stderr)
        why = f"it failed with {type(error).__name__}: {error}"
        return Finding(name, UNKNOWN, why, time.monotonic() - began)


def _proved(pathway: Pathway, promise: Property, seconds: float) -> Finding:
    from orchestrator.pathway.proof.solve import prove  # noqa: PLC0415  half a second, in this process alone

    made = prove(pathway, promise, seconds, time.monotonic)
    return Finding(made.property, made.status, made.how, made.seconds, made.facts)


def _searched(pathway: Pathway, promise: Property, seconds: float) -> Finding:
    """Look for a story that the engine allows too; where there is none, the first one that the solver told."""
    from orchestrator.pathway.proof.hunt import Hunt  # noqa: PLC0415  half a second, in this process alone
    from orchestrator.service.proving.showing import story  # noqa: PLC0415

    began = time.monotonic()
    hunt = Hunt(pathway, promise, time.monotonic)
    first: Finding | None = None
    for told, trace in enumerate(hunt.stories(DEPTH, seconds), start=1):
        spent = time.monotonic() - began
        beats = tuple(Beat(each.option, each.chosen, each.true) for each in trace)
        found = Finding(promise.name, BROKEN, f"a story of {len(trace)} steps", spent, hunt.facts, beats)
        if story(pathway, promise, trace) is not None:
            return found
        first = first or found
        if told == STRANGE:
            break
    return first or Finding(promise.name, UNKNOWN, f"no story of up to {hunt.steps} steps", time.monotonic() - began)


_LOOKING = {PROOF: _proved, SEARCH: _searched}


def _end_with_parent() -> None:
    """End when whoever asks is gone, even in the middle of a question that takes long."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        wait([parent.sentinel])
        os._exit(0)
