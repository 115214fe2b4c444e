"""Which part of a story does it need? Whatever can be left out while the promise is still broken is left out."""

from collections.abc import Iterator
from dataclasses import replace

from orchestrator.episode.commands import Command, Confirm, Record
from orchestrator.service.scenario.stagehand import Line, Point, Stagehand
from orchestrator.service.scenario.story import DEFAULT_ROLE

MOST = 4_000
"""Entries that are played before a story is left as long as it is."""

Lines = tuple[Line, ...]


def shorten(hand: Stagehand, point: Point) -> Point:
    """Return a story that breaks the promise, and of which nothing more can be left out."""
    best, most, again = point, hand.played + MOST, True
    while again and hand.played < most:
        again = False
        for lines in _shorter(best.lines):
            played = hand.replay(lines)
            if played is not None and played.broken and _size(played.lines) < _size(best.lines):
                best, again = played, True
                break
    return best


def _size(lines: Lines) -> tuple[int, int]:
    """Return how long a story is: its lines, then all that they say."""
    return len(lines), sum(_said(each) for each in lines)


def _said(line: Line) -> int:
    command = line.command
    if command is None:
        return 0
    named = len(command.facts) if isinstance(command, Record) else 0
    named += len(command.regimens) + len(command.parameters) if isinstance(command, Confirm) else 0
    return named + len(command.override) + (command.reason is not None) + (line.role != DEFAULT_ROLE)


def _shorter(lines: Lines) -> Iterator[Lines]:
    """Yield the story without one thing, the largest things first."""
    for place in range(len(lines)):
        yield lines[:place] + lines[place + 1 :]
    for place, line in enumerate(lines[:-1]):
        if (both := _together(line, lines[place + 1])) is not None:
            yield (*lines[:place], both, *lines[place + 2 :])
    for place, line in enumerate(lines):
        for less in _less(line):
            yield (*lines[:place], less, *lines[place + 1 :])


def _together(line: Line, other: Line) -> Line | None:
    """Return two lines that record at the same time as one."""
    one, two = line.command, other.command
    if line.at != other.at or not isinstance(one, Record) or not isinstance(two, Record):
        return None
    return line._replace(command=replace(one, facts={**one.facts, **two.facts}))


def _less(line: Line) -> Iterator[Line]:
    command = line.command
    if command is None:
        return
    if isinstance(command, Record) and len(command.facts) > 1:
        for name in command.facts:
            less = {each: value for each, value in command.facts.items() if each != name}
            yield line._replace(command=replace(command, facts=less))
    if isinstance(command, Confirm):
        yield from (line._replace(command=each) for each in _less_confirmed(command))
    if command.override:
        yield Line(line.at, replace(command, override=()))
    if command.reason is not None:
        yield line._replace(command=replace(command, reason=None))
    if line.role != DEFAULT_ROLE:
        yield line._replace(role=DEFAULT_ROLE)


def _less_confirmed(command: Confirm) -> Iterator[Command]:
    for name in command.regimens if len(command.regimens) > 1 else ():
        yield replace(command, regimens=tuple(each for each in command.regimens if each != name))
    for name in command.parameters:
        less = {each: value for each, value in command.parameters.items() if each != name}
        yield replace(command, parameters=less)
