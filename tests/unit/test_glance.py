"""Goal: what a patient's page shows of a story is what the whole story says, whatever is passed over to show it."""

from collections.abc import Sequence

import pytest

from orchestrator.audit.story import StoryEntry, glance, tell
from orchestrator.pathway.model import Pathway
from tests.unit.playing import Played, cerebellar, closed_way, long_way

WHOLE = ("way", "courses", "facts", "plots")


@pytest.fixture(scope="module")
def pathway() -> Pathway:
    return cerebellar()


@pytest.fixture(scope="module", params=["long", "closed", "unanswered"])
def played(request: pytest.FixtureRequest, pathway: Pathway) -> Played:
    made = {"long": long_way, "closed": closed_way}.get(request.param)
    return made(pathway) if made else Played(pathway).at(24 * 40)


def test_it_says_what_the_whole_story_says(played: Played, pathway: Pathway) -> None:
    _same(played.entries, pathway)


def test_of_a_record_that_was_erased_in_part_too(played: Played, pathway: Pathway) -> None:
    erased = [each._replace(body=None) if number % 3 == 1 else each for number, each in enumerate(played.entries)]
    _same(erased, pathway)
    _same([each._replace(body=None) for each in played.entries], pathway)


def test_the_newest_reminders_are_the_last_of_all(played: Played, pathway: Pathway) -> None:
    fired = _fired(played.entries, pathway)
    assert len(fired) > 2
    for count in range(len(fired) + 2):
        shown = glance(played.entries, pathway, reminders=count)
        assert shown["fired"] == len(fired)
        assert shown["reminders"] == fired[max(0, len(fired) - count) :]


def test_lines_are_told_one_by_one(played: Played, pathway: Pathway) -> None:
    lines, whole = glance(played.entries, pathway)["timeline"], tell(played.entries, pathway)["timeline"]
    assert [lines[place] for place in range(len(lines))] == whole
    assert list(reversed(lines)) == whole[::-1]
    assert lines[-3:] == whole[-3:]
    assert lines.after(4) == whole[4:]
    assert lines.numbered(5) == whole[4]
    assert lines.numbered(len(whole) + 1) is None


def test_an_episode_without_entries_has_nothing_to_show(pathway: Pathway) -> None:
    with pytest.raises(ValueError, match="no story"):
        glance([], pathway)


def _same(entries: Sequence[StoryEntry], pathway: Pathway) -> None:
    whole, shown = tell(entries, pathway), glance(entries, pathway)
    assert {name: shown[name] for name in WHOLE} == {name: whole[name] for name in WHOLE}
    assert shown["state"] == whole["episode"]["state"]
    assert shown["reminders"] == _fired(entries, pathway)
    assert shown["actors"] == {row["actor"] for row in whole["timeline"]}


def _fired(entries: Sequence[StoryEntry], pathway: Pathway) -> list[dict[str, object]]:
    return [each for each in tell(entries, pathway)["reminders"] if each["status"] != "to-come"]
