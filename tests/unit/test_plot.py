"""Goal: a number over time is drawn on the fact's own range, and what was recorded in error never reads as a value."""

import re
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any
from xml.etree import ElementTree as ET

import pytest

from orchestrator.episode.commands import Confirm, Record
from orchestrator.report import as_html, axes, plot
from orchestrator.report.moments import zone
from tests.unit.playing import CLINICIAN, NURSE, Played
from tests.unit.test_knowing import derived_way, pathway, scored_way
from tests.unit.test_report import HOSTILE, Reader

START = datetime(2026, 3, 2, 8, tzinfo=UTC)
SVG = "{http://www.w3.org/2000/svg}"


def drawn(*values: tuple[float, str, str], **more: str | None) -> ET.Element:
    """Draw values: the day from START, the amount, its status."""
    rows = [
        {"at": (START + timedelta(days=day)).isoformat(), "value": amount, "words": amount, "status": status}
        for day, amount, status in values
    ]
    made: dict[str, Any] = {"label": "score", "unit": "", "low": "0", "high": "100", "values": rows, **more}
    return ET.fromstring(plot.draw(made, UTC, prefix="p"))


def texts(root: ET.Element, kind: str) -> list[str]:
    return [each.text or "" for each in root.iter(f"{SVG}text") if kind in (each.get("class") or "").split()]


def titles(root: ET.Element) -> list[str]:
    return [each.findtext(f"{SVG}title") or "" for each in root.iter(f"{SVG}g")]


def shapes(root: ET.Element, kind: str) -> int:
    """Count the marks in the chart, without the legend's."""
    return sum(1 for group in root.iter(f"{SVG}g") for each in group if each.get("class") == kind)


@pytest.mark.rules("A-14")
def test_the_score_is_plotted_with_what_counts_on_the_line_and_the_rest_as_crosses() -> None:
    story = scored_way().story()
    root = ET.fromstring(plot.draw(story["plots"][0], zone("Europe/London")))
    assert titles(root) == [
        "24 on 2 Mar 2026, 08:30, corrected",
        "42 on 2 Mar 2026, 08:36",
        "38.5 on 16 Mar 2026, 11:00",
        "12 on 22 Mar 2026, 08:00, retracted",
    ]
    assert (shapes(root, "dose"), shapes(root, "void")) == (2, 2)
    (line,) = [each.get("d") or "" for each in root if each.get("class") == "course"]
    assert len(re.findall("[ML]", line)) == 2
    assert texts(root, "value") == ["42", "38.5"]
    assert texts(root, "end")[:6] == ["0", "20", "40", "60", "80", "100"]


def test_values_stand_at_their_height_and_day() -> None:
    root = drawn((0, "0", "counts"), (7, "100", "counts"))
    low, high = [(each.get("cx"), each.get("cy")) for each in root.iter(f"{SVG}circle")][:2]
    assert low == (str(axes.LEFT), str(axes.HEIGHT - axes.BOTTOM))
    assert high == (str(axes.WIDTH - axes.RIGHT), str(axes.TOP))


def test_one_value_is_a_dot_without_a_line_and_without_a_legend_of_crosses() -> None:
    root = drawn((0, "50", "counts"))
    assert not [each for each in root if each.get("class") == "course"]
    assert "counts" in texts(root, "tick")
    assert not [each for each in texts(root, "tick") if "does not count" in each]


def test_what_is_told_by_a_cross_is_told_in_words_too() -> None:
    root = drawn((0, "50", "counts"), (1, "5", "retracted"))
    described = root.findtext(f"{SVG}desc")
    assert described == "50 on 2 Mar 2026, 08:00; 5 on 3 Mar 2026, 08:00, retracted."
    assert "corrected or retracted: does not count" in texts(root, "tick")


def test_values_on_top_of_each_other_are_named_once() -> None:
    assert texts(drawn((0, "50", "counts"), (0.01, "51", "counts"), (90, "20", "counts")), "value") == ["50", "20"]


def test_a_value_at_the_top_is_named_below_it() -> None:
    root = drawn((0, "50", "counts"), (9, "100", "counts"))
    (top,) = [each for each in root.iter(f"{SVG}text") if each.text == "100" and "value" in (each.get("class") or "")]
    assert int(top.get("y") or 0) > axes.TOP


def test_a_range_without_an_end_goes_to_what_was_recorded_and_a_unit_stands_at_the_axis() -> None:
    root = drawn((0, "120", "counts"), (1, "140", "counts"), low=None, high=None, unit="mg")
    assert texts(root, "end")[0] == "0 mg"
    assert min(int(each.get("cy") or 0) for each in root.iter(f"{SVG}circle")) == axes.TOP


def test_only_zeroes_on_a_range_without_an_end_can_be_drawn() -> None:
    assert titles(drawn((0, "0", "counts"), low=None, high=None)) == ["0 on 2 Mar 2026, 08:00"]


@pytest.mark.parametrize(
    ("low", "high", "told"),
    [("0", "100", "0 20 40 60 80 100"), ("0.5", "400", "100 200 300 400"), ("30", "250", "50 100 150 200 250")]
    + [("0", "0.4", "0 0.1 0.2 0.3 0.4"), ("-3", "3", "-2 0 2"), ("10", "10.02", "10 10.005 10.01 10.015 10.02")],
)
def test_levels_are_round_and_lie_within_the_range(low: str, high: str, told: str) -> None:
    assert " ".join(axes.short(each) for each in axes.levels(Decimal(low), Decimal(high))) == told


@pytest.mark.parametrize("days", [1, 30, 370, 2200, 9000])
def test_the_days_have_room_and_the_year_where_there_are_two(days: int) -> None:
    root = drawn((0, "50", "counts"), (days, "20", "counts"))
    ticks = [each for each in root.iter(f"{SVG}text") if each.get("y") == str(axes.HEIGHT - axes.BOTTOM + 18)]
    assert 2 <= len(ticks) <= axes.MAX_TICKS + 1
    places = [int(each.get("x") or 0) for each in ticks]
    assert all(after - before >= 60 for before, after in zip(places, places[1:], strict=False))
    assert (ticks[0].text == "2 Mar 2026") is (days > 300)


@pytest.mark.rules("A-14")
def test_the_report_has_chart_table_rule_and_source() -> None:
    played = scored_way()
    page = as_html(played.story(), played.pathway)
    section = page[page.index('aria-labelledby="plots"') : page.index('aria-labelledby="reminders"')]
    assert 'class="rule">A-14<' in section
    assert "source 001" in section
    assert section.count("<svg") == 1
    cells = re.findall(r'<th scope="row" class="amount">(.*?)</th>', section)
    assert cells == ["<del>24</del>", "42", "38.5", "<del>12</del>"]
    assert "<q>Digits exchanged</q>" in section
    assert '<a href="#plots">' in page


def test_without_a_value_there_is_no_chart_and_no_way_to_it() -> None:
    played = Played(pathway("autoimmune-cerebellar-ataxia"))
    page = as_html(played.story(), played.pathway)
    assert 'id="plots"' not in page
    assert "#plots" not in page


def test_a_value_taken_back_to_unknown_stands_in_the_table_alone() -> None:
    played = Played(pathway("autoimmune-cerebellar-ataxia")).at(1, (NURSE, Record(facts={"icars": 30})))
    story = played.at(2, (NURSE, Record(facts={"icars": None}))).story()
    root = ET.fromstring(plot.draw(story["plots"][0], UTC))
    assert (shapes(root, "dose"), shapes(root, "void")) == (0, 1)
    assert '<span class="unknown">unknown</span>' in as_html(story, played.pathway)


def test_nothing_that_was_written_becomes_markup() -> None:
    played = scored_way()
    story = played.story()
    for each in story["plots"]:
        each |= {"label": HOSTILE, "unit": HOSTILE}
        for value in each["values"]:
            value |= {"words": HOSTILE, "actor": HOSTILE, "status": HOSTILE}
            value["left"] = value["left"] and {**value["left"], "reason": HOSTILE}
    reader = Reader(as_html(story, played.pathway))
    assert not reader.open
    assert not {name for name, _ in reader.seen} & {"script", "img"}
    assert not [attrs for _, attrs in reader.seen if any(key.startswith("on") for key in attrs)]


@pytest.mark.rules("L-08")
def test_the_facts_table_tells_derived_values_and_own_entries_apart() -> None:
    played = derived_way()
    page = " ".join(as_html(played.story(), played.pathway).split())
    derived = "derived from symptoms progressing and leukoencephalopathy type post-infectious (L-08)"
    assert f'{derived} <span class="mark sourced">source 002</span>' in page
    assert 'clinician <span class="note">own entry</span>' in page


@pytest.mark.rules("H-07")
def test_the_way_says_what_a_move_did_not_wait_for() -> None:
    played = Played(pathway("autoimmune-hemiplegia"))
    known = {"infection_status": "excluded", "cns_lymphoma_suspected": False, "neurosarcoidosis_suspected": False}
    played.at(0.5, (NURSE, Record(facts=known | {"weight_kg": 70})))
    story = played.at(1, (CLINICIAN, Confirm(regimens=("ivmp-pulse",)))).at(29 * 24).story()
    page = as_html(story, played.pathway)
    stay = page[page.index('<tr class="now">') :].partition("</tr>")[0]
    assert "<small>although " in stay
    assert "facts were not recorded: " in stay
