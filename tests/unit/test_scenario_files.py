"""Goal: a story that does not fit the format is refused with file, line and what was expected; none holds by a slip."""

from pathlib import Path

import pytest

from orchestrator.bootstrap import stage
from orchestrator.clock import VirtualClock
from orchestrator.errors import PathwayError
from orchestrator.pathway.loader import Library, load_library
from orchestrator.service.scenario.bedside import Bedside
from orchestrator.service.scenario.expectations import Check, check, look
from orchestrator.service.scenario.runner import run_file
from orchestrator.service.scenario.story import check_names, read_story
from orchestrator.service.scenario.world import World
from tests.patients import T0, WORKFLOWS

PATHWAY = "post-viral-cerebellar-demyelination"
HEAD = f"""\
scenario: A story
pathway: {PATHWAY}
start: 2026-03-02T08:00:00+00:00
timeline:
"""
OFFSET = "must be an offset such as 76h, 2d4h or 72h30m, not"
SEVERE = "  - {at: 0h, record: {severity: severe, infection_status: excluded, weight_kg: 70}}\n"
PULSE = f"{SEVERE}  - {{at: 1h, confirm: ivmp-pulse}}\n"


class Ward:
    """Reads and plays timelines."""

    def __init__(self, file: Path, library: Library) -> None:
        self.file, self.library = file, library

    def written(self, timeline: str, head: str = HEAD) -> Path:
        """Write a story and return its file."""
        self.file.write_text(head + timeline, encoding="utf-8")
        return self.file

    def played(self, timeline: str) -> list[Check]:
        """Return what came of each check."""
        story = read_story(self.written(timeline))
        pathway = self.library.newest(story.pathway)
        check_names(story, pathway, self.library.pathways)
        return list(Bedside(story, pathway).play())

    def failing(self, timeline: str) -> list[str]:
        """Return the keys of what does not hold."""
        return [each.key for each in self.played(timeline) if not each.passed]

    def refused(self, timeline: str) -> list[str]:
        """Return what is said of a file that cannot be played, fault by fault, each from its line on."""
        with pytest.raises(PathwayError) as caught:
            self.played(timeline)
        lines = str(caught.value).splitlines()
        assert all(each.startswith(f"{self.file}:") for each in lines)
        return [each.removeprefix(f"{self.file}:") for each in lines]


@pytest.fixture(scope="module")
def library() -> Library:
    return load_library(WORKFLOWS)


@pytest.fixture
def ward(library: Library, tmp_path: Path) -> Ward:
    return Ward(tmp_path / "story.yaml", library)


@pytest.mark.parametrize(
    ("entry", "line", "says"),
    [
        ("recrod: {virus: ebv}", 6, "unknown key 'recrod' in an entry of the timeline; did you mean 'record'?"),
        ("<<: {record: {virus: ebv}}", 6, "unknown key '<<'"),
        ("expect: {}", 6, "expect is empty"),
        ("expect: {stage: workup, fierd: []}", 6, "unknown key 'fierd' in expect; did you mean 'fired'?"),
        ("expect: {told: {dose-due: [1]}}", 6, "'dose-due' of told must be a list, such as [clinician, lead], not"),
        ("reason: None", 5, "an entry needs an action or expect; actions are record, confirm,"),
        ("expect: {stage: workup}|refused: needs-role", 7, "'refused' belongs to an action"),
        ("expect: {stage: workup}|override: steroid-stop", 7, "'override' belongs to an action"),
        ("record: {virus: ebv}|with: {days: 5}", 7, "'with' belongs to confirm"),
        ("record: {virus: ebv}|by: doctor", 7, "unknown role 'doctor'; roles are nurse, clinician,"),
        ("record: {virus: ebv}|refused: need-role", 7, "unknown refusal 'need-role'; did you mean 'needs-role'?"),
        ("confirm: ivig|with:|  days: 5|  start: null", 9, f"'start' {OFFSET} nothing"),
        ("confirm: ivig|with:|  start: [1h]", 8, f"'start' {OFFSET} a list"),
        ("confirm: ivig|with:|  given: [1h, soon]", 8, "'soon' is no offset"),
        ("give: ivig|given_at: 1.5", 7, f"'given_at' {OFFSET} a number"),
        ("give: {ivig: 0}", 6, "give takes a regimen, or one regimen and how many; such as give: {regimen: 5}"),
        ("give: {ivig: true}", 6, "give takes a regimen, or one regimen and how many"),
        ("give: {ivig: two}", 6, "give takes a regimen, or one regimen and how many"),
        ("give: {ivig: 1, plex: 1}", 6, "give takes a regimen, or one regimen and how many"),
        ("give: {ivig: 2}|given_at: 30m", 7, "'given_at' belongs to give: REGIMEN; several are given as planned"),
        ("expect:|  upcoming:|    dose-due: 5h|    task-due: soon", 9, "'soon' is no offset"),
        (
            "expect:|  proposed:|    ivig: [recommended]",
            8,
            "'ivig' of proposed must be a word, such as recommended, not a list",
        ),
        (
            "expect:|  told:|    dose-due: clinician",
            8,
            "'dose-due' of told must be a list, such as [clinician, lead], not text",
        ),
        (
            "expect:|  doses:|    ivig: 28",
            8,
            "'ivig' of doses must be a list of {at, amount, unit}, not a whole number",
        ),
        (
            "expect:|  doses:|    ivig:|      - {at: 1h}|      - {amuont: 1}",
            10,
            "unknown key 'amuont' in a dose; did you mean 'amount'?",
        ),
        (
            "expect:|  doses:|    ivig:|      - {amount: .nan}",
            9,
            "'amount' of a dose must be a number or text, not .nan",
        ),
    ],
)
def test_what_does_not_fit_is_told_with_its_line_and_what_was_expected(
    ward: Ward, entry: str, line: int, says: str
) -> None:
    lines = "".join(f"    {each}\n" for each in entry.split("|"))
    (said,) = ward.refused(f"  - at: 1h\n{lines}")
    assert said.startswith(f"{line}: {says}")


def test_an_entry_without_a_time_is_told(ward: Ward) -> None:
    assert ward.refused("  - record: {virus: ebv}\n") == ["5: an entry has no 'at'; say when it is, such as 76h"]


def test_time_never_goes_back_in_a_story(ward: Ward) -> None:
    assert ward.refused(SEVERE.replace("at: 0h", "at: -1h")) == ["5: 'at: -1h' lies before T0"]
    back = "  - at: 59m\n    record: {virus: ebv}\n"
    assert ward.refused(PULSE + back) == ["7: 'at: 59m' lies before the entry above it"]
    assert ward.failing(PULSE + back.replace("59m", "60m")) == []


def test_a_key_of_the_story_that_is_none_is_told(ward: Ward) -> None:
    file = ward.written(SEVERE, HEAD.replace("timeline", "timezon: Europe/London\ntimeline"))
    with pytest.raises(PathwayError, match=r":4: unknown key 'timezon' in the scenario; did you mean 'timezone'\?"):
        read_story(file)


@pytest.mark.parametrize("zone", ["Mars/Base", "localtime"])
def test_a_story_is_told_in_a_zone_that_every_machine_has(ward: Ward, zone: str) -> None:
    file = ward.written(SEVERE, HEAD.replace("timeline", f"timezone: {zone}\ntimeline"))
    with pytest.raises(PathwayError, match=f":4: there is no time zone '{zone}'"):
        read_story(file)


def test_all_that_is_wrong_with_a_story_is_told_at_once(ward: Ward) -> None:
    text = "  - {at: 1h, recrod: {}}\n  - {at: 2h, expect: {stgea: workup}}\n  - {at: soon, stop: ivig}\n"
    assert [each.partition(":")[0] for each in ward.refused(text)] == ["5", "6", "7"]
    text = "  - {at: 1h, stop: ivig, by: doctor}\n  - {at: 2h, stop: ivig, refused: need-role}\n"
    assert [each.partition(":")[0] for each in ward.refused(text)] == ["5", "6"]


def test_the_title_of_a_story_without_its_pathway_is_told_and_which_versions_there_are(ward: Ward) -> None:
    file = ward.written(SEVERE, HEAD.replace("demyelination", "demyelination@9.0.0"))
    with stage(ward.library) as opened:
        report = run_file(file, opened)
    assert report.error == f"{file}:2: no pathway '{PATHWAY}' of version 9.0.0; known are 1.0.0"
    assert report.scenario == "A story"


@pytest.mark.parametrize(
    ("expect", "says"),
    [
        ("no_warnings: [sourcesilent]", "unknown warning 'sourcesilent' in no_warnings; did you mean 'source-silent'?"),
        ("no_tasks: [repeat-mir]", "unknown task 'repeat-mir' in no_tasks; did you mean 'repeat-mri'?"),
        ("not_fired: [day3-response]", "unknown reminder 'day3-response' in not_fired; did you mean 'day-3-response'?"),
        ("not_missing: [virsu]", "unknown fact 'virsu' in not_missing; did you mean 'virus'?"),
        ("no_offers: [recoverd]", "unknown outcome 'recoverd' in no_offers; did you mean 'recovered'?"),
        ("proposed: {ivgi: absent}", "unknown regimen 'ivgi' in proposed; did you mean 'ivig'?"),
        ("doses: {ivgi: []}", "unknown regimen 'ivgi' in doses; did you mean 'ivig'?"),
        ("reasons: {ivgi: []}", "unknown regimen 'ivgi' in reasons; did you mean 'ivig'?"),
        ("told: {day3-response: []}", "unknown reminder 'day3-response' in told; did you mean 'day-3-response'?"),
        ("upcoming: {day3-response: null}", "unknown reminder 'day3-response' in upcoming; did you mean"),
        ("asks: {repeat-mir: []}", "unknown task 'repeat-mir' in asks; did you mean 'repeat-mri'?"),
    ],
)
def test_a_name_that_is_none_does_not_hold_for_never_being_there(ward: Ward, expect: str, says: str) -> None:
    (said,) = ward.refused(f"  - at: 1h\n    expect:\n      {expect}\n")
    assert said.startswith(f"7: {says}")


def test_a_name_of_another_pathway_may_be_expected_not_to_be_there(ward: Ward) -> None:
    elsewhere = "no_tasks: [icars-baseline], not_fired: [drug-monitoring-due], upcoming: {maintenance-review: null}"
    assert ward.failing(f"  - {{at: 1h, expect: {{{elsewhere}}}}}\n") == []


def test_a_name_that_is_none_and_is_expected_does_not_hold(ward: Ward) -> None:
    text = "  - {at: 1h, expect: {stage: wrkup, fired: [day3-response], courses: [ivgi]}}\n"
    assert ward.failing(text) == ["stage", "courses", "fired"]


@pytest.mark.parametrize("amount", ["1e999999999", "1e-999999999", "-1e13", '"NaN"', '"sNaN"', '"Infinity"', "one"])
def test_an_amount_of_no_ordinary_size_is_no_dose(ward: Ward, amount: str) -> None:
    text = f"{PULSE}  - {{at: 1h, expect: {{doses: {{ivmp-pulse: [{{amount: {amount}}}, {{}}, {{}}]}}}}}}\n"
    assert ward.failing(text) == ["doses"]


def test_giving_more_than_is_planned_is_refused_before_anything_is_given(ward: Ward) -> None:
    text = f"{PULSE}  - at: 1h\n    give: {{ivmp-pulse: 4}}\n    refused: invalid-value\n"
    assert ward.failing(text + "  - {at: 1h, expect: {fired: [dose-due], doses: {ivmp-pulse: [{}, {}, {}]}}}\n") == []
    given = "  - {at: 1h, stop: ivmp-pulse, by: lead, reason: x, override: steroid-stop}\n"
    assert ward.failing(f"{text}{given}  - {{at: 1h, expect: {{doses: {{ivmp-pulse: []}}}}}}\n") == []


def test_monthly_doses_have_no_end_to_be_given_beyond(ward: Ward) -> None:
    text = SEVERE + "  - {at: 1h, confirm: ivig-monthly, with: {dose: 28 g}, reason: x}\n"
    text += "  - {at: 1h, give: {ivig-monthly: 5}, expect: {upcoming: {bridging-dose-due: 153d1h}}}\n"
    text += "  - {at: 1h, give: {ivig-monthly: 99999999999}, refused: invalid-value}\n"
    assert ward.failing(text) == []


@pytest.mark.parametrize("action", ["stop: ''", f"complete: {'x' * 201}", f"complete: eeg, reason: {'x' * 4001}"])
def test_on_a_closed_episode_nothing_else_is_looked_at(ward: Ward, action: str) -> None:
    before = f"  - {{at: 0h, {action}, refused: invalid-value}}\n"
    closed = f"  - {{at: 1h, close: transferred}}\n  - {{at: 1h, {action}, refused: episode-closed}}\n"
    assert ward.failing(before + closed) == []


def test_a_refusal_that_was_not_expected_says_why(ward: Ward) -> None:
    text = "  - {at: 0h, confirm: observation}\n  - {at: 0h, give: {ivig: 5}}\n  - {at: 0h, stop: ''}\n"
    called = {name: each.called for name, each in ward.library.newest(PATHWAY).regimens.items()}
    why = [
        ("not-proposed", f"{called['observation']} is not proposed here; confirming it needs a reason"),
        ("no-such-course", f"no course of {called['ivig']} is in force"),
        ("invalid-value", "regimen must be text of at most 200 characters"),
    ]
    assert [(each.actual, each.note) for each in ward.played(text)] == why
    with stage(ward.library) as opened:
        report = run_file(ward.written(text), opened)
    assert [(each.actual, each.note) for each in report.checks] == why, "on a store too"
    assert not report.passed
    assert all("note" not in each for each in report.to_json()["checks"])


@pytest.mark.parametrize(
    ("action", "key", "came"),
    [
        ("record: {severity: sever}", "record", "invalid-value"),
        ("record: {severity: sever}, refused: unknown-fact", "refused", "invalid-value"),
        ("record: {severity: severe}, refused: needs-role", "refused", "accepted"),
        ("confirm: ivig, reason: x, refused: infection-excluded, by: nurse", "", "infection-excluded"),
        ("give: {ivig: 2}, by: nurse, refused: needs-role", "refused", "no-such-course"),
    ],
)
def test_an_action_that_comes_out_otherwise_does_not_hold(ward: Ward, action: str, key: str, came: str) -> None:
    made = ward.played(f"  - {{at: 0h, {action}}}\n")
    assert [each.key for each in made if not each.passed] == ([key] if key else [])
    assert [each.actual for each in made] == [came]


@pytest.mark.parametrize("action", ["give: observation", "give: {observation: 2}", "miss: observation"])
def test_a_course_without_administrations_says_so(ward: Ward, action: str) -> None:
    text = "  - {at: 0h, record: {severity: mild}}\n  - {at: 0h, confirm: observation}\n"
    (check,) = ward.played(f"{text}  - {{at: 1h, {action}}}\n")
    called = ward.library.newest(PATHWAY).regimens["observation"].called
    assert (check.actual, check.note) == ("invalid-value", f"{called} has no administrations that could be recorded")


@pytest.mark.parametrize("change", ["UPDATE episode SET ward = 'x'", "DELETE FROM log_pending WHERE seq = 1"])
def test_a_record_that_was_changed_is_not_intact(ward: Ward, change: str) -> None:
    clock = VirtualClock(T0)
    with stage(ward.library) as opened:
        world = World(opened(clock), clock, ward.library.newest(PATHWAY))
        world.enrol("UTC", "clinician")
        assert check("0h", "audit", "intact", look(world, T0)).passed
        with world.desk.store.change() as store:
            store._sql.exec_driver_sql(change)  # type: ignore[attr-defined]
        assert not check("0h", "audit", "intact", look(world, T0)).passed
