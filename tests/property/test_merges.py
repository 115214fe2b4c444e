"""Goal: whatever is merged and taken back, records are one patient's exactly where a chain of merges joins them.

Hypothesis enrols, merges, separates and closes; a set of pairs is the model. Each number finds the episodes of its
patient and no others; no episode ever changes its record; taking everything back leaves everything as it began.
"""

from collections.abc import Iterator

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from orchestrator.clock import VirtualClock
from orchestrator.episode.commands import Close
from orchestrator.errors import AlreadyEnrolled, Conflict
from orchestrator.service.enrolment import Identifier
from orchestrator.service.handlers import Request, new_key
from orchestrator.service.people.looking import Who
from orchestrator.service.people.principal import Principal
from orchestrator.service.people.recording import Author
from orchestrator.service.people.sight import Sight
from orchestrator.store.opening import open_throwaway
from tests.contract.conftest import system
from tests.factories import CLINICIAN, T0, enrolment

LEAD = Principal("u-lead", "Lead", frozenset({("*", "lead")}))
BY = Author("u-lead", "lead")
NUMBERS = tuple("123456")
NUMBER = st.sampled_from(NUMBERS)


class Merges(RuleBasedStateMachine):
    @initialize()
    def begin(self) -> None:
        clock = VirtualClock(T0)
        self.sut = system(*open_throwaway(clock), clock)
        self.sight = Sight(self.sut.desk, self.sut.desk.keyring.look_mac)
        self.links: dict[str, str] = {}  # number of the replaced record: that of the kept one
        self.first = {each: self._enrolled(each, "other") for each in NUMBERS}
        self.record = {each: self._patient(episode) for each, episode in self.first.items()}
        self.episodes = {each: {episode} for each, episode in self.first.items()}
        self.open: set[str] = set()  # numbers whose record has an open episode on the pathway `small`

    @rule(kept=NUMBER, replaced=NUMBER)
    def merge(self, kept: str, replaced: str) -> None:
        possible = replaced not in self.links and replaced not in self._one(kept)
        try:
            told = self.sight.compare(LEAD, Who("u-lead", "lead"), self.first[kept], Identifier("mrn", replaced))
            self.sight.merging.merge(
                LEAD, BY, self.first[kept], told["record"], compared=told["compared"], reason="the same"
            )
        except Conflict:
            assert not possible
        else:
            assert possible
            twice = len((self._one(kept) | self._one(replaced)) & self.open) > 1
            assert ("small" in {each["pathway"] for each in told["open_twice"]}) is twice
            self.links[replaced] = kept

    @rule(at=NUMBER, replaced=NUMBER)
    def take_back(self, at: str, replaced: str) -> None:
        possible = replaced in self.links and replaced in self._one(at)
        try:
            self.sight.merging.unmerge(LEAD, BY, self.first[at], self.record[replaced], "mistaken")
        except Conflict:
            assert not possible
        else:
            assert possible
            del self.links[replaced]

    @rule(number=NUMBER)
    def enrol(self, number: str) -> None:
        try:
            made = self._enrolled(number, "small")
        except AlreadyEnrolled:
            assert self._one(number) & self.open
        else:
            assert not self._one(number) & self.open
            self.episodes[number].add(made)
            self.open.add(number)

    @precondition(lambda self: self.open)
    @rule(data=st.data())
    def close(self, data: st.DataObject) -> None:
        number = data.draw(st.sampled_from(sorted(self.open)))
        with self.sut.store.read() as reader:
            episode = reader.open_enrolment(self.record[number], "small")
        assert episode is not None
        assert self.sut.handlers.execute(Request(episode, Close("recovered"), CLINICIAN, new_key())).accepted
        self.open.remove(number)

    @invariant()
    def each_number_finds_its_patient(self) -> None:
        for number in NUMBERS:
            one = self._one(number)
            found = self.sut.queries.episodes_of(Identifier("mrn", number))
            assert {each["episode_id"] for each in found} == set().union(*(self.episodes[each] for each in one))
            records = {each["patient_id"]: each for each in found}
            assert set(records) == {self.record[each] for each in one}
            for each in one:
                assert {row["episode_id"] for row in found if row["patient_id"] == self.record[each]} == self.episodes[
                    each
                ]

    @invariant()
    def one_of_them_is_kept(self) -> None:
        for number in NUMBERS:
            told = self.sight.merging.person(lambda _: True, self.first[number])["records"]
            names = {record: each for each, record in self.record.items()}
            assert {names[each["patient_id"]]: each["replaced_by"] for each in told} == {
                each: self.record.get(self.links.get(each, "")) for each in self._one(number)
            }
            assert told[0]["replaced_by"] is None

    def teardown(self) -> None:
        for replaced in list(self.links):
            self.sight.merging.unmerge(LEAD, BY, self.first[replaced], self.record[replaced], "all of it")
            del self.links[replaced]
        self.each_number_finds_its_patient()
        assert self.sight.check_all().faults == ()
        self.sut.store.close()

    def _one(self, number: str) -> set[str]:
        """Return the numbers that are one patient's: all that merges join with this one."""
        found = {number}
        while more := set(self._near(found)) - found:
            found |= more
        return found

    def _near(self, numbers: set[str]) -> Iterator[str]:
        for replaced, kept in self.links.items():
            if {replaced, kept} & numbers:
                yield from (replaced, kept)

    def _enrolled(self, number: str, pathway: str) -> str:
        return self.sut.enrolments.enrol(enrolment(number, pathway=pathway)).episode_id

    def _patient(self, episode: str) -> str:
        return str(self.sut.queries.show(episode)["patient_id"])


TestMerges = Merges.TestCase
TestMerges.settings = settings(max_examples=15, stateful_step_count=20, suppress_health_check=list(HealthCheck))
