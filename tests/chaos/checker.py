"""Did everything happen that must have, once, in order and in time? Judged by the store and the history alone.

Lost: a command that was answered has no entry; a timer that was due did not fire; something told has no notice.
Doubled: two entries, rungs or notices of one cause. Out of order: gaps, times that go back, rungs that are passed over,
a command that went before a timer that was due. Late: fired more than five seconds after it was due, those not counted
in which something was broken that excuses it. And the proofs of the program itself must hold.
"""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from orchestrator.audit.seal import Sealed, open_body, open_header
from orchestrator.bootstrap import System
from orchestrator.episode.commands import Tick, moment
from orchestrator.episode.event_json import event_from_json
from orchestrator.episode.model import Episode
from orchestrator.service.cause import cause_id, episode_id_of
from orchestrator.service.handlers import CLOCK
from tests.chaos.entries import Entry, Told, reference_of, told_in
from tests.chaos.history import Asked, History
from tests.chaos.verdict import Finding, Verdict, merged, within

MOST_LATE_SECONDS = 5.0
MOST_EARLY_SECONDS = 0.5
Commits = Mapping[tuple[str, int], float]


class Checker:
    """Looks at a store after a run. commits: the wall time at which each entry was committed, by episode and number.

    quiet: when the system was last seen with nothing left to do, by the store's clock; what was due before has fired.
    arrived: the ids of all messages that a route took, as often as it did; None where no notice leaves the house.
    """

    def __init__(
        self,
        system: System,
        history: History,
        commits: Commits,
        quiet: datetime,
        arrived: Sequence[str] | None = None,
    ) -> None:
        self._system, self._history, self._commits, self._quiet = system, history, commits, quiet
        self._arrived = None if arrived is None else Counter(arrived)
        look = system.pulse.look()
        factor = system.simulation.factor if system.simulation else 1
        self._wall: Callable[[datetime], float] = lambda at: (
            look.wall.timestamp() - (look.now - at).total_seconds() / factor
        )
        self._excused = merged(each for each in history.outages if each.excuses)
        self._verdict = Verdict()

    def check(self) -> Verdict:
        """Return everything that is to be said."""
        asked = {self._cause(each): each for each in self._history.asked}
        entries = {episode_id: self._entries(episode_id) for episode_id in self._system.replay.episode_ids()}
        told = {episode_id: [*told_in(each)] for episode_id, each in entries.items()}
        self._answers(asked, entries)
        for episode_id, each in entries.items():
            self._order(episode_id, each)
            self._timers(episode_id, each)
            self._causes(episode_id, each, asked)
            self._rungs(episode_id, told[episode_id])
        self._notices(told)
        self._deliveries()
        self._alarms()
        self._proofs()
        counted = {"episodes": len(entries), "entries": sum(map(len, entries.values()))}
        counted |= {"told": sum(map(len, told.values())), "commands": len(self._history.asked)}
        self._verdict.counts.update(counted)
        return self._verdict

    def _found(self, what: str, episode_id: str, text: str) -> None:
        self._verdict.findings.append(Finding(what, episode_id, text))

    def _entries(self, episode_id: str) -> list[Entry]:
        """Return an episode's entries, folded anew one after the other; one that cannot be read has no events."""
        with self._system.store.read() as reader:
            row = reader.episode(episode_id)
        assert row is not None
        key, engine = self._system.desk.key(row), self._system.desk.engine
        episode: Episode | None = None
        made: list[Entry] = []
        for sealed in self._sealed(episode_id):
            header, events = open_header(sealed), []
            at = moment(header.at, "at")
            try:
                events = open_body(key, sealed)["events"]
                for event in events:
                    episode = engine.fold(episode, event_from_json(event), header.seq, at)
            except Exception as error:
                self._found("proof", episode_id, f"entry {header.seq} cannot be read ({type(error).__name__})")
            episode = None if episode is None else engine.stamp(episode, header.seq, at)
            made.append(Entry(header, events, None if episode is None else episode.next_due_at))
        return made

    def _sealed(self, episode_id: str) -> list[Sealed]:
        return self._system.sealed_entries(episode_id)

    def _cause(self, asked: Asked) -> tuple[str, str]:
        episode_id = episode_id_of(asked.actor, asked.key) if asked.kind == "enrol" else asked.episode_id
        return episode_id, cause_id(asked.kind, asked.actor, episode_id, asked.key).hex()

    def _answers(self, asked: Mapping[tuple[str, str], Asked], entries: Mapping[str, Sequence[Entry]]) -> None:
        """Every answer that names an entry stands in the store, once and there, and one that names none does not.

        What nobody answered may, once.
        """
        places: dict[tuple[str, str], list[int]] = {}
        for episode_id, written in entries.items():
            for entry in written:
                places.setdefault((episode_id, entry.header.cause_id), []).append(entry.header.seq)
        for cause, each in asked.items():
            seqs = places.get(cause, [])
            if each.recorded and seqs != [each.seq]:
                self._found("doubled" if seqs else "lost", cause[0], f"{each.kind} was answered as {each.seq}: {seqs}")
            if each.status is not None and not each.recorded and seqs:
                self._found("invented", cause[0], f"{each.kind} was refused ({each.code}), and stands there as {seqs}")
            self._verdict.counts["unanswered"] += each.status is None
            self._verdict.counts["tries"] += each.tries
        for (episode_id, _), seqs in places.items():
            if len(seqs) > 1:
                self._found("doubled", episode_id, f"entries {seqs} have one cause")

    def _order(self, episode_id: str, entries: Sequence[Entry]) -> None:
        for number, (entry, before) in enumerate(zip(entries, [None, *entries], strict=False), start=1):
            if entry.header.seq != number:
                self._found("order", episode_id, f"entry {entry.header.seq} stands at place {number}")
            if before is not None and entry.header.at < before.header.at:
                self._found("order", episode_id, f"entry {entry.header.seq} is earlier than the one before")

    def _timers(self, episode_id: str, entries: Sequence[Entry]) -> None:
        """Each alarm fires, not before its time, before any command that comes later, and soon."""
        for before, entry in zip(entries, entries[1:], strict=False):
            due, seq = before.next_due_at, entry.header.seq
            if entry.fired:
                self._verdict.counts["fired"] += 1
                self._in_time(episode_id, seq, before, due)
            elif due is not None and due < moment(entry.header.at, "at"):
                self._found("order", episode_id, f"entry {seq} went before a timer that was due")
        last = entries[-1].next_due_at
        if last is not None and last < self._quiet:
            self._found("lost", episode_id, f"what was due after entry {len(entries)} did not fire")

    def _in_time(self, episode_id: str, seq: int, before: Entry, due: datetime | None) -> None:
        if due is None:
            self._found("invented", episode_id, f"entry {seq} fired although nothing was due")
            return
        committed = self._commits.get((episode_id, seq))
        if committed is None:
            self._found("proof", episode_id, f"nothing tells when entry {seq} was committed")
            return
        owed = max(self._wall(due), self._commits.get((episode_id, before.header.seq), 0.0))
        late = committed - owed
        unexcused = late - within(self._excused, owed, committed)
        self._verdict.late.append(late)
        self._verdict.unexcused.append(unexcused)
        if unexcused > MOST_LATE_SECONDS:
            when = (
                f"owed at {datetime.fromtimestamp(owed, UTC):%H:%M:%S}"  # so that what was late at once is seen as one
            )
            text = f"{when}: entry {seq} fired {late:.1f} s late, {unexcused:.1f} s without excuse"
            self._found("late", episode_id, text)
        if committed < self._wall(due) - MOST_EARLY_SECONDS:
            self._found("early", episode_id, f"entry {seq} fired {self._wall(due) - committed:.1f} s early")

    def _causes(self, episode_id: str, entries: Sequence[Entry], asked: Mapping[tuple[str, str], Asked]) -> None:
        """No entry that nobody asked for; a firing is the one after the entry before it."""
        for entry in entries:
            header = entry.header
            firing = cause_id(Tick.kind, CLOCK.id, episode_id, f"after {header.seq - 1}").hex()
            known = header.cause_id == firing if entry.fired else (episode_id, header.cause_id) in asked
            if not known:
                self._found("invented", episode_id, f"entry {header.seq} ({header.cause}) was asked for by nobody")

    def _rungs(self, episode_id: str, told: Sequence[Told]) -> None:
        """Each rung of each round is told once, and none is passed over."""
        for key, number in Counter(told).items():
            if number > 1:
                self._found("doubled", episode_id, f"rung {key.rung} of {key.about} was told {number} times at once")
        reached: dict[str, int] = {}
        for each in told:
            if each.rung not in {0, reached.get(each.about, -1) + 1}:
                self._found("order", episode_id, f"rung {each.rung} of {each.about} was told out of its turn")
            reached[each.about] = each.rung

    def _notices(self, told: Mapping[str, Sequence[Told]]) -> None:
        """Whatever was told stands in the inbox once, and nothing else does."""
        wanted = Counter((episode_id, each) for episode_id, rungs in told.items() for each in rungs)
        there: Counter[tuple[str, Told]] = Counter()
        for row in self._inbox():
            if row["kind"] == "reminder":
                there[(row["episode_id"], Told.of_notice(row))] += 1
            else:
                self._verdict.counts[f"notice {row['kind']} {row['name']}"] += 1
        for (episode_id, each), number in (wanted - there).items():
            self._found("lost", episode_id, f"{number} notice(s) of rung {each.rung} of {each.about}")
        for (episode_id, each), number in (there - wanted).items():
            self._found("doubled", episode_id, f"{number} notice(s) too many of rung {each.rung} of {each.about}")

    def _inbox(self) -> Iterator[dict[str, Any]]:
        before = None
        while True:
            page = self._system.queries.inbox(before=before, limit=500)
            yield from page.rows
            before = page.after
            if before is None:
                return

    def _deliveries(self) -> None:
        """Nothing waits once the system is quiet; every notice was taken at its route, and recorded as such once."""
        for each in self._system.deliveries.outgoing(limit=1000):
            self._found("lost", each.notice.episode_id, f"a notice still waits to be delivered by {each.route}")
        if self._arrived is None:
            return
        with self._system.store.read() as reader:
            rows = reader._sql.exec_driver_sql("SELECT episode_id, key FROM delivery WHERE result = 'delivered'").all()
        recorded = Counter((episode_id, key) for episode_id, key in rows)
        notices = {(row["episode_id"], row["key"]): reference_of(row) for row in self._inbox()}
        for notice, message in notices.items():
            if recorded[notice] != 1:
                what = "doubled" if recorded[notice] else "lost"
                self._found(what, notice[0], f"{notice[1]}: {recorded[notice]} deliveries")
            if not self._arrived[message]:
                self._found("lost", notice[0], f"{notice[1]} never arrived")
        for message in self._arrived.keys() - set(notices.values()):
            self._found("invented", "", f"a message arrived that tells of no notice: {message}")
        self._verdict.counts["arrived"] = len(self._arrived)
        self._verdict.counts["arrived again"] = sum(self._arrived.values()) - len(self._arrived)

    def _alarms(self) -> None:
        """Somebody was told that the wall was moved."""
        moved = any(each.what == "move wall" for each in self._history.outages)
        if moved and not any(name.startswith("notice clock") for name in self._verdict.counts):
            self._found("silent", "", "the wall was moved, and nobody was told")

    def _proofs(self) -> None:
        for verdict in self._system.replay.verify_all():
            for fault in verdict.faults:
                self._found("proof", verdict.episode_id, f"audit verify: entry {fault.seq}: {fault.what}")
        for compared in self._system.replay.replay_all():
            for name in compared.differs:
                self._found("proof", compared.episode_id, f"audit replay: {name}")
