"""Goal: the picture of a pathway is well laid out: nothing overlaps, every edge joins its boxes, it never varies."""

from itertools import combinations

import pytest

from orchestrator.pathway.geometry import Box, Edge, Picture, Point
from orchestrator.pathway.layout import lay_out
from orchestrator.pathway.lettering import text_width, wrap
from orchestrator.pathway.model import CLOSED_STAGE, Pathway
from tests.unit.playing import cerebellar

CLOSING = ("bridging/taper", "closed/transferred")


@pytest.fixture(scope="module")
def pathway() -> Pathway:
    return cerebellar()


@pytest.fixture(scope="module", params=[(), (CLOSING,), (CLOSING, ("workup/assessment", "closed/recovered"))], ids=len)
def picture(request: pytest.FixtureRequest, pathway: Pathway) -> Picture:
    return lay_out(pathway, request.param)


def boxes(picture: Picture) -> dict[str, Box]:
    return {box.state: box for box in picture.boxes}


def on_border(point: Point, box: Box) -> bool:
    x, y = point
    inside = box.x <= x <= box.right and box.y <= y <= box.bottom
    return inside and (x in {box.x, box.right} or y in {box.y, box.bottom})


def crosses(edge: Edge, box: Box) -> bool:
    """Tell whether a segment runs through the inside of a box."""
    return any(
        max(x1, x2) > box.x and min(x1, x2) < box.right and max(y1, y2) > box.y and min(y1, y2) < box.bottom
        for (x1, y1), (x2, y2) in zip(edge.points, edge.points[1:], strict=False)
    )


def test_stages_are_columns_from_left_to_right(picture: Picture, pathway: Pathway) -> None:
    assert [column.stage for column in picture.columns] == list(pathway.stages)
    assert [column.x for column in picture.columns] == sorted(column.x for column in picture.columns)
    for box in picture.boxes:
        assert box.x == picture.columns[box.column].x
        assert box.stage == picture.columns[box.column].stage


def test_every_state_has_one_box_inside_the_canvas(picture: Picture, pathway: Pathway) -> None:
    assert sorted(box.state for box in picture.boxes) == sorted(pathway.states)
    for box in picture.boxes:
        assert box.x >= 0
        assert box.y >= 0
        assert box.right <= picture.width
        assert box.bottom <= picture.height


def test_no_two_boxes_overlap(picture: Picture) -> None:
    for one, other in combinations(picture.boxes, 2):
        apart = one.right < other.x or other.right < one.x or one.bottom < other.y or other.bottom < one.y
        assert apart, (one.state, other.state)


def test_edges_run_orthogonally_from_border_to_border_and_through_no_box(picture: Picture) -> None:
    known = boxes(picture)
    for edge in picture.edges:
        assert on_border(edge.points[0], known[edge.origin]), edge
        assert on_border(edge.points[-1], known[edge.target]), edge
        for (x1, y1), (x2, y2) in zip(edge.points, edge.points[1:], strict=False):
            assert (x1 == x2) != (y1 == y2), edge
        assert not [box.state for box in picture.boxes if crosses(edge, box)], edge


def test_edges_and_lettering_stay_inside_the_canvas(picture: Picture) -> None:
    for edge in picture.edges:
        for x, y in (*edge.points, edge.badge):
            assert 0 <= x <= picture.width
            assert 0 <= y <= picture.height
        for line in edge.labels:
            assert line.x >= 0
            assert line.x + text_width(line.text, 10) <= picture.width
            assert 0 <= line.y <= picture.height


def test_no_two_ends_share_a_place(picture: Picture) -> None:
    ends = [point for edge in picture.edges for point in (edge.points[0], edge.points[-1])]
    assert len(set(ends)) == len(ends)


def test_channels_keep_apart(picture: Picture) -> None:
    """Two horizontals that overlap in x lie on different levels."""
    levels = [
        (min(x1, x2), max(x1, x2), y1)
        for edge in picture.edges
        for (x1, y1), (x2, y2) in zip(edge.points, edge.points[1:], strict=False)
        if y1 == y2
    ]
    for one, other in combinations(levels, 2):
        if one[0] < other[1] and other[0] < one[1]:
            assert one[2] != other[2], (one, other)


def test_labels_do_not_lie_on_each_other(picture: Picture) -> None:
    rooms = [
        (line.x, line.x + text_width(line.text, 10), line.y - 9, line.y + 2, line.text)
        for edge in picture.edges
        for line in edge.labels
    ]
    for one, other in combinations(rooms, 2):
        apart = one[1] <= other[0] or other[1] <= one[0] or one[3] <= other[2] or other[3] <= one[2]
        assert apart, (one, other)


def test_every_transition_is_drawn_and_a_passage_as_its_two_moves(picture: Picture, pathway: Pathway) -> None:
    drawn = {(edge.origin, edge.target): {way.name for way in edge.ways} for edge in picture.edges}
    for transition in pathway.transitions:
        target = pathway.state_of(transition.target)
        for stage in transition.origins:
            origin, between = pathway.state_of(stage), transition.through
            if between is None or between in {stage, transition.target}:
                assert transition.name in drawn[origin, target]
            else:
                assert transition.name in drawn[origin, pathway.state_of(between)]
                assert transition.name in drawn[pathway.state_of(between), target]


def test_the_same_pathway_gives_the_same_picture(pathway: Pathway) -> None:
    assert lay_out(pathway, [CLOSING]) == lay_out(cerebellar(), [CLOSING])


def test_closed_boxes_say_the_outcome_and_no_more(picture: Picture) -> None:
    assert all("Closed" not in box.lines[0] for box in picture.boxes if box.stage == CLOSED_STAGE)


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        ("one two", ("one two",)),
        ("observation or treatment", ("observation or", "treatment")),
        ("diagnosis-changed", ("diagnosis-", "changed")),
        ("", ()),
    ],
)
def test_text_wraps_at_blanks_and_behind_hyphens(text: str, lines: tuple[str, ...]) -> None:
    assert wrap(text, 100, 12) == lines


def test_a_word_too_long_is_cut_and_a_text_too_long_ends_in_an_ellipsis() -> None:
    lines = wrap("W" * 60, 60, 12, lines=3)
    assert len(lines) == 3
    assert lines[-1].endswith("…")
    assert all(text_width(line, 12) <= 60 for line in lines)
