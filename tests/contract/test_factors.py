"""Goal: every store takes a code once, whoever sends it at the same moment; what it keeps opens nothing by itself."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any, cast

import pyotp
import pytest
from sqlalchemy import insert, select

from orchestrator.audit.keys import Keyring
from orchestrator.errors import Conflict, InputError, NotFound, NotSignedIn, WrongKey
from orchestrator.service.people import codes
from orchestrator.service.people.accounts import People
from orchestrator.service.people.factors import SETS_UP, Factors
from orchestrator.service.people.guessing import FIRST_LOCK, LOCKED_AFTER
from orchestrator.service.people.halfway import WAITS, CodeNeeded
from orchestrator.service.people.principal import Principal
from orchestrator.service.people.recording import Author, DoneBefore
from orchestrator.service.people.signing import SignedIn, Signing
from orchestrator.service.ports import Store
from orchestrator.store import staff_tables
from tests.contract.conftest import System

BY = Author("u-boss", "administrator")
PASSWORD = "four plain words here"  # noqa: S105  of somebody who is made up
STEP = timedelta(seconds=codes.STEP_SECONDS)


class _At:
    """A store whose wall stands until the test moves it: were it to run, a half minute could end between two lines."""

    def __init__(self, store: Store) -> None:
        self._store, self.passed = store, timedelta()
        with store.read() as reader:
            self._began = reader.times().wall

    @contextmanager
    def read(self) -> Iterator[Any]:  # noqa: ANN401  it stands for a store
        with self._store.read() as reader:
            yield _Standing(reader, self._began + self.passed)

    @contextmanager
    def change(self) -> Iterator[Any]:  # noqa: ANN401  it stands for a store
        with self._store.change() as change:
            yield _Standing(change, self._began + self.passed)


class _Standing:
    def __init__(self, inner: Any, wall: datetime) -> None:  # noqa: ANN401  it stands for a store
        self._inner, self._wall = inner, wall

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401  it stands for a store
        return getattr(self._inner, name)

    def times(self) -> Any:  # noqa: ANN401  it stands for a store
        return self._inner.times()._replace(wall=self._wall)


@dataclass
class House:
    """A nurse's account, with a way to be asked and to be let in."""

    at: _At
    ring: Keyring
    demanded: frozenset[str] = frozenset()
    app: pyotp.TOTP | None = None
    recovery: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        store, mac = cast("Store", self.at), self.ring.look_mac
        self.people = People(store, mac, ("nurse", "administrator"))
        self.signing = Signing(store, mac, self.demanded)
        self.factors = Factors(store, self.ring, mac, self.signing, "carepath")

    def add(self, login: str = "nurse") -> str:
        return self.people.add(BY, login=login, name=login.title(), password=PASSWORD, posts=[("N2", "nurse")])

    def set_up(self, me: Principal) -> None:
        """Add an app to an account, and go on by half a minute."""
        self.app = pyotp.TOTP(codes.plain(self.factors.start(me).letters))
        self.recovery = self.factors.confirm(Author(me.actor_id, "nurse"), me, self.code())
        self.at.passed += STEP

    def code(self, later: int = 0) -> str:
        """Return what the app shows, so many half minutes from now."""
        assert self.app is not None
        with self.at.read() as reader:
            return self.app.at(reader.times().wall + later * STEP)

    def asked(self) -> str:
        """Return what a browser holds after the password."""
        with pytest.raises(CodeNeeded) as needed:
            self.signing.sign_in("nurse", PASSWORD)
        return needed.value.token


@pytest.fixture
def house(sut: System) -> House:
    return House(_At(sut.store), sut.desk.keyring)


@pytest.fixture
def nurse(house: House) -> Principal:
    """A nurse with an app, who is signed in."""
    house.add()
    signed_in = house.signing.sign_in("nurse", PASSWORD)
    house.set_up(signed_in.principal)
    return signed_in.principal


def test_after_the_password_comes_a_code_and_each_is_taken_once(house: House, nurse: Principal) -> None:
    waiting, other = house.asked(), house.asked()
    assert house.signing.principal(waiting) is None, "what waits for a code is no session"
    assert house.factors.waits(waiting)
    code = house.code()
    found = house.factors.finish(waiting, code)
    assert house.signing.principal(found.token) is not None
    assert not house.factors.waits(waiting)
    for again in (waiting, other, house.asked()):
        with pytest.raises(NotSignedIn):
            house.factors.finish(again, code)
    house.at.passed += STEP
    with pytest.raises(NotSignedIn):
        house.factors.finish(other, house.code(-1))  # it would still hold, were it not used up
    assert house.factors.finish(other, house.code()).principal.actor_id == nurse.actor_id
    assert house.people.faults() == []
    last = house.people.records()[-1]
    assert (last["kind"], last["detail"]) == ("signed-in", {"factor": "app"})


def test_clocks_may_part_by_half_a_minute(house: House, nurse: Principal) -> None:
    for later in (-2, 2):
        with pytest.raises(NotSignedIn):
            house.factors.finish(house.asked(), house.code(later))
    house.at.passed += 4 * STEP
    for later in (-1, 0, 1):
        assert house.factors.finish(house.asked(), house.code(later))


@pytest.mark.parametrize("kind", ["app", "recovery-code"])
def test_of_many_who_send_a_code_at_once_one_comes_in(house: House, nurse: Principal, kind: str) -> None:
    waiting, code = [house.asked() for _ in range(4)], house.code() if kind == "app" else house.recovery[0]
    found = _at_once(lambda token: house.factors.finish(token, code), waiting)
    assert sum(each is not None for each in found) == 1
    assert house.people.faults() == []


def test_a_recovery_code_opens_once_and_none_is_kept_as_it_is(sut: System, house: House, nurse: Principal) -> None:
    first = house.recovery[0]
    assert house.factors.finish(house.asked(), f" {first.upper().replace('-', ' ')} ")
    told = house.factors.of(nurse.actor_id)
    assert told is not None
    assert told["recovery_codes"] == codes.RECOVERY_CODES - 1
    with pytest.raises(NotSignedIn):
        house.factors.finish(house.asked(), first)
    second = house.factors.renew(Author(nurse.actor_id, "nurse"), _again(house, nurse), house.code())
    with pytest.raises(NotSignedIn):
        house.factors.finish(house.asked(), house.recovery[1])
    assert house.factors.finish(house.asked(), second[0])
    with sut.store.change() as change:
        kept = b"".join(row[0] for row in change._sql.execute(select(staff_tables.recovery_code.c.code_hash)))
    assert not any(codes.plain(each).encode() in kept for each in second)


def test_the_store_alone_opens_nothing(sut: System, house: House, nurse: Principal) -> None:
    assert house.app is not None
    with sut.store.read() as reader:
        row = reader.factor(nurse.actor_id)
    assert row is not None
    secret = house.app.byte_secret()
    assert secret not in row.sealed
    assert house.app.secret.encode() not in row.sealed
    assert house.ring.open_factor(row.kek_id, row.sealed, nurse.actor_id) == secret
    with pytest.raises(WrongKey):
        house.ring.open_factor(row.kek_id, row.sealed, "u-other")  # another person's row takes it nowhere
    stranger = Keyring({row.kek_id: replace(house.ring.active, secret=bytes(32))}, row.kek_id, bytes(32))
    with pytest.raises(WrongKey):
        stranger.open_factor(row.kek_id, row.sealed, nurse.actor_id)
    told = str(house.people.records()) + str(house.people.person(nurse.actor_id)) + repr(house.people.people())
    assert house.app.secret not in told


def test_wrong_codes_lock_and_the_password_alone_unlocks_nothing(house: House, nurse: Principal) -> None:
    waiting = house.asked()
    for _ in range(LOCKED_AFTER):
        with pytest.raises(NotSignedIn, match="does not fit"):
            house.factors.finish(house.asked(), "not a code")  # asked anew each time: that counts nothing back
    with pytest.raises(NotSignedIn, match="locked"):
        house.factors.finish(waiting, house.code())
    with pytest.raises(NotSignedIn) as refused:
        house.signing.sign_in("nurse", PASSWORD)
    assert not isinstance(refused.value, CodeNeeded), "that the password is right is not told while it is locked"
    again = _again(house, nurse)
    house.signing.check_password(again, PASSWORD)  # who is in already goes on, in an emergency too
    house.at.passed += FIRST_LOCK + STEP
    assert house.factors.finish(waiting, house.code())
    assert house.people.person(nurse.actor_id)["locked_until"] is None


def test_a_code_comes_in_time_or_not_at_all(house: House, nurse: Principal) -> None:
    changed = house.asked()
    house.people.set_password(Author(nurse.actor_id, "nurse"), nurse.actor_id, PASSWORD)
    with pytest.raises(NotSignedIn, match="in time"):
        house.factors.finish(changed, house.code())
    house.people.set_password(BY, nurse.actor_id, PASSWORD)
    late = house.asked()  # whoever gives another password leaves the factor as it is
    house.at.passed += WAITS
    assert not house.factors.waits(late)
    with pytest.raises(NotSignedIn, match="in time"):
        house.factors.finish(late, house.code())
    with pytest.raises(NotSignedIn, match="in time"):
        house.factors.finish("", house.code())
    house.at.passed += STEP
    house.asked()
    with house.at.read() as reader:
        left = reader._sql.execute(select(staff_tables.pending_sign_in.c.person_id)).all()
    assert len(left) == 1, "what is over is cleared away by the next one"
    ended = house.asked()
    house.people.end(BY, nurse.actor_id)
    with pytest.raises(NotSignedIn):
        house.factors.finish(ended, house.code())
    assert house.factors.of(nurse.actor_id) is None


def test_an_app_counts_from_its_first_code_on(house: House) -> None:
    house.add()
    here, there = house.signing.sign_in("nurse", PASSWORD), house.signing.sign_in("nurse", PASSWORD)
    me, by = here.principal, Author(here.principal.actor_id, "nurse", key="k")
    first = house.factors.start(me)
    assert house.signing.sign_in("nurse", PASSWORD), "nobody is asked for what was not confirmed"
    house.app = pyotp.TOTP(codes.plain(house.factors.start(me).letters))
    with pytest.raises(InputError):
        house.factors.confirm(by, me, pyotp.TOTP(codes.plain(first.letters)).now())
    assert len(house.factors.confirm(by, me, house.code())) == codes.RECOVERY_CODES
    with pytest.raises(DoneBefore):
        house.factors.confirm(by, me, house.code())
    with pytest.raises(NotFound):
        house.factors.confirm(replace(by, key=""), me, house.code())
    with pytest.raises(Conflict):
        house.factors.start(me)
    assert house.signing.principal(there.token) is None, "what was opened by the password alone ends"
    assert house.signing.principal(here.token) is not None
    with pytest.raises(NotSignedIn):
        house.factors.finish(house.asked(), house.code())  # the code that confirmed it is used up
    assert [each["kind"] for each in house.people.records()].count("factor") == 1


def test_a_new_secret_waits_for_its_first_code_for_a_while(house: House) -> None:
    house.add()
    me = house.signing.sign_in("nurse", PASSWORD).principal
    house.app = pyotp.TOTP(codes.plain(house.factors.start(me).letters))
    house.at.passed += SETS_UP
    with pytest.raises(NotFound, match="begin again"):
        house.factors.confirm(Author(me.actor_id, "nurse"), me, house.code())


def test_whoever_must_have_one_is_led_to_it(house: House) -> None:
    house = House(house.at, house.ring, frozenset({"nurse"}))
    house.add()
    signed_in = house.signing.sign_in("nurse", PASSWORD)
    assert signed_in.principal.bare
    house.set_up(signed_in.principal)
    assert _seen(house, signed_in).bare is False
    assert house.factors.finish(house.asked(), house.code()).principal.bare is False
    house.at.passed += STEP
    me = _again(house, signed_in.principal)
    house.factors.end(Author(me.actor_id, "nurse"), me, house.code())
    with house.at.read() as reader:
        assert [each.bare for each in reader.sessions(me.actor_id)] == [True], "the others ended, this one leads there"
    everybody = House(house.at, house.ring, frozenset({"all"}))
    assert everybody.signing.sign_in("nurse", PASSWORD).principal.bare
    others = House(house.at, house.ring, frozenset({"administrator"}))
    assert not others.signing.sign_in("nurse", PASSWORD).principal.bare


def test_a_lost_one_is_taken_off_for_a_reason_and_the_own_one_with_a_code(house: House, nurse: Principal) -> None:
    by = replace(BY, key="k")
    for reason in ("", " ", "x" * 501, "two\nlines"):
        with pytest.raises(InputError):
            house.factors.take_off(by, nurse.actor_id, reason)
    with pytest.raises(InputError, match="own page"):
        house.factors.take_off(Author(nurse.actor_id, "administrator"), nurse.actor_id, "mine")
    with pytest.raises(NotSignedIn):
        house.factors.end(Author(nurse.actor_id, "nurse"), _again(house, nurse), "000000 1")
    house.factors.take_off(by, nurse.actor_id, "lost the telephone")
    with pytest.raises(DoneBefore):
        house.factors.take_off(by, nurse.actor_id, "lost the telephone")
    with pytest.raises(Conflict):
        house.factors.take_off(BY, nurse.actor_id, "once more")
    with pytest.raises(NotFound):
        house.factors.take_off(BY, "u-nobody", "why")
    assert house.signing.sign_in("nurse", PASSWORD).principal.actor_id == nurse.actor_id
    told = house.factors.taken_off(nurse.actor_id)
    assert told is not None
    assert (told["reason"], told["by_name"]) == ("lost the telephone", "u-boss")
    house.set_up(house.signing.sign_in("nurse", PASSWORD).principal)
    assert house.factors.taken_off(nurse.actor_id) is None, "there is another by now"
    assert house.people.faults() == []


def _again(house: House, me: Principal) -> Principal:
    """Return the same person with a session that lives."""
    with house.at.change() as change:
        session = staff_tables.session
        hashed = (me.session or b"")[:-1] + b"!"
        wall = change.times().wall
        change.end_session(hashed)
        row = {"session_hash": hashed, "person_id": me.actor_id, "made_at": wall, "seen_at": wall, "bare": False}
        change._sql.execute(insert(session).values(**row))
    return me._replace(session=hashed)


def _seen(house: House, signed_in: SignedIn) -> Principal:
    found = house.signing.principal(signed_in.token)
    assert found is not None
    return found


def _at_once(work: Callable[[str], SignedIn], tokens: list[str]) -> list[SignedIn | None]:
    def tried(token: str) -> SignedIn | None:
        try:
            return work(token)
        except NotSignedIn:
            return None

    with ThreadPoolExecutor(len(tokens)) as pool:
        return list(pool.map(tried, tokens))
