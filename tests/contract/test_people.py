"""Goal: accounts are kept alike by every store: one change after the other, each key once, all on record."""

from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextlib import contextmanager, suppress
from dataclasses import replace
from datetime import timedelta
from typing import Any, cast

import pytest
from argon2 import PasswordHasher
from sqlalchemy import update

from orchestrator.audit.looks import Mac
from orchestrator.errors import Changed, Conflict, InputError, KeyReused, NotSignedIn
from orchestrator.service.people import passwords
from orchestrator.service.people.accounts import People
from orchestrator.service.people.guessing import LOCKED_AFTER
from orchestrator.service.people.linking import Linking, Setting
from orchestrator.service.people.recording import Author, DoneBefore
from orchestrator.service.people.signing import FIRST_LASTS, Signing
from orchestrator.service.ports import Store
from orchestrator.store.staff_tables import person, staff_record
from tests.contract.conftest import System

BY = Author("u-boss", "administrator")
ROLES = ("nurse", "lead", "administrator")
PASSWORD = "four plain words here"  # noqa: S105  of somebody who is made up


@pytest.fixture
def people(sut: System) -> People:
    return People(sut.store, sut.desk.keyring.look_mac, ROLES)


@pytest.fixture
def signing(sut: System) -> Signing:
    return Signing(sut.store, sut.desk.keyring.look_mac)


@pytest.fixture
def linking(sut: System) -> Linking:
    return Linking(sut.store, sut.desk.keyring.look_mac)


def test_a_key_does_it_once(people: People) -> None:
    by = replace(BY, key="k")
    person_id = people.add(by, login="nurse", name="Nurse", posts=[("N2", "nurse")])
    with pytest.raises(DoneBefore) as again:
        people.add(by, login="nurse", name="Nurse", posts=[("N2", "nurse")])
    assert (again.value.row.about, again.value.row.kind) == (person_id, "added")
    assert people.done(by) == again.value.row
    with pytest.raises(KeyReused):
        people.add(by, login="other", name="Nurse", posts=[("N2", "nurse")])
    with pytest.raises(KeyReused):
        people.unlock(by, person_id)
    people.unlock(replace(by, id="u-other"), person_id)  # keys belong to the actor
    assert [each["kind"] for each in people.records()] == ["added", "unlocked"]


def test_of_two_who_decide_at_once_one_is_told(sut: System, people: People) -> None:
    person_id = people.add(BY, login="nurse", name="Nurse")
    seen = people.person(person_id)["seq"]

    def decide(ward: str) -> bool:
        try:
            people.set_posts(Author(f"u-{ward}", "administrator", seen=seen), person_id, [(ward, "nurse")])
        except Changed:
            return False
        return True

    wards = [f"N{number}" for number in range(6)]
    with ThreadPoolExecutor(len(wards)) as pool:
        done = list(pool.map(decide, wards))
    assert done.count(True) == 1
    assert people.person(person_id)["posts"] == [{"ward": wards[done.index(True)], "role": "nurse"}]
    assert people.faults() == []


def test_what_does_not_change_the_account_does_not_hinder(people: People, signing: Signing) -> None:
    person_id = people.add(BY, login="nurse", name="Nurse", password=PASSWORD)
    seen = people.person(person_id)["seq"]
    signing.sign_in("nurse", PASSWORD)
    signing.make_token(BY, person_id, label="a program", scopes=["know"], days=1)
    people.change(replace(BY, seen=seen), person_id, name="Nora Nurse")
    with pytest.raises(Changed, match="changed this account meanwhile"):
        people.change(replace(BY, seen=seen), person_id, name="Nina Nurse")
    assert [each["detail"]["name"] for each in people.since(person_id, seen)] == ["Nora Nurse"]


def test_the_latest_changes_alone_can_be_checked(people: People, sut: System) -> None:
    for number in range(6):
        people.add(BY, login=f"nurse-{number}", name="Nurse")
    assert people.faults(3) == people.faults(6) == people.faults(100) == []
    with sut.store.change() as change:
        change._sql.execute(update(staff_record).where(staff_record.c.seq == 2).values(kind="ended"))
    assert [each.seq for each in people.faults()] == [2]
    assert people.faults(3) == [], "it lies before them"
    assert [each.seq for each in people.faults(5)] == [2]
    with sut.store.change() as change:
        change._sql.execute(update(staff_record).where(staff_record.c.seq == 4).values(kind="ended"))
    assert [each.seq for each in people.faults(3)] == [4]


def test_somebody_remains_administrator(people: People) -> None:
    nurse = people.add(BY, login="nurse", name="Nurse", posts=[("N2", "nurse")])
    people.set_posts(BY, nurse, [])  # while there is none, nobody is kept from anything
    first = people.add(BY, login="first", name="First", posts=[("*", "administrator")])
    with pytest.raises(Conflict, match="somebody must remain administrator"):
        people.set_posts(BY, first, [])
    with pytest.raises(Conflict, match="somebody must remain administrator"):
        people.end(BY, first)
    assert people.person(first)["posts"] == [{"ward": "*", "role": "administrator"}]
    assert people.person(first)["ended_at"] is None, "what was refused is undone as a whole"
    people.set_posts(BY, nurse, [("*", "administrator")])
    people.end(BY, first)


def test_an_identity_is_one_persons(people: People, linking: Linking, signing: Signing) -> None:
    nurse = people.add(BY, login="nurse", name="Nurse", password=PASSWORD)
    other = people.add(BY, login="other", name="Other")
    linking.link(BY, nurse, "https://login.example", "s-1")
    with pytest.raises(Conflict, match="another account"):
        linking.link(BY, other, "https://login.example", "s-1")
    assert linking.enter("https://login.example", "S-1") is None
    assert linking.enter("https://elsewhere.example", "s-1") is None
    found = linking.enter("https://login.example", "s-1")
    assert found is not None
    assert (found.principal.actor_id, found.principal.renew) == (nurse, False)
    with pytest.raises(NotSignedIn):
        signing.sign_in("nurse", PASSWORD)  # what somebody else gave and nobody used is gone
    linking.unlink(BY, nurse, "https://login.example", "s-1")
    assert signing.principal(found.token) is None
    linking.link(BY, other, "https://login.example", "s-1")
    assert people.faults() == []


def test_a_journey_is_tied_to_its_cookie(linking: Linking) -> None:
    cookie, trip = linking.set_out("http://us/back", Setting("/me", ""))
    setting, again = linking.returned(cookie, trip.state, "http://us/back")
    assert (setting, again) == (Setting("/me", ""), trip)
    assert len({trip.state, trip.nonce, trip.verifier}) == 3
    other, _ = linking.set_out("http://us/back", Setting("/me", ""))
    for told, state in ((other, trip.state), (cookie + "x", trip.state), ("", ""), (cookie, ""), (cookie, "ü")):
        with pytest.raises(NotSignedIn):
            linking.returned(told, state, "http://us/back")
    word = linking.vouched("u-1", "https://login.example", "s-1")
    assert linking.read_vouched(word, "u-1") == ("https://login.example", "s-1")
    for told, person_id in ((word, "u-2"), (word[:-1], "u-1"), (f"x{word}", "u-1"), ("", "u-1"), ("ü.ü", "u-1")):
        with pytest.raises(InputError):
            linking.read_vouched(told, person_id)


def test_sessions_are_named_without_opening_anything(people: People, signing: Signing) -> None:
    person_id = people.add(BY, login="nurse", name="Nurse", password=PASSWORD)
    first, second = signing.sign_in("nurse", PASSWORD), signing.sign_in("nurse", PASSWORD)
    listed = signing.sessions(person_id, second.principal.session)
    assert sorted(each["own"] for each in listed) == [False, True]
    assert all(signing.principal(each["session_id"]) is None for each in listed)
    signing.end_sessions(BY, person_id, next(each["session_id"] for each in listed if not each["own"]))
    assert signing.principal(first.token) is None
    assert signing.principal(second.token) is not None
    signing.end_sessions(BY, person_id)
    assert signing.principal(second.token) is None


def test_a_first_password_that_nobody_used_opens_nothing_after_a_week(sut: System, people: People) -> None:
    person_id, signing = people.add(BY, login="nurse", name="Nurse", password=PASSWORD), Signing(sut.store, _mac(sut))
    assert signing.sign_in("nurse", PASSWORD).principal.renew
    with sut.store.change() as change:
        old = change.times().wall - FIRST_LASTS - timedelta(minutes=1)
        change._sql.execute(update(staff_record).where(staff_record.c.kind == "added").values(at=old))
    with pytest.raises(NotSignedIn):
        signing.sign_in("nurse", PASSWORD)
    people.set_password(BY, person_id, PASSWORD)
    assert signing.sign_in("nurse", PASSWORD).principal.renew, "another one was given"
    people.set_password(Author(person_id, ""), person_id, PASSWORD)
    with sut.store.change() as change:
        change._sql.execute(update(staff_record).values(at=old))
    assert not signing.sign_in("nurse", PASSWORD).principal.renew, "the own one lasts"


def test_a_hash_of_other_parameters_is_made_anew_whatever_the_password(sut: System, people: People) -> None:
    person_id, easy = people.add(BY, login="nurse", name="Nurse", password=PASSWORD), "password1234"
    with pytest.raises(InputError):
        people.set_password(BY, person_id, easy)
    weak = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1).hash(easy)  # chosen when it was good enough
    with sut.store.change() as change:
        change._sql.execute(update(person).values(password_hash=weak))
    signing = Signing(sut.store, _mac(sut))
    assert signing.sign_in("nurse", easy)
    with sut.store.read() as reader:
        found = reader.person(person_id)
    assert found is not None
    assert not passwords.outdated(found.password_hash)
    assert signing.sign_in("nurse", easy)


def test_nobody_waits_while_a_password_is_hashed(sut: System, monkeypatch: pytest.MonkeyPatch) -> None:
    """A store takes one change at a time where it is SQLite: a hash in one would hold up every timer that is due."""
    store = _Open(sut.store)
    hasher = _Hashing(passwords._HASHER.hash, store)
    monkeypatch.setattr(passwords, "_HASHER", hasher)
    people = People(cast("Store", store), _mac(sut), ROLES)
    boss = people.first(login="boss", name="Boss", password=PASSWORD)
    people.set_password(BY, boss, PASSWORD)
    people.add(BY, login="nurse", name="Nurse", password=PASSWORD)
    assert hasher.found_open == [0, 0, 0]


class _Open:
    """A store that counts its open changes."""

    def __init__(self, store: Store) -> None:
        self._store, self.open = store, 0

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401  it stands for a store
        return getattr(self._store, name)

    @contextmanager
    def change(self) -> Iterator[Any]:  # noqa: ANN401  it stands for a store
        with self._store.change() as change:
            self.open += 1
            yield change
            self.open -= 1


class _Hashing:
    """Hashes, and notes how many changes are open meanwhile."""

    def __init__(self, work: Callable[[str], str], store: _Open) -> None:
        self._work, self._store = work, store
        self.found_open: list[int] = []

    def hash(self, password: str) -> str:
        self.found_open.append(self._store.open)
        return self._work(password)


def _mac(sut: System) -> Mac:
    return sut.desk.keyring.look_mac


class _Slow:
    """A store on which somebody is slow: behind his first look at an account comes what others do meanwhile."""

    def __init__(self, store: Store, meanwhile: Callable[[], None]) -> None:
        self._store, self._meanwhile = store, meanwhile

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401  it stands for a store
        return getattr(self._store, name)

    @contextmanager
    def change(self) -> Iterator[Any]:  # noqa: ANN401  it stands for a store
        with self._store.change() as change:
            yield _Looked(change, self._meanwhile)


class _Looked:
    def __init__(self, change: Any, meanwhile: Callable[[], None]) -> None:  # noqa: ANN401  it stands for a store
        self._change, self._meanwhile = change, meanwhile

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401  it stands for a store
        return getattr(self._change, name)

    def person(self, person_id: str) -> Any:  # noqa: ANN401  it stands for a store
        found = self._change.person(person_id)
        self._meanwhile()
        return found


@pytest.mark.parametrize("way", ["password", "provider"])
def test_who_comes_in_while_the_account_is_ended_brings_it_not_back(
    sut: System, people: People, linking: Linking, way: str
) -> None:
    person_id = people.add(BY, login="nurse", name="Nurse", password=PASSWORD)
    linking.link(BY, person_id, "https://login.example", "s-1")
    with ThreadPoolExecutor(1) as pool:
        ended: list[Future[None]] = []

        def meanwhile() -> None:
            if not ended:
                ended.append(pool.submit(people.end, BY, person_id))
                wait(ended, timeout=0.3)  # it is done, or waits for its turn

        slow = cast("Store", _Slow(sut.store, meanwhile))
        mac = sut.desk.keyring.look_mac
        with suppress(NotSignedIn):
            if way == "provider":
                Linking(slow, mac).enter("https://login.example", "s-1")
            else:
                Signing(slow, mac).sign_in("nurse", PASSWORD)
    ended[0].result()
    assert people.person(person_id)["ended_at"] is not None
    assert people.person(person_id)["signs_in"] is False
    with sut.store.read() as reader:
        assert reader.sessions(person_id) == []
    assert people.faults() == []


def test_many_guesses_at_once_are_no_more_than_one_after_the_other(sut: System, people: People) -> None:
    """A password that was tried before the account was locked, and comes to its turn after, opens nothing."""
    people.add(BY, login="nurse", name="Nurse", password=PASSWORD)
    mac = sut.desk.keyring.look_mac
    others = Signing(sut.store, mac)

    def guess() -> None:
        for _ in range(LOCKED_AFTER):
            with suppress(NotSignedIn):
                others.sign_in("nurse", "not the password")

    with pytest.raises(NotSignedIn):
        Signing(cast("Store", _Late(sut.store, guess)), mac).sign_in("nurse", PASSWORD)


class _Late(_Slow):
    """A store on which others are first, once somebody wants to change something."""

    @contextmanager
    def change(self) -> Iterator[Any]:  # noqa: ANN401  it stands for a store
        self._meanwhile()
        with self._store.change() as change:
            yield change
