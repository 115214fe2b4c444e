"""Goal: a process that the machine has no room for ends none of those that run, and is tried again ever more seldom."""

import errno
import os
import subprocess
from typing import NoReturn

import pytest

from orchestrator import config
from orchestrator.cli import children
from orchestrator.cli.children import Child


def refused(*_: object, **__: object) -> NoReturn:
    raise OSError(errno.EAGAIN, os.strerror(errno.EAGAIN))


def test_a_process_that_cannot_be_started_is_tried_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(subprocess, "Popen", refused)
    seconds, said, settings = 1000.0, list[str](), config.read({})
    monkeypatch.setattr(children, "monotonic", lambda: seconds)
    child = Child("clock", said.append)
    child.start(settings)
    for seconds in (1000.9, 1001.0, 1002.9, 1003.0):  # noqa: B007  the clock reads it
        child.look_after(settings)
    assert (child.process, child.failures) == (None, 3)
    why = os.strerror(errno.EAGAIN)
    assert said == [f"clock cannot be started: {why}; it is started again in {each} s" for each in (1, 2, 4)]
