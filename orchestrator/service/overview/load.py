"""What were people asked, how soon did they answer, and how often at night? The alarm load of a ward.

Each notice is an alarm for whoever holds its role. It is answered when its reminder is acknowledged, or when a person
does what it asks for, or ends what it was about; it climbed when somebody higher up had to be told as well. All of it
is counted from the notices and the trail.
"""

import datetime as dt
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from statistics import median
from typing import Any, NamedTuple

from orchestrator.audit.seal import Header, Sealed, instant, open_body
from orchestrator.episode.event_json import event_from_json
from orchestrator.episode.events import ReminderAcknowledged, ReminderEnded, ReminderFulfilled
from orchestrator.service.desk import Desk
from orchestrator.service.handlers import CLOCK
from orchestrator.service.overview.since import entries_since
from orchestrator.service.people.principal import EVERYWHERE
from orchestrator.service.people.rows import PersonRow, PostRow
from orchestrator.service.ports import Reader
from orchestrator.service.rows import EpisodeRow, NoticeRow

MOST = 3_000
"""Notices that are looked at; of more the latest, and it is said."""
SPANS = {"day": dt.timedelta(days=1), "week": dt.timedelta(days=7)}
NIGHT_FROM, NIGHT_TO = 22, 7
_REMINDER = "reminder"
_EPISODES = 200
About = tuple[str, str]
"""Names a reminder: its episode and its key."""


class Answered(NamedTuple):
    """What was said to a reminder. done: what it asks for was done, or is asked no more; else it was acknowledged."""

    at: dt.datetime
    by: str
    done: bool


@dataclass(frozen=True, slots=True)
class Alarm:
    """A notice, and what became of it. climbed: the ladder went on to a higher rung afterwards."""

    notice: NoticeRow
    night: bool
    climbed: bool
    answer: Answered | None

    @property
    def seconds(self) -> int | None:
        """How long it took until somebody answered."""
        return None if self.answer is None else round((self.answer.at - self.notice.told_at).total_seconds())


class Load:
    """Counts a ward's alarms; everything returned is JSON-ready."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    def show(self, ward: str, zone: dt.tzinfo) -> dict[str, Any]:
        """Return what the roles and the people of a ward were asked in the last day and week. zone: of its nights.

        cut: there were more notices than are counted; then the figures begin with `since` of the week.
        """
        with self._desk.store.read() as reader:
            now = reader.times().now
            begin = now - max(SPANS.values())
            rows = reader.notices((ward,), (), None, MOST)
            cut = len(rows) == MOST and rows[-1].told_at >= begin
            notices = [row for row in reversed(rows) if row.told_at >= begin]
            answers = self._answers(reader, notices, begin)
            people, posts = reader.people(), reader.posts()
        alarms = list(_alarms(notices, answers, zone))
        since = {name: max(now - length, rows[-1].told_at) if cut else now - length for name, length in SPANS.items()}
        holding = _holding(people, posts, ward)
        return {
            "ward": ward,
            "at": instant(now),
            "cut": cut,
            "most": MOST,
            "spans": [_span(name, begin, alarms, holding) for name, begin in since.items()],
        }

    def _answers(self, reader: Reader, notices: Sequence[NoticeRow], begin: dt.datetime) -> dict[About, list[Answered]]:
        ids = sorted({row.episode_id for row in notices if row.kind == _REMINDER})
        found: dict[About, list[Answered]] = {}
        for start in range(0, len(ids), _EPISODES):
            rows = {row.episode_id: row for row in reader.episodes(ids[start : start + _EPISODES])}
            for header, entry in entries_since(reader, list(rows.values()), begin):
                for about, answer in self._answer(rows[header.episode_id], header, entry):
                    found.setdefault((header.episode_id, about), []).append(answer)
        return found

    def _answer(self, row: EpisodeRow, header: Header, entry: Sealed) -> Iterator[tuple[str, Answered]]:
        """Yield what an entry answered; nothing once the patient's key was destroyed."""
        if row.wrapped_key is None or header.actor == CLOCK.id:
            return
        at = dt.datetime.fromisoformat(header.at)
        for told in open_body(self._desk.key(row), entry)["events"]:
            event = event_from_json(told)
            if isinstance(event, ReminderAcknowledged | ReminderFulfilled) or (
                isinstance(event, ReminderEnded) and not event.over
            ):
                done = not isinstance(event, ReminderAcknowledged)
                yield f"{event.name}#{event.subject}/{event.n}", Answered(at, header.actor, done)


def _alarms(
    notices: Iterable[NoticeRow], answers: Mapping[About, Sequence[Answered]], zone: dt.tzinfo
) -> Iterator[Alarm]:
    """Yield the alarms, the first one first. A notice that tells no higher rung than the one before begins anew."""
    firings: dict[About, list[NoticeRow]] = {}
    for notice in notices:
        about = (notice.episode_id, notice.about)
        if notice.kind != _REMINDER:
            yield Alarm(notice, _at_night(notice, zone), climbed=False, answer=None)
        elif (before := firings.get(about)) and notice.rung > before[-1].rung:
            before.append(notice)
        else:
            yield from _fired(before or [], answers.get(about, ()), zone, notice.told_at)
            firings[about] = [notice]
    for about, told in firings.items():
        yield from _fired(told, answers.get(about, ()), zone, None)


def _fired(
    told: Sequence[NoticeRow], answers: Iterable[Answered], zone: dt.tzinfo, until: dt.datetime | None
) -> Iterator[Alarm]:
    """Yield the alarms of one firing. until: when the same reminder came again."""
    within = [each for each in answers if until is None or each.at < until]
    for notice in told:
        first = next((each for each in within if each.at >= notice.told_at), None)
        yield Alarm(notice, _at_night(notice, zone), climbed=notice is not told[-1], answer=first)


def _at_night(notice: NoticeRow, zone: dt.tzinfo) -> bool:
    hour = notice.told_at.astimezone(zone).hour
    return hour >= NIGHT_FROM or hour < NIGHT_TO


def _holding(people: Iterable[PersonRow], posts: Iterable[PostRow], ward: str) -> dict[str, tuple[str, set[str]]]:
    """Return who works on the ward at present: by id the name, and the roles held there."""
    roles: dict[str, set[str]] = {}
    for post in posts:
        if post.ward in {ward, EVERYWHERE}:
            roles.setdefault(post.person_id, set()).add(post.role)
    live = [each for each in people if each.ended_at is None and each.person_id in roles]
    return {each.person_id: (each.name, roles[each.person_id]) for each in live}


def _span(
    name: str, begin: dt.datetime, alarms: Iterable[Alarm], holding: Mapping[str, tuple[str, set[str]]]
) -> dict[str, Any]:
    within = [each for each in alarms if each.notice.told_at >= begin]
    roles = sorted({each.notice.role for each in within})
    by_role = {role: [each for each in within if each.notice.role == role] for role in roles}
    return {
        "span": name,
        "since": instant(begin),
        **_counts(within),
        "roles": [{"role": role, **_counts(of)} for role, of in by_role.items()],
        "people": _people(by_role, holding),
    }


def _counts(alarms: Sequence[Alarm]) -> dict[str, Any]:
    """Return the figures of some alarms; times in seconds, None where nothing was answered."""
    took = [each.seconds for each in alarms if each.seconds is not None]
    rungs = {each.notice.rung for each in alarms}
    return {
        "told": len(alarms),
        "rungs": [{"rung": rung, "told": sum(each.notice.rung == rung for each in alarms)} for rung in sorted(rungs)],
        "acknowledged": sum(each.answer is not None and not each.answer.done for each in alarms),
        "done": sum(each.answer is not None and each.answer.done for each in alarms),
        "unanswered": sum(each.answer is None for each in alarms),
        "median_seconds": round(median(took)) if took else None,
        "slowest_seconds": max(took, default=None),
        "climbed": sum(each.climbed for each in alarms),
        "night": sum(each.night for each in alarms),
        "late": sum(each.notice.late for each in alarms),
    }


def _people(
    by_role: Mapping[str, Sequence[Alarm]], holding: Mapping[str, tuple[str, set[str]]]
) -> list[dict[str, Any]]:
    """Return, for who works here and whoever else answered: what came to the roles held, and what each answered."""
    told = [each for alarms in by_role.values() for each in alarms]
    given = {(each.notice.episode_id, each.notice.about, each.answer) for each in told if each.answer is not None}
    answered = Counter(answer.by for _, _, answer in given)
    others = {by: (by, set[str]()) for by in sorted(answered) if by not in holding}
    return [
        {
            "person_id": person_id,
            "name": name,
            "roles": sorted(roles),
            "told": sum(len(by_role.get(role, ())) for role in roles),
            "night": sum(each.night for role in roles for each in by_role.get(role, ())),
            "answered": answered[person_id],
        }
        for person_id, (name, roles) in [*holding.items(), *others.items()]
    ]
