"""How is a pathway drawn? Plain geometry: stages as columns from left to right, states as boxes, moves as routed edges.

Pure and deterministic: the same pathway gives the same numbers, whoever draws them. A transition that passes through a
stage is drawn as the two moves that it makes.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from orchestrator.pathway.geometry import (
    BOX_WIDTH,
    LABEL_LEADING,
    TITLE_LEADING,
    TITLE_SIZE,
    Box,
    Column,
    Edge,
    Picture,
    Way,
)
from orchestrator.pathway.kinds import CLOSED_STAGE
from orchestrator.pathway.lettering import gap_width, wrap
from orchestrator.pathway.model import Pathway, State, Transition
from orchestrator.pathway.routing import Routing

MARGIN = 12
HEAD_HEIGHT = 26
"""Room of the stages' names above everything."""
FOOT = 20
"""Room below a box's title for the numbers of the visits."""
TITLE_LINES = 6
"""A longer title is cut."""
STACK = 10
"""Between two boxes of one column."""
NARROW_GAP = 30
"""Between two columns without a labelled move."""


def lay_out(pathway: Pathway, extra: Iterable[tuple[str, str]] = (), *, numbered: bool = False) -> Picture:
    """Return the pathway's picture.

    extra: moves (from, to) to draw too that no transition makes, such as a closing; numbered: write the numbers of the
    transitions, from 1 in the pathway's order, beside the edges instead of names.
    """
    moves = _moves(pathway, extra, numbered=numbered)
    columns = _columns(pathway, moves)
    boxes = _boxes(pathway, columns)
    edges = Routing(boxes, moves).edges()
    xs = [x for edge in edges for x, _ in edge.points]
    ys = [y for edge in edges for _, y in edge.points] + [line.y for edge in edges for line in edge.labels]
    top = min([box.y for box in boxes.values()] + [y - LABEL_LEADING for y in ys]) - HEAD_HEIGHT - MARGIN
    width = max([box.right for box in boxes.values()] + xs) + MARGIN
    height = max([box.bottom for box in boxes.values()] + [y + 4 for y in ys]) + MARGIN - top
    return Picture(
        pathway.name, pathway.title, width, height, columns,
        tuple(replace(box, y=box.y - top) for box in boxes.values()), tuple(_lower_edge(edge, -top) for edge in edges),
    )  # fmt: skip


def _lower_edge(edge: Edge, by: int) -> Edge:
    points = tuple((x, y + by) for x, y in edge.points)
    labels = tuple(replace(line, y=line.y + by) for line in edge.labels)
    return replace(edge, points=points, labels=labels, badge=(edge.badge[0], edge.badge[1] + by))


# the moves


def _moves(
    pathway: Pathway, extra: Iterable[tuple[str, str]], *, numbered: bool
) -> dict[tuple[str, str], tuple[Way, ...]]:
    """Return what takes each pair of states, in the pathway's order: those that end there before those that pass."""
    found: dict[tuple[str, str], list[Way]] = {}
    for number, transition in enumerate(pathway.transitions, start=1):
        for stage in (each for each in pathway.stages if each in transition.origins):
            for pair, way in _legs(pathway, transition, stage, number if numbered else 0):
                ways = found.setdefault(pair, [])
                ways += [] if way in ways else [way]  # from two stages it may pass through the same third
    for pair in extra:
        found.setdefault(pair, [])
    return {pair: tuple(sorted(ways, key=lambda way: way.passing)) for pair, ways in found.items()}


def _legs(pathway: Pathway, transition: Transition, stage: str, number: int) -> Iterable[tuple[tuple[str, str], Way]]:
    origin, target = pathway.state_of(stage), pathway.state_of(transition.target)
    icon = {"due": "timer", "confirmation": "person"}.get(transition.on, "guard")
    words = transition.guard.when.words
    if transition.guard.unless is not None:
        words += f", unless {transition.guard.unless.words}"
    if transition.through in {None, stage, transition.target}:
        yield (origin, target), Way(transition.name, icon, words, number=number)
        return
    between = pathway.state_of(str(transition.through))
    yield (origin, between), Way(transition.name, icon, words, passing=True, number=number)
    yield (between, target), Way(transition.name, icon, words, number=number)


# columns and boxes


def _columns(pathway: Pathway, moves: Mapping[tuple[str, str], tuple[Way, ...]]) -> tuple[Column, ...]:
    stages = [name for name in pathway.stages if any(state.stage == name for state in pathway.states.values())]
    place = {state.name: stages.index(state.stage) for state in pathway.states.values()}
    gaps = {
        place[origin]: gap_width(ways)
        for (origin, target), ways in moves.items()
        if ways and place[target] == place[origin] + 1
    }
    made, x = [], MARGIN
    for index, stage in enumerate(stages):
        made.append(Column(stage, stage.replace("-", " "), x, BOX_WIDTH))
        x += BOX_WIDTH + gaps.get(index, NARROW_GAP)
    return tuple(made)


def _boxes(pathway: Pathway, columns: Sequence[Column]) -> dict[str, Box]:
    """Return the boxes, every column centred on y = 0."""
    stacks = [[state for state in pathway.states.values() if state.stage == column.stage] for column in columns]
    lines = {state.name: _title(state) for stack in stacks for state in stack}
    tallest = max(len(lines[stack[0].name]) for stack in stacks if len(stack) == 1)
    boxes: dict[str, Box] = {}
    for index, (column, stack) in enumerate(zip(columns, stacks, strict=True)):
        heights = [_height(tallest if len(stack) == 1 else len(lines[state.name]), len(stack) > 1) for state in stack]
        y = -(sum(heights) + STACK * (len(stack) - 1)) // 2
        for state, height in zip(stack, heights, strict=True):
            boxes[state.name] = Box(
                state.name, state.stage, state.title, lines[state.name], index, column.x, y, column.width, height
            )
            y += height + STACK
    return boxes


def _title(state: State) -> tuple[str, ...]:
    title = state.title
    if state.stage == CLOSED_STAGE:  # the column says already that it is closed
        title = title.partition(": ")[2] or title
    return wrap(title[:1].upper() + title[1:], BOX_WIDTH - 14, TITLE_SIZE, lines=TITLE_LINES)


def _height(lines: int, stacked: bool) -> int:
    return lines * TITLE_LEADING + (12 if stacked else 14 + FOOT)
