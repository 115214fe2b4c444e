"""Where do the edges of a picture run? Orthogonally: to the next column straight across the gap between.

Further ones run in channels above all boxes, those back in channels below. Ports and channels are ordered so that the
edges of one box never cross.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from orchestrator.pathway.geometry import LABEL_LEADING, Box, Edge, Line, Point, Way
from orchestrator.pathway.lettering import GAP_MARGIN, Block, block, block_height, block_width, stacked

CHANNEL = 18
"""Between the boxes and the first channel."""
BADGE = 9
"""Half of the room of a number on an edge."""
WIDEST_LABEL, NARROWEST_LABEL = 220, 100
EDGE_MARGIN = 24

Pair = tuple[str, str]


@dataclass(slots=True)
class Route:
    """One edge while it is being routed. side: across, up or down."""

    origin: Box
    target: Box
    ways: tuple[Way, ...]
    side: str
    exit: str = ""
    entry: str = ""
    """At which border it leaves and enters: top, bottom, left or right."""
    start: Point = (0, 0)
    end: Point = (0, 0)
    tracks: dict[str, int] = field(default_factory=dict)
    """x of the vertical in the gap, at the exit and at the entry."""
    level: int = 0
    block: Block = ()
    centre: int = 0

    @property
    def xs(self) -> tuple[int, int]:
        """Return from where to where its channel runs."""
        first, last = self.tracks.get("exit", self.start[0]), self.tracks.get("entry", self.end[0])
        return min(first, last), max(first, last)

    @property
    def length(self) -> int:
        """Return how far its channel runs."""
        return self.xs[1] - self.xs[0]

    @property
    def extent(self) -> tuple[int, int]:
        """Return its room from left to right, lettering and number included."""
        half = max(block_width(self.block) // 2, BADGE) + 4
        return min(self.xs[0], self.centre - half), max(self.xs[1], self.centre + half)

    @property
    def room(self) -> int:
        """Return its room beyond the line."""
        return BADGE + 3 + LABEL_LEADING * block_height(self.block)


class Routing:
    """Routes the moves between boxes that are centred on y = 0."""

    def __init__(self, boxes: Mapping[str, Box], moves: Mapping[Pair, tuple[Way, ...]]) -> None:
        self.boxes = tuple(boxes.values())
        self.routes = [self._route(boxes[origin], boxes[target], ways) for (origin, target), ways in moves.items()]
        self.obstacles = [(box.x, box.right, box.y, box.bottom) for box in self.boxes]

    def edges(self) -> tuple[Edge, ...]:
        """Return the routed edges, in the order of the moves."""
        for box in self.boxes:
            self._place_ports(box)
        self._place_tracks()
        self._letter_gaps()
        for side in ("up", "down"):
            self._place_channels([route for route in self.routes if route.side == side])
        return tuple(_edge(route) for route in self.routes)

    def _route(self, origin: Box, target: Box, ways: tuple[Way, ...]) -> Route:
        if target.column == origin.column + 1:
            return Route(origin, target, ways, "across", "right", "left")
        if target.column >= origin.column:
            leave, enter = self._outer(origin, "top", "right"), self._outer(target, "top", "left")
            return Route(origin, target, ways, "up", leave, enter)
        leave, enter = self._outer(origin, "bottom", "left"), self._outer(target, "bottom", "right")
        return Route(origin, target, ways, "down", leave, enter)

    def _outer(self, box: Box, border: str, otherwise: str) -> str:
        """Return ``border`` if nothing of the column lies beyond it, else the side through the gap."""
        ys = [each.y for each in self.boxes if each.column == box.column]
        return border if box.y == (min(ys) if border == "top" else max(ys)) else otherwise

    # ports

    def _place_ports(self, box: Box) -> None:
        for border in ("top", "bottom", "left", "right"):
            ends = sorted(self._ends(box, border), key=lambda each: _port_order(each, border))
            for index, (_, route, end) in enumerate(ends):
                setattr(route, end, _port(box, border, index + 1, len(ends) + 1))

    def _ends(self, box: Box, border: str) -> Iterator[tuple[int, Route, str]]:
        """Yield (columns away, route, which end) of the ends at a border."""
        for route in self.routes:
            if route.origin is box and route.exit == border:
                yield route.target.column - box.column, route, "start"
            if route.target is box and route.entry == border:
                yield route.origin.column - box.column, route, "end"

    # gaps

    def _place_tracks(self) -> None:
        for gap, (left, right) in self._gaps().items():
            users = [(route, end) for route in self.routes for end in _gap_ends(route, gap)]
            users.sort(key=lambda each: (each[0].start[1], each[0].end[1]))
            for index, (route, end) in enumerate(users):
                route.tracks[end] = left + (right - left) * (index + 1) // (len(users) + 1)

    def _gaps(self) -> dict[int, tuple[int, int]]:
        """Return (left, right) of each gap by the column before it; -1 and the last are the margins."""
        edges = {box.column: (box.x, box.right) for box in self.boxes}
        last = max(edges)
        gaps = {column: (edges[column][1], edges[column + 1][0]) for column in range(last)}
        return {
            -1: (edges[0][0] - EDGE_MARGIN // 2, edges[0][0]),
            **gaps,
            last: (edges[last][1], edges[last][1] + EDGE_MARGIN),
        }

    def _letter_gaps(self) -> None:
        for route in self.routes:
            if route.side == "across":
                gap = route.target.x - route.origin.right
                route.block = block(route.ways, gap - GAP_MARGIN)
                route.centre = (route.origin.right + route.target.x) // 2
                half = block_width(route.block) // 2
                ys = [line.y for line in _gap_labels(route)] or [route.start[1]]
                self.obstacles.append((route.centre - half, route.centre + half, min(ys) - LABEL_LEADING, max(ys) + 4))

    # channels

    def _place_channels(self, routes: list[Route]) -> None:
        """Give every route of one side its level: the shortest nearest to the boxes, none over another."""
        placed: list[Route] = []
        for route in sorted(routes, key=lambda each: (each.length, each.xs)):
            self._letter_channel(route, [each for each in routes if each is not route and each not in placed])
            sign = -1 if route.side == "up" else 1
            levels = [sign * self._limit(route)]
            levels += [sign * each.level + each.room + 6 for each in placed if _overlap(each.extent, route.extent)]
            route.level = sign * max(levels)
            placed.append(route)

    def _limit(self, route: Route) -> int:
        """Return the level nearest to the boxes that clears everything in the way."""
        ys = [each[2:] for each in self.obstacles if _overlap(each[:2], route.extent)]
        if route.side == "up":
            return min([top for top, _ in ys] + [route.start[1], route.end[1]]) - CHANNEL
        return max([bottom for _, bottom in ys] + [route.start[1], route.end[1]]) + CHANNEL

    def _letter_channel(self, route: Route, outer: Sequence[Route]) -> None:
        """Centre the lettering where no vertical of an outer route crosses."""
        first, last = route.xs
        cuts = sorted({first, last, *(x for each in outer for x in each.xs if first < x < last)})
        width, route.centre = max(
            (right - left, (left + right) // 2) for left, right in zip(cuts, cuts[1:] or cuts, strict=False)
        )
        route.block = block(route.ways, min(WIDEST_LABEL, max(NARROWEST_LABEL, width - 8)))


def _overlap(one: tuple[int, int], other: tuple[int, int]) -> bool:
    return one[0] - 4 <= other[1] and other[0] - 4 <= one[1]


def _port(box: Box, border: str, part: int, parts: int) -> Point:
    if border in {"top", "bottom"}:
        return box.x + box.width * part // parts, box.y if border == "top" else box.bottom
    return box.x if border == "left" else box.right, box.y + box.height * part // parts


def _port_order(each: tuple[int, Route, str], border: str) -> tuple[int, int, int]:
    """Order the ends at one border so that the nested channels of one box do not cross."""
    away, route, end = each
    other = route.target if end == "start" else route.origin
    if border in {"left", "right"}:
        return other.y, away, 0
    if away == 0:  # a loop stands between what goes to the left and what goes to the right
        return (0, 99, 0) if end == "start" else (1, -99, 0)
    return int(away > 0), -away, other.y  # to the left: near to far; to the right: far to near


def _gap_ends(route: Route, gap: int) -> Iterator[str]:
    """Yield at which ends a route runs up or down in a gap."""
    if route.side == "across":
        if route.start[1] != route.end[1] and gap == route.origin.column:
            yield "exit"
        return
    for end, border, column in (("exit", route.exit, route.origin.column), ("entry", route.entry, route.target.column)):
        if (border == "right" and gap == column) or (border == "left" and gap == column - 1):
            yield end


# edges


def _edge(route: Route) -> Edge:
    labels = _gap_labels(route) if route.side == "across" else _channel_labels(route)
    return Edge(route.origin.state, route.target.state, route.ways, _points(route), _badge(route), tuple(labels))


def _points(route: Route) -> tuple[Point, ...]:
    (x1, y1), (x2, y2) = route.start, route.end
    if route.side == "across":
        bend = route.tracks.get("exit")
        return ((x1, y1), (x2, y2)) if bend is None else ((x1, y1), (bend, y1), (bend, y2), (x2, y2))
    points = [(x1, y1)]
    leave, enter = route.tracks.get("exit", x1), route.tracks.get("entry", x2)
    points += [(leave, y1)] if leave != x1 else []
    points += [(leave, route.level), (enter, route.level)]
    points += [(enter, y2)] if enter != x2 else []
    return (*points, (x2, y2))


def _badge(route: Route) -> Point:
    if route.side != "across":
        return route.centre, route.level
    bend = route.tracks.get("exit")
    return (route.centre - 3, route.start[1]) if bend is None else (bend, (route.start[1] + route.end[1]) // 2)


def _gap_labels(route: Route) -> list[Line]:
    """Letter the first way above the line, the others below it."""
    left, y = route.centre - block_width(route.block) // 2, route.start[1]
    above, below = route.block[:1], route.block[1:]
    return stacked(above, left, y - BADGE - 3 - LABEL_LEADING * (block_height(above) - 1)) + stacked(
        below, left, y + BADGE + 10
    )


def _channel_labels(route: Route) -> list[Line]:
    left = route.centre - block_width(route.block) // 2
    if route.side == "up":
        return stacked(route.block, left, route.level - BADGE - 3 - LABEL_LEADING * (block_height(route.block) - 1))
    return stacked(route.block, left, route.level + BADGE + 10)
