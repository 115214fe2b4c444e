"""Goal: what a story expects holds where it is so, and does not where it is not."""

from pathlib import Path

import pytest

from orchestrator.pathway.loader import Library, load_library
from orchestrator.service.scenario.bedside import Bedside
from orchestrator.service.scenario.expecting import EXPECTATIONS
from orchestrator.service.scenario.story import read_story
from tests.patients import WORKFLOWS

START = "start: 2026-03-02T08:00:00+00:00\ntimeline:\n"
SECOND_LINE = f"""\
scenario: Second line on day 28, whatever is missing (H-07)
pathway: autoimmune-hemiplegia
{START}
  - at: 0h
    record: {{infection_status: excluded, cns_lymphoma_suspected: false, neurosarcoidosis_suspected: false}}
  - at: 0h
    confirm: ivmp-pulse
    expect: {{passed: [first-line]}}
  - at: 29d
"""
OFFERED = f"""\
scenario: The facts suggest another diagnosis (P-21)
pathway: post-viral-cerebellar-demyelination
{START}
  - at: 0h
    record: {{jcv_pcr: positive}}
"""
MISSED = (
    "agitated, antibodies, bleeding_disorder, central_line_difficult, demyelination, gbs_diagnosed, response, "
    "severe_hyponatremia, severity, steroids_contraindicated, thromboembolic_risk_high"
)
DAYS = "{at: 0h, amount: 1, unit: g}, {at: 1d, amount: 1, unit: g}, {at: 2d, amount: 1, unit: g}"
EXPECTED: dict[str, tuple[str, str, tuple[str, ...]]] = {
    "stage": (SECOND_LINE, "second-line", ("reassess", "second")),
    "state": (SECOND_LINE, "second-line/agent", ("second-line", "reassess/response-awaited")),
    "passed": (SECOND_LINE, "[reassess, second-line]", ("[second-line]", "[second-line, reassess]", "[]")),
    "although": (SECOND_LINE, f"[{MISSED}]", ("[]", "[response]", f"[{MISSED}, icars]")),
    "courses": (SECOND_LINE, "[ivmp-pulse]", ("[]", "[ivig]", "[ivmp-pulse, ivig]")),
    "proposed": (
        SECOND_LINE, "{ivig: absent, rituximab-weekly: recommended}",
        ("{rituximab-weekly: acceptable}", "{rituximab-weekly: absent}", "{ivig: recommended}",
         "{rituximab-weekly: recommended, ivig: recommended}", "{ivig: acceptable, rituximab-weekly: recommended}"),
    ),
    "reasons": (SECOND_LINE, "{rituximab-weekly: [H-08 003]}",
                ("{rituximab-weekly: []}", "{rituximab-weekly: [H-08 local]}", "{ivig: [H-08 003]}")),
    "missing": (SECOND_LINE, "[mechanism, response]", ("[icars]", "[mechanism, icars]")),
    "not_missing": (SECOND_LINE, "[icars]", ("[mechanism]", "[icars, mechanism]")),
    "warnings": (SECOND_LINE, "[workup-incomplete]", ("[experimental]", "[workup-incomplete, experimental]")),
    "no_warnings": (SECOND_LINE, "[experimental]", ("[workup-incomplete]", "[experimental, workup-incomplete]")),
    "offers": (OFFERED, "[diagnosis-changed]", ("[recovered]", "[diagnosis-changed, recovered]")),
    "no_offers": (OFFERED, "[recovered]", ("[diagnosis-changed]", "[recovered, diagnosis-changed]")),
    "tasks": (SECOND_LINE, "[csf-analysis, give-dose]", ("[antibody-titres]", "[csf-analysis, antibody-titres]")),
    "no_tasks": (SECOND_LINE, "[antibody-titres]",
                 ("[csf-analysis]", "[antibody-titres, csf-analysis]", "[give-dose]")),
    "asks": (SECOND_LINE, "{autoantibody-panel: [antibodies]}",
             ("{autoantibody-panel: []}", "{autoantibody-panel: [antibodies, response]}",
              "{csf-analysis: [antibodies]}", "{antibody-titres: [antibodies]}")),
    "fired": (SECOND_LINE, "[response-window-opens]", ("[titres-due]", "[response-window-opens, titres-due]")),
    "not_fired": (SECOND_LINE, "[titres-due]",
                  ("[response-window-opens]", "[titres-due, response-window-opens]")),
    "told": (SECOND_LINE, "{response-window-opens: [clinician, lead, on-call], titres-due: []}",
             ("{response-window-opens: [clinician, lead]}", "{response-window-opens: [lead, clinician, on-call]}",
              "{response-window-opens: []}", "{titres-due: [clinician]}")),
    "upcoming": (SECOND_LINE, "{response-window-opens: 30d, titres-due: null}",
                 ("{response-window-opens: 29d23h}", "{response-window-opens: null}", "{titres-due: 30d}",
                  "{response-window-opens: 30d, titres-due: 30d}")),
    "doses": (SECOND_LINE, f"{{ivmp-pulse: [{DAYS}], ivig: []}}",
              ("{ivmp-pulse: []}", "{ivmp-pulse: [{}, {}, {amount: 2}]}", "{ivmp-pulse: [{}, {}, {at: 3d}]}",
               "{ivmp-pulse: [{}, {}]}", "{ivig: [{}]}", "{ivmp-pulse: [{}, {}, {}], ivig: [{}]}")),
    "audit": (SECOND_LINE, "intact", ("broken",)),
}  # fmt: skip
"""Of each expectation: a story, what holds at its end, and what does not."""
WRONG = [(key, each) for key, (_, _, wrong) in EXPECTED.items() for each in wrong]
"""What does not hold, by its key."""


@pytest.fixture(scope="module")
def library() -> Library:
    return load_library(WORKFLOWS)


class Reader:
    """Plays the story of an expectation, and looks at one value of it."""

    def __init__(self, library: Library, file: Path) -> None:
        self.library, self.file = library, file

    def failing(self, key: str, value: str) -> list[str]:
        """Return the keys of what does not hold."""
        self.file.write_text(f"{EXPECTED[key][0]}    expect: {{{key}: {value}}}\n", encoding="utf-8")
        story = read_story(self.file)
        played = Bedside(story, self.library.newest(story.pathway)).play()
        return [each.key for each in played if not each.passed]


@pytest.fixture
def reader(library: Library, tmp_path: Path) -> Reader:
    return Reader(library, tmp_path / "story.yaml")


def test_every_expectation_is_tried() -> None:
    assert set(EXPECTED) == set(EXPECTATIONS)


@pytest.mark.parametrize("key", EXPECTATIONS)
def test_what_is_so_holds(reader: Reader, key: str) -> None:
    assert reader.failing(key, EXPECTED[key][1]) == []


@pytest.mark.parametrize(("key", "value"), WRONG)
def test_what_is_not_so_does_not_hold(reader: Reader, key: str, value: str) -> None:
    assert reader.failing(key, value) == [key]
