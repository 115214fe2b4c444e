"""Goal: each pathway has a page and a diagram that are current, whole, escaped, and well laid out.

After a change of a pathway: CAREPATH_WRITE=1 pytest tests/unit/test_pages.py
"""

import dataclasses
import os
import re
from itertools import combinations, pairwise
from pathlib import Path
from xml.etree import ElementTree

import pytest

from orchestrator.pathway.elements import elements
from orchestrator.pathway.kinds import Mark
from orchestrator.pathway.legend import BOLD, ICON, Caption, Diagram, diagram
from orchestrator.pathway.lettering import text_width
from orchestrator.pathway.loader import load_library
from orchestrator.pathway.model import Pathway, Standing
from orchestrator.pathway.tables import choices, tables
from orchestrator.pathway.tables.saying import Saying
from orchestrator.report import mermaid
from orchestrator.report.diagram import draw
from orchestrator.report.markdown import escaped
from orchestrator.report.page import page

ROOT = Path(__file__).resolve().parents[2]
PAGES = ROOT / "docs" / "pathways"
LIBRARY = load_library(ROOT / "workflows")
PATHWAYS = [LIBRARY.newest(name) for name in sorted({each.name for each in LIBRARY.pathways})]
NASTY = 'A <b>"title"</b> | with `all` [of](it) & *more* -->'


def name(pathway: Pathway) -> str:
    return pathway.name


each_pathway = pytest.mark.parametrize("pathway", PATHWAYS, ids=name)


def current(path: Path, made: str) -> None:
    """Check that a generated file is as it would be made now; with CAREPATH_WRITE make it so first."""
    if os.environ.get("CAREPATH_WRITE"):
        path.parent.mkdir(exist_ok=True)
        path.write_text(made, encoding="utf-8")
    assert path.read_text(encoding="utf-8") == made


# The files


@each_pathway
def test_the_page_is_current(pathway: Pathway) -> None:
    current(PAGES / f"{pathway.name}.md", page(tables(pathway), f"{pathway.name}.svg"))


@each_pathway
def test_the_diagram_is_current(pathway: Pathway) -> None:
    current(PAGES / f"{pathway.name}.svg", draw(pathway, tables(pathway)))


def test_there_is_no_page_of_a_pathway_that_is_not_there() -> None:
    assert {path.stem for path in PAGES.iterdir()} - {"README"} == {each.name for each in PATHWAYS}


def test_the_list_leads_to_every_page_and_diagram() -> None:
    listed = (PAGES / "README.md").read_text(encoding="utf-8")
    assert [f"{each.title} | [page]({each.name}.md) | [diagram]({each.name}.svg)" in listed for each in PATHWAYS] == [
        True for _ in PATHWAYS
    ]


# The page says all of it


@each_pathway
def test_every_rule_and_every_element_is_on_the_page(pathway: Pathway) -> None:
    text = page(tables(pathway))
    for element in elements(pathway):
        if element.kind not in {"fact", "regimen", "dose", "schedule", "alternative dose", "state", "standing"}:
            assert [rule for rule in element.mark.rules if rule not in text] == [], element
    named = {*pathway.tasks, *pathway.reminders, *pathway.checks, *pathway.gates, *pathway.lines}
    named |= {move.name for move in pathway.transitions} | {row.name for row in pathway.warnings}
    assert [each for each in named if f"`{each}`" not in text] == []


def uneven(text: str) -> list[str]:
    """Return the rows of tables that have not as many cells as the row before."""
    pairs = [each for each in pairwise(text.splitlines()) if all(line.startswith("|") for line in each)]
    return [line for first, line in pairs if len({len(re.findall(r"(?<!\\)\|", each)) for each in (first, line)}) > 1]


@each_pathway
def test_every_row_of_a_table_has_as_many_cells_as_its_head(pathway: Pathway) -> None:
    assert uneven(page(tables(pathway))) == []


@each_pathway
def test_nothing_on_the_page_reads_like_code(pathway: Pathway) -> None:
    prose = re.sub(r"```.*?```|`[^`\n]*`", "", page(tables(pathway)), flags=re.DOTALL)
    assert re.findall(r"&&|\|\||==|\w_\w|\bTrue\b|\bNone\b|unless unless|if unless|\bnot \(not", prose) == []


# Decision tables


@each_pathway
def test_every_standing_is_in_the_table_of_each_of_its_regimens(pathway: Pathway) -> None:
    told = tables(pathway)
    rows = {(regimen, tuple(row["when"]), row["standing"]) for each in told["choices"] for row in each["rows"]
            for regimen in each["regimens"]}  # fmt: skip
    rows |= {(regimen, tuple(row["when"]), row["standing"]) for row in told["never_proposed"]
             for regimen in row["regimens"]}  # fmt: skip
    saying = Saying(pathway)
    wanted = {(regimen, tuple(saying.guard(row.guard)["when"]), row.standing.value) for row in pathway.standings
              for regimen in row.selector.regimens}  # fmt: skip
    assert wanted <= rows
    assert {row for row in rows - wanted if row[2] != choices.CONFLICT} == set()


@each_pathway
def test_what_outranks_stands_first(pathway: Pathway) -> None:
    rank = ["contraindicated", "discouraged", choices.CONFLICT]
    for each in tables(pathway)["choices"]:
        places = [rank.index(row["standing"]) if row["standing"] in rank else len(rank) for row in each["rows"]]
        assert places == sorted(places)
        last = [row for row in each["rows"] if row["standing"] not in rank]
        orders = [Mark(tuple(row["rules"])).order for row in last]
        assert orders == sorted(orders, reverse=True)


def test_flags_that_pull_two_ways_are_told_as_a_conflict() -> None:
    base = PATHWAYS[0]
    first, *others = (row for row in base.standings if row.standing is Standing.RECOMMENDED)
    rows = [first, next(row for row in others if not row.selector.regimens & first.selector.regimens)]
    one, other = (dataclasses.replace(row, pull=side) for row, side in zip(rows, ("east", "west"), strict=True))
    pulled = dataclasses.replace(base, standings=(one, other), cache={})
    found = [row for each in choices.choices(pulled, Saying(pulled)) for row in each["rows"]]
    assert [row["when"] for row in found if row["standing"] == choices.CONFLICT] == [
        ["a flag pulls toward east, and another toward west"], ["a flag pulls toward west, and another toward east"],
    ]  # fmt: skip
    alone = dataclasses.replace(base, standings=(one,), cache={})
    assert choices.CONFLICT not in str(choices.choices(alone, Saying(alone)))


@each_pathway
def test_a_derived_fact_is_told_with_its_derivation(pathway: Pathway) -> None:
    told = tables(pathway)
    assert [each["fact"] for each in told["derived"]] == list(pathway.derivations)
    assert [row["value"] for each in told["derived"] for row in each["rows"]] == [
        row.value for each in pathway.derivations.values() for row in each.rows
    ]
    assert ("### Facts that follow from others" in page(told)) == bool(pathway.derivations)


# The diagram


@pytest.fixture(scope="module", params=PATHWAYS, ids=name)
def drawn(request: pytest.FixtureRequest) -> Diagram:
    return diagram(request.param, tables(request.param))


def room(caption: Caption) -> tuple[int, int, int, int]:
    """Return left, right, top and bottom of a caption with its icon."""
    left = caption.x - (ICON if caption.icon else 0)
    wide = text_width(caption.text, caption.size)
    wide = wide * BOLD // 100 if caption.kind in {"name", "head", "number"} else wide
    return left, caption.x + wide, caption.y - caption.size + 2, caption.y + 3


def test_captions_lie_inside_the_canvas_below_the_picture_and_on_nothing_else(drawn: Diagram) -> None:
    for caption in drawn.captions:
        left, right, top, bottom = room(caption)
        assert left >= 0
        assert right <= drawn.width, caption
        assert top >= drawn.picture.height
        assert bottom <= drawn.height
    for one, other in combinations(drawn.captions, 2):
        a, b = room(one), room(other)
        assert a[1] <= b[0] or b[1] <= a[0] or a[3] <= b[2] or b[3] <= a[2], (one, other)


def test_numbers_lie_on_no_box_and_on_no_other_number(drawn: Diagram) -> None:
    places = [
        (line.x, line.x + 14 + text_width(line.text, 10), line.y - 9, line.y + 2)
        for edge in drawn.picture.edges
        for line in edge.labels
    ]
    for one, other in combinations(places, 2):
        assert one[1] <= other[0] or other[1] <= one[0] or one[3] <= other[2] or other[3] <= one[2], (one, other)
    for left, right, top, bottom in places:
        for box in drawn.picture.boxes:
            assert right <= box.x or box.right <= left or bottom <= box.y or box.bottom <= top, box.state


def test_every_move_has_its_number_beside_an_arrow_and_in_the_legend(drawn: Diagram) -> None:
    beside = {line.text for edge in drawn.picture.edges for line in edge.labels}
    told = {caption.text for caption in drawn.captions if caption.kind == "number"}
    assert beside == told == {str(way.number) for edge in drawn.picture.edges for way in edge.ways}


@each_pathway
def test_what_falls_due_is_told_below_its_stage(pathway: Pathway) -> None:
    words = " ".join(each.text for each in diagram(pathway, tables(pathway)).captions if each.kind == "clock")
    together = words.replace("- ", "-")  # a line may break behind a hyphen
    assert [check for check in pathway.checks if f": {check}" not in together] == []


@each_pathway
def test_no_title_is_cut(pathway: Pathway) -> None:
    assert "…" not in draw(pathway, tables(pathway))


@each_pathway
def test_the_diagram_is_whole_by_itself(pathway: Pathway) -> None:
    text = draw(pathway, tables(pathway))
    root = ElementTree.fromstring(text)  # noqa: S314  # our own
    space = "{http://www.w3.org/2000/svg}"
    tags = {each.tag.removeprefix(space) for each in root.iter()}
    assert tags == {"svg", "title", "desc", "style", "rect", "text", "g", "path", "circle"}
    assert not re.findall(r"https?://(?!www\.w3\.org/2000/svg)|href|url\(|@import", text)
    first, second = list(root)[:2]
    assert (first.tag, second.tag) == (f"{space}title", f"{space}desc")
    assert pathway.title in str(first.text)
    assert all(move.name in str(second.text) for move in pathway.transitions)


@each_pathway
def test_the_same_pathway_gives_the_same_bytes(pathway: Pathway) -> None:
    again = load_library(ROOT / "workflows").newest(pathway.name)
    assert draw(again, tables(again)) == draw(pathway, tables(pathway))
    assert page(tables(again)) == page(tables(pathway))


# What a file could bring in


def nasty() -> Pathway:
    base = PATHWAYS[0]
    states = {key: dataclasses.replace(state, title=NASTY) for key, state in base.states.items()}
    tasks = {key: dataclasses.replace(task, title=NASTY) for key, task in base.tasks.items()}
    return dataclasses.replace(base, title=NASTY, states=states, tasks=tasks, cache={})


def test_titles_bring_no_markup_into_the_diagram() -> None:
    text = draw(nasty(), tables(nasty()))
    assert "<b>" not in text
    ElementTree.fromstring(text)  # noqa: S314  # our own


def test_titles_bring_no_markup_into_the_page() -> None:
    text = page(tables(nasty()))
    assert "<b>" not in text
    assert r"A &lt;b&gt;" in text
    assert "[of](it)" not in text
    assert uneven(text) == []


@pytest.mark.parametrize(
    ("text", "made"),
    [
        ("a | b", r"a \| b"), ("<i>&", "&lt;i&gt;&amp;"), ("1. first", r"1\. first"), ("1.0.0", "1.0.0"),
        ("# head", r"\# head"), ("- item", r"\- item"), ("two\nlines", "two lines"), ("a_b*c", r"a\_b\*c"),
        ("[x](y)", r"\[x\](y)"), ("`c`", r"\`c\`"), ("--- rule", r"\--- rule"),
    ],
)  # fmt: skip
def test_text_is_shown_as_it_is(text: str, made: str) -> None:
    assert escaped(text) == made


MERMAID = (
    r"stateDiagram-v2",
    r"    direction LR",
    r"    %% (?!\{)[^{}]*",
    r'    state "(?:[^"\n;:{}#]|#\d+;)*" as s_\w+',
    r"    \[\*\] --> s_\w+",
    r"    s_\w+ --> s_\w+ : \d[^:;{}#\"]*",
    r"    note right of s_\w+",
    r"        (?:[^\n;:{}<>\"#]|#\d+;)+",
    r"    end note",
)


@pytest.mark.parametrize("pathway", [*PATHWAYS, nasty()], ids=lambda each: each.title[:20])
def test_mermaid_gets_nothing_but_its_grammar(pathway: Pathway) -> None:
    text = mermaid.draw(tables(pathway), legend=True)
    strange = [line for line in text.splitlines() if not any(re.fullmatch(form, line) for form in MERMAID)]
    assert strange == []
    declared = re.findall(r" as (s_\w+)$", text, re.MULTILINE)
    assert len(set(declared)) == len(declared) == len({state.stage for state in pathway.states.values()}) - 1
    assert set(re.findall(r"s_\w+", re.sub(r'".*"', "", text))) == set(declared)


@each_pathway
def test_every_move_is_an_arrow_of_mermaid_too(pathway: Pathway) -> None:
    arrows = re.findall(r"s_\w+ --> s_\w+ : (.*)", mermaid.draw(tables(pathway)))
    numbers = {int(number) for label in arrows for number in re.findall(r"\d+", label)}
    assert numbers == set(range(1, len(pathway.transitions) + 1))
