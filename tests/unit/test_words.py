"""Goal: what a guard asks reads as a clinician would say it, and never says something else than it means."""

import datetime as dt
from collections.abc import Mapping

import pytest

from orchestrator.pathway.expression import parse
from orchestrator.pathway.host import scope
from orchestrator.pathway.kinds import Fact
from orchestrator.pathway.language.grammar import opposite, span
from orchestrator.pathway.language.words import parts_of, words_of
from orchestrator.saying import counted

FACTS = {
    "severity": Fact("severity", "enum", "severity", values=("mild", "severe")),
    "progressing": Fact("progressing", "bool", "symptoms are progressing"),
    "disorder": Fact("disorder", "bool", "bleeding disorder or coagulopathy"),
    "pain": Fact("pain", "bool", "neuropathic pain"),
    "signs": Fact("signs", "bool", "there are signs of it"),
    "antibodies": Fact("antibodies", "set", "antibodies", values=("gad", "hu", "yo")),
    "response": Fact("response", "enum", "response", values=("none", "partial"), of_courses=True),
}
NAMES: Mapping[str, tuple[str, ...]] = {
    "regimen": ("ivig", "plex"), "kind": ("steroid", "ivig"), "fact": tuple(FACTS), "task": ("eeg",),
    "stage": ("workup",), "check": ("day-3", "review"), "response": ("none", "partial"),
}  # fmt: skip


def words(text: str, labels: Mapping[str, str] | None = None) -> str:
    expression = parse(text, scope(FACTS, NAMES, {}))
    return words_of(expression.tree, {**expression.labels, **(labels or {})})


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("progressing", "symptoms are progressing"),
        ("!progressing", "symptoms are not progressing"),
        ("progressing == false", "symptoms are not progressing"),
        ("pain && !pain", "neuropathic pain is present and neuropathic pain is not present"),
        ("!signs", "there are no signs of it"),
        ("pain && disorder", "neuropathic pain is present and (bleeding disorder or coagulopathy is present)"),
        ("stage == 'workup'", "the stage is workup"),
        ("given('ivig') || given('plex')", "ivig or plex was given"),
        ("pain && (given('ivig') || given('plex'))", "neuropathic pain is present and (ivig or plex was given)"),
        ("given('ivig') || given('plex') || pain", "ivig or plex was given or neuropathic pain is present"),
        ("given('ivig') || pain || given('plex')", "ivig was given or neuropathic pain is present or plex was given"),
        ("!given('ivig') && !given('plex')", "ivig was not given and plex was not given"),
        ("!(given('ivig') || given('plex'))", "not (ivig or plex was given)"),
        ("given('ivig') && given('plex')", "ivig was given and plex was given"),
        ("'gad' in antibodies || 'hu' in antibodies || 'yo' in antibodies", "antibodies include gad, hu or yo"),
        ("'gad' in antibodies && 'hu' in antibodies", "antibodies include gad and antibodies include hu"),
        ("!given_kind('steroid')", "no steroid course was given"),
        ("!only('ivig')", "not (only ivig was given)"),
        ("!failed('ivig')", "not (ivig brought no meaningful improvement)"),
        ("!known('antibodies')", "nothing is recorded for antibodies"),
        ("!due('day-3')", "the check day-3 has not fallen due"),
        ("falling_due('day-3') || falling_due('review')", "the check day-3 or review falls due"),
        ("!treated()", "nothing of a treatment is still to come"),
        ("!relapsed()", "the patient has not relapsed"),
        ("recorded_since('progressing', 'ivig')", "‘symptoms are progressing’ was recorded after ivig was confirmed"),
        ("!recorded_since('progressing', 'ivig')",
         "‘symptoms are progressing’ was not recorded after ivig was confirmed"),
        ("progressing && recorded_since('progressing', 'ivig')",
         "symptoms are progressing and this was recorded after ivig was confirmed"),
        ("progressing && given('ivig') && known('progressing')",
         "symptoms are progressing and ivig was given and something is recorded for ‘symptoms are progressing’"),
        ("belongs('ivig') || belongs_kind('steroid')", "the response is to ivig or steroid"),
        ("!raised('severity', 'ivig')", "severity is not higher than when ivig was confirmed"),
        ("began_within('plex', 'ivig', duration('7d'))", "plex began within 7 days after a dose of ivig"),
        ("deciding('response') && response == 'none'",
         "a response not yet acted on is recorded and response is none"),
    ],
)  # fmt: skip
def test_questions_in_plain_words(text: str, said: str) -> None:
    assert words(text) == said


def test_a_label_may_say_what_a_name_of_another_vocabulary_means() -> None:
    assert words("due('day-3')", {"check day-3": "at 72 hours"}) == "the check at 72 hours has fallen due"


def test_what_must_hold_together_is_given_part_by_part() -> None:
    tree = parse("pain && (given('ivig') || signs) && !progressing", scope(FACTS, NAMES, {})).tree
    assert parts_of(tree, {"pain": "neuropathic pain", "progressing": "it is worse"}) == (
        "neuropathic pain is present", "ivig was given or signs are present", "it is not worse",
    )  # fmt: skip


@pytest.mark.parametrize(
    "text",
    ["there is no improvement", "it is this or it is that", "only ivig was given", "the disease counts as severe"],
)
def test_what_cannot_be_turned_round_without_doubt_is_put_in_brackets(text: str) -> None:
    assert opposite(text) == f"not ({text})"


@pytest.mark.parametrize(
    ("hours", "said"),
    [(0, "at once"), (1, "1 hour"), (24, "24 hours"), (72, "72 hours"), (96, "4 days"), (100, "4 days 4 hours"),
     (0.5, "30 minutes"), (25.5, "1 day 1 hour 30 minutes")],
)  # fmt: skip
def test_lengths_of_time(hours: float, said: str) -> None:
    assert span(dt.timedelta(hours=hours)) == said


@pytest.mark.parametrize(
    ("count", "unit", "words"),
    [
        (0, "entry", "0 entries"),
        (1, "entry", "1 entry"),
        (45, "entry", "45 entries"),
        (2, "day", "2 days"),
        (1, "second factor", "1 second factor"),
        (3, "body", "3 bodies"),
    ],
)
def test_one_is_not_told_as_many(count: int, unit: str, words: str) -> None:
    assert counted(count, unit) == words
