"""What is a picture made of? Boxes, edges and lettering in whole units; x grows to the right, y downwards."""

from dataclasses import dataclass

BOX_WIDTH = 120
TITLE_SIZE = 12
TITLE_LEADING = 15
LABEL_SIZE = 10
LABEL_LEADING = 12
ICON_WIDTH = 14

Point = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Box:
    """One state. x, y: its upper left corner; lines: its title, broken to fit."""

    state: str
    stage: str
    title: str
    lines: tuple[str, ...]
    column: int
    x: int
    y: int
    width: int
    height: int

    @property
    def right(self) -> int:
        """Return the x of the right border."""
        return self.x + self.width

    @property
    def bottom(self) -> int:
        """Return the y of the lower border."""
        return self.y + self.height


@dataclass(frozen=True, slots=True)
class Line:
    """One line of lettering. x: where it begins; y: its base line; icon before it: timer, person, guard, or empty."""

    text: str
    x: int
    y: int
    icon: str = ""


@dataclass(frozen=True, slots=True)
class Way:
    """One transition that takes an edge. icon: what starts it; words: when, in plain words."""

    name: str
    icon: str
    words: str
    passing: bool = False
    """The edge is only a part of it: it passes through a stage."""
    number: int = 0
    """Under which it stands in the legend; 0 where ways are named instead."""


@dataclass(frozen=True, slots=True)
class Edge:
    """The moves from one state to another. points: corners, from border to border; badge: where a number fits."""

    origin: str
    target: str
    ways: tuple[Way, ...]
    points: tuple[Point, ...]
    badge: Point
    labels: tuple[Line, ...]

    @property
    def passing(self) -> bool:
        """Return whether it is only ever passed, never an end of a move."""
        return bool(self.ways) and all(way.passing for way in self.ways)


@dataclass(frozen=True, slots=True)
class Column:
    """One stage. x, width: of its boxes."""

    stage: str
    title: str
    x: int
    width: int


@dataclass(frozen=True, slots=True)
class Picture:
    """The whole geometry."""

    name: str
    title: str
    width: int
    height: int
    columns: tuple[Column, ...]
    boxes: tuple[Box, ...]
    edges: tuple[Edge, ...]
