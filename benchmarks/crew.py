"""Which processes work in the benchmarks? Those of production: a clock and prefork workers on a broker of their own."""

import os
import pickle
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from pathlib import Path

from orchestrator.cli import valkey
from orchestrator.config import Settings

_PROGRAM = """
import pickle, sys
from orchestrator.cli import serve
settings = pickle.load(sys.stdin.buffer)
sys.exit(serve.{call})
"""
_STOP_SECONDS = 30


@contextmanager
def at_work(settings: Settings, *, clocks: int = 1, workers: int = 2) -> Iterator[list[int]]:
    """Start a broker, clocks and one prefork worker of so many processes; give the ids of all of them; end them."""
    with tempfile.TemporaryDirectory() as folder, ExitStack() as ending:
        broker = valkey.start(Path(folder))
        ending.callback(broker.stop)
        settings = replace(settings, broker_url=broker.url)
        made = [_start(settings, f"worker(settings, processes={workers})")]
        made += [_start(settings, "clock(settings)") for _ in range(clocks)]
        for process in made:
            ending.callback(end, process)
        yield [process.pid for process in made]


def _start(settings: Settings, call: str) -> "subprocess.Popen[bytes]":
    process = subprocess.Popen(
        [sys.executable, "-c", _PROGRAM.format(call=call)],
        stdin=subprocess.PIPE,
        preexec_fn=valkey.dies_with_parent(signal.SIGKILL),  # noqa: PLW1509 - one system call, no lock
    )
    assert process.stdin is not None
    with process.stdin as pipe:
        pickle.dump(settings, pipe)
    return process


def end(process: "subprocess.Popen[bytes]") -> None:
    """Ask a process to end, and kill it where it does not."""
    process.terminate()
    try:
        process.wait(_STOP_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def memory(pid: int) -> int:
    """Return the most memory that any process below `pid`, or itself, has held by itself, in bytes."""
    return max(_peak(each) for each in (pid, *_children(pid)))


def _children(pid: int) -> list[int]:
    found = Path(f"/proc/{pid}/task/{pid}/children")
    return [int(each) for each in found.read_text().split()] if found.exists() else []


def _peak(pid: int) -> int:
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmHWM"):
            return int(line.split()[1]) * 1024
    return 0


def processors() -> int:
    """Return how many processors there are."""
    return os.cpu_count() or 1
