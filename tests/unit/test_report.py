"""Goal: the report is one safe, self-contained, accessible page, and the same story always gives the same bytes."""

import dataclasses
import datetime as dt
import re
from datetime import UTC
from html.parser import HTMLParser
from typing import Any
from xml.etree import ElementTree as ET

import orjson
import pytest

from orchestrator.episode.commands import Record
from orchestrator.pathway.layout import lay_out
from orchestrator.pathway.loader import load_library
from orchestrator.pathway.model import Pathway
from orchestrator.report import as_html, as_json, chart, moments, people_in, svg
from tests.unit.playing import CLINICIAN, WORKFLOWS, Played, cerebellar, closed_way, long_way

HOSTILE = '</title></style><script>alert(1)</script>"onload="x\'<img src=x onerror=y>&amp;'
VOID = {"meta", "br", "img", "link", "input", "hr"}


@pytest.fixture(scope="module")
def pathway() -> Pathway:
    return cerebellar()


@pytest.fixture(scope="module")
def played(pathway: Pathway) -> Played:
    return long_way(pathway)


@pytest.fixture(scope="module")
def page(played: Played, pathway: Pathway) -> str:
    return as_html(played.story(simulated=True), pathway)


class Reader(HTMLParser):
    """Reads a page strictly: every element is closed, in order."""

    def __init__(self, text: str) -> None:
        super().__init__(convert_charrefs=True)
        self.open: list[str] = []
        self.seen: list[tuple[str, dict[str, str | None]]] = []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag, (tag, self.getpos())

    def all(self, tag: str) -> list[dict[str, str | None]]:
        return [attrs for name, attrs in self.seen if name == tag]


def poisoned(value: Any) -> Any:  # noqa: ANN401  # JSON
    """Put hostile text behind every text of a story that a person or a file could have written."""
    if isinstance(value, dict):
        kept = {
            "at",
            "until",
            "due_at",
            "fired_at",
            "told_at",
            "planned_at",
            "start",
            "state",
            "from",
            "amount",
            "status",
        }
        kept |= {"enrolled_at", "told_until", "next_due_at", "timezone", "kind", "standing", "opened", "to"}
        return {key: each if key in kept and isinstance(each, str) else poisoned(each) for key, each in value.items()}
    if isinstance(value, list):
        return [poisoned(each) for each in value]
    return value + HOSTILE if isinstance(value, str) else value


def test_nothing_that_was_written_becomes_markup(played: Played, pathway: Pathway) -> None:
    hostile = dataclasses.replace(
        pathway,
        title=HOSTILE,
        states={name: dataclasses.replace(state, title=HOSTILE) for name, state in pathway.states.items()},
        transitions=tuple(dataclasses.replace(each, name=each.name + HOSTILE) for each in pathway.transitions),
    )
    story = poisoned(played.story())
    reader = Reader(as_html(story, hostile))
    assert not reader.open
    names = {name for name, _ in reader.seen}
    assert not names & {"script", "img", "iframe", "object", "embed", "form", "link", "base"}
    assert not [attrs for _, attrs in reader.seen if any(key.startswith("on") for key in attrs)]


def test_people_have_their_names_beside_their_ids_where_that_is_asked_for(played: Played, pathway: Pathway) -> None:
    story = played.story()
    for row in story["timeline"]:
        row["on_behalf_of"] = "u-300" if row["actor"] == "u-204" else None
    merge = {"at": "2026-03-02T09:00:00.000000Z", "kind": "merged", "what": "replaces", "by": "u-3", "role": "lead"}
    merges = [{**merge, "name": "Lea Lead", "reason": "one person", "asserted": True}]
    before = as_json(story)
    assert people_in(story, merges) == {"u-17", "u-3", "u-204", "u-300", "clock"}
    alone = as_html(story, pathway, merges=merges)
    assert "as they are called today" not in alone
    assert "Lea Lead" not in alone
    assert '<span class="who">u-3</span>, lead <span class="note">asserted</span>: <q>one person</q>' in alone
    known = {"u-17": "Cleo <i>Clinician</i>", "u-3": "Lea Lead", "u-300": "Paul Physician"}
    named = as_html(story, pathway, merges=merges, names=known)
    assert "as they are called today" in named
    clinician = '<span class="who">u-17</span>, clinician'
    assert named.count(f"Cleo &lt;i&gt;Clinician&lt;/i&gt;, {clinician}") == named.count(clinician) > 10
    lead = 'Lea Lead, <span class="who">u-3</span>, lead'
    assert named.count(lead) == alone.count('<span class="who">u-3</span>, lead')
    assert 'on behalf of Paul Physician, <span class="who">u-300</span>' in named
    assert "u-204</span>, nurse" in named, "who has no account is an id"
    for each in known.values():
        assert each not in before.decode()
    assert as_json(story) == before
    shown = Reader(named)
    assert not shown.open


def test_the_page_needs_nothing_else(page: str) -> None:
    reader = Reader(page)
    assert not [attrs for _, attrs in reader.seen if {"src", "srcset", "data", "action"} & attrs.keys()]
    assert all((attrs.get("href") or "#").startswith("#") for attrs in reader.all("a"))
    assert "@import" not in page
    assert "url(" not in page
    assert "default-src 'none'" in page


def test_the_page_is_well_formed_and_its_ids_are_unique(page: str) -> None:
    reader = Reader(page)
    assert not reader.open
    ids = [attrs["id"] for _, attrs in reader.seen if "id" in attrs]
    assert len(set(ids)) == len(ids)
    for attrs in reader.all("a"):
        assert (attrs["href"] or "").removeprefix("#") in ids


def test_tables_have_captions_and_scopes_and_headings_descend_by_one(page: str) -> None:
    reader = Reader(page)
    assert len(reader.all("caption")) == len(reader.all("table")) > 5
    assert all(attrs.get("scope") in {"col", "row"} for attrs in reader.all("th"))
    levels = [int(name[1]) for name, _ in reader.seen if re.fullmatch(r"h\d", name)]
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(after - before <= 1 for before, after in zip(levels, levels[1:], strict=False))
    assert reader.all("html")[0]["lang"] == "en"


def test_a_simulated_store_says_so_on_top(page: str, played: Played, pathway: Pathway) -> None:
    assert re.search(r"<body>\s*<aside class=\"banner\"[^>]*><strong>SIMULATED</strong> – not a real patient", page)
    assert "SIMULATED" not in as_html(played.story(), pathway)


def test_the_page_says_what_verification_finds(page: str) -> None:
    assert "This check finds every change that does not recompute the whole chain" in page
    assert "The chain is whole." in page


def test_a_broken_chain_is_not_overlooked(played: Played, pathway: Pathway) -> None:
    story = played.story()
    story["chain"] |= {"whole": False, "faults": [{"seq": 7, "what": "its hash does not fit"}]}
    page = as_html(story, pathway)
    assert "The chain is broken." in page
    assert "Entry 7: its hash does not fit." in page


def test_an_open_dose_shows_where_it_is_laid_now_and_where_it_was_at_confirmation(page: str) -> None:
    row = next(
        row
        for row in page.split("<tr>")
        if "laid out anew from what was given before" in row and "planned</span>" in row
    )
    now, first = row.index("13 Apr 2026, 13:00"), row.index("12 Apr 2026, 11:00")
    assert now < row.index("at confirmation") < first


def test_an_open_dose_shows_how_much_it_is_now(played: Played, pathway: Pathway) -> None:
    story = played.story()
    dose = {"amount": "15", "unit": "mg", "words": "15 mg", "formula": "by the new weight", "inputs": {}}
    story["courses"][-1]["administrations"][-1]["due"] = dose
    page = as_html(story, pathway)
    assert page.index("<b>15 mg</b> PO daily<small>by the new weight</small>") < page.index("at confirmation 20 mg")


def test_the_longest_lateness_is_that_of_anybody_told(played: Played, pathway: Pathway) -> None:
    story = played.story()
    assert "<b>0</b> of them told late</li>" in as_html(story, pathway)
    fired = [firing for each in story["reminders"] for firing in each["firings"]]
    fired[0]["told"][-1] |= {"late": True, "late_seconds": 3 * 3600}
    assert "<b>1</b> of them told late (at most 3 h)" in as_html(story, pathway)
    fired[1] |= {"late": True, "late_seconds": 2 * 3600}
    assert "<b>2</b> of them told late (at most 3 h)" in as_html(story, pathway)


def test_the_picture_fits_a_wide_screen_and_the_page_in_print(page: str) -> None:
    assert "@media screen and (max-width: 1149px) { .picture svg { min-width: 72rem; } }" in page
    assert page.count("min-width: 72rem") == 1
    assert ".picture svg, .chart-box svg { min-width: 0; max-width: 100%; }" in page.partition("@media print")[2]


def test_times_are_local_with_their_offset(page: str) -> None:
    assert '2 Mar 2026, 08:45&nbsp;<span class="offset">UTC+00:00' in page
    assert '29 Mar 2026, 11:00&nbsp;<span class="offset">UTC+01:00' in page


def test_local_values_are_marked(page: str) -> None:
    assert '<span class="mark local">local</span>' in page
    assert '<span class="mark sourced">source 000</span>' in page
    assert '<span class="unknown">unknown</span>' in page


def test_the_same_story_gives_the_same_bytes(played: Played, pathway: Pathway) -> None:
    assert as_html(played.story(), pathway) == as_html(played.story(), cerebellar())


def test_a_closed_episode_shows_its_closing_in_the_picture(pathway: Pathway) -> None:
    page = as_html(closed_way(pathway).story(), pathway)
    assert "Closed: <strong>transferred</strong>" in page
    assert page.count('class="box now"') == 2  # the box, and the legend


def test_an_episode_just_enrolled_and_an_erased_one_are_pages_too(pathway: Pathway) -> None:
    assert "Nobody has decided anything yet." in as_html(Played(pathway).story(), pathway)


def test_json_is_the_story(played: Played) -> None:
    assert orjson.loads(as_json(played.story())) == played.story()


def test_the_picture_is_named_described_and_numbered(played: Played, pathway: Pathway) -> None:
    drawn = svg.draw(lay_out(pathway), played.story()["way"], "bridging/taper", prefix="p1")
    root = ET.fromstring(drawn)
    assert (root.get("role"), root.get("aria-labelledby")) == ("img", "p1-title p1-desc")
    texts = ["".join(each.itertext()) for each in root]
    assert any("Now: bridging" in text for text in texts)
    assert "6 · now" in drawn
    assert drawn.count('class="edge taken"') == 5
    assert drawn.count('class="badge"') == 5


def test_the_picture_without_an_episode_tells_of_none(pathway: Pathway) -> None:
    drawn = svg.draw(lay_out(pathway))
    assert 'class="badge"' not in drawn
    assert "not visited" not in drawn


def test_pictures_work_in_light_and_dark() -> None:
    for css in (svg.CSS, chart.CSS):
        assert "prefers-color-scheme: dark" in css


def test_what_tasks_ask_for_and_forms_lay_out_is_told() -> None:
    pathway = load_library(WORKFLOWS).newest("autoimmune-cerebellar-ataxia")
    story = Played(pathway).at(1, (CLINICIAN, Record({"response": "partial"}))).story()
    page = as_html(story, pathway)
    assert "<small>asks for antibodies</small>" in page
    assert "Gait stability and walking unassisted, Dysarthria, Limb ataxia and Nystagmus; if wanted, SPECT" in page


def test_a_chart_names_each_amount_and_marks_now(played: Played) -> None:
    course = played.story()["courses"][-1]
    steps = [moments.parse(each["at"]) for each in course["chart"]["planned"]]
    root = ET.fromstring(chart.draw(course, UTC, now=steps[1]))
    assert [each.text for each in root if each.get("class") == "value middle"] == ["60", "40", "20"]
    assert len([each for each in root if each.get("class") == "now"]) == 1
    assert "now" not in chart.draw(course, UTC, now=steps[0] - dt.timedelta(days=1)), "before it begins"


def test_a_chart_draws_plan_and_doses(played: Played) -> None:
    course = played.story()["courses"][-1]
    root = ET.fromstring(chart.draw(course, UTC, prefix="c"))
    steps = [each for each in root if each.get("class") == "given"]
    assert len(steps) == 2 + 1  # and the legend
    desc = next(each for each in root if each.tag.endswith("desc"))
    assert desc.text is not None
    assert desc.text.startswith("Planned: 60 mg from 29 Mar; 40 mg from 5 Apr; 20 mg from 13 Apr.")


def test_a_course_without_amounts_has_no_chart(played: Played) -> None:
    assert chart.draw(played.story()["courses"][1], UTC) == ""


@pytest.mark.parametrize(
    ("zone", "told", "offset"),
    [
        ("Asia/Kolkata", "29 Mar 2026, 06:30", "UTC+05:30"),
        ("America/St_Johns", "28 Mar 2026, 22:30", "UTC-02:30"),
        ("Nowhere/Land", "29 Mar 2026, 01:00", "UTC+00:00"),
    ],
)
def test_a_moment_reads_in_its_zone(zone: str, told: str, offset: str) -> None:
    text, where = "2026-03-29T01:00:00.000000Z", moments.zone(zone)
    assert (moments.moment(text, where), moments.offset(text, where)) == (told, offset)


CONTRASTS = [
    ("--ink", "--page"),
    ("--soft", "--page"),
    ("--soft", "--card"),
    ("--accent", "--card"),
    ("--amber", "--amber-tint"),
]
CONTRASTS += [("--red", "--page"), ("--red", "--card"), ("--soft", "--accent-tint"), ("--accent", "--accent-tint")]


@pytest.mark.parametrize("block", [0, 1], ids=["light", "dark"])
@pytest.mark.parametrize("pair", CONTRASTS, ids=" on ".join)
def test_colours_are_far_enough_apart_to_read(pair: tuple[str, str], block: int, page: str) -> None:
    roots = re.findall(r":root \{([^}]*)\}", page)
    colours = dict(re.findall(r"(--[a-z-]+): (#[0-9a-f]{6})", roots[block]))
    light, dark = sorted((luminance(colours[name]) for name in pair), reverse=True)
    assert (light + 0.05) / (dark + 0.05) >= 4.5


def luminance(colour: str) -> float:
    """Return the relative luminance of WCAG 2."""
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue
