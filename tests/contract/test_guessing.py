"""Goal: whoever guesses passwords learns nothing and gets nowhere, and shuts out nobody who is at work."""

from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import timedelta

import pytest
from argon2 import PasswordHasher
from sqlalchemy import select, update

from orchestrator.errors import NotSignedIn
from orchestrator.service.people import passwords
from orchestrator.service.people.accounts import People
from orchestrator.service.people.guessing import (
    ALTOGETHER,
    APART,
    AT_ONCE,
    FIRST_LOCK,
    FORGOTTEN,
    KNOWN_FOR,
    LOCKED_AFTER,
    LONGEST_LOCK,
    Whence,
    network,
)
from orchestrator.service.people.recording import Author
from orchestrator.service.people.signing import NOWHERE, Signing
from orchestrator.store.staff_tables import browser, guess
from tests.contract.conftest import System

BY = Author("u-boss", "administrator")
PASSWORD = "four plain words here"  # noqa: S105  of somebody who is made up
WARD, ELSEWHERE = Whence("192.0.2.7"), Whence("198.51.100.9")


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Hash with little work: what is counted is the same, and there are many guesses."""
    monkeypatch.setattr(passwords, "_HASHER", PasswordHasher(time_cost=1, memory_cost=8, parallelism=1))
    nobodys = passwords.hashed("nobody has this password")
    monkeypatch.setattr(passwords, "_none", lambda: nobodys)


@pytest.fixture
def people(sut: System) -> People:
    made = People(sut.store, sut.desk.keyring.look_mac, ("nurse",))
    for login in ("nora", "nils"):
        made.add(BY, login=login, name=login.capitalize(), password=PASSWORD)
    return made


@pytest.fixture
def signing(sut: System, people: People) -> Signing:
    del people
    return Signing(sut.store, sut.desk.keyring.look_mac)


def comes_in(signing: Signing, login: str, whence: Whence = WARD) -> bool:
    try:
        return bool(signing.sign_in(login, PASSWORD, whence))
    except NotSignedIn:
        return False


def told(signing: Signing, login: str, whence: Whence = ELSEWHERE) -> str:
    with pytest.raises(NotSignedIn) as error:
        signing.sign_in(login, "not the password", whence)
    return str(error.value)


def guessed(signing: Signing, login: str, whence: Whence = ELSEWHERE, times: int = LOCKED_AFTER) -> None:
    for _ in range(times):
        told(signing, login, whence)


def from_wherever(signing: Signing, login: str) -> None:
    """Guess from more and more addresses, until none more is taken from any."""
    for number in range(ALTOGETHER // LOCKED_AFTER):
        guessed(signing, login, Whence(f"203.0.113.{number}"))


def failures(sut: System) -> list[int]:
    with sut.store.read() as reader:
        return sorted(row[0] for row in reader._sql.execute(select(guess.c.failures)))


def later(sut: System, gone: timedelta) -> None:
    """Let so much time pass for all counts: the wall itself is nobody's to move."""
    with sut.store.change() as change:
        for row in change._sql.execute(select(guess)).all():
            same = (guess.c.who == row.who) & (guess.c.whence == row.whence)
            change._sql.execute(update(guess).where(same).values(free_at=row.free_at - gone))


def test_a_strangers_guesses_keep_nobody_from_the_own_workstation(signing: Signing) -> None:
    known = WARD._replace(browser=signing.sign_in("nora", PASSWORD, WARD).browser)
    from_wherever(signing, "nora")
    assert not comes_in(signing, "nora"), "from a browser that nobody knows it is locked"
    assert comes_in(signing, "nora", known)
    assert comes_in(signing, "nora", known._replace(address="198.51.100.77")), "it is the browser that is known"
    assert comes_in(signing, "nils"), "nobody else's account is locked"
    assert not comes_in(signing, "nora"), "who came in at work opens nothing to strangers"


def test_a_stranger_elsewhere_locks_nobody_out_of_the_house(signing: Signing) -> None:
    """At a workstation on which somebody never was, what counts is what was tried from the same address."""
    guessed(signing, "nora", ELSEWHERE, 3 * LOCKED_AFTER)
    assert not comes_in(signing, "nora", ELSEWHERE)
    assert comes_in(signing, "nora")


def test_a_known_browser_has_guesses_of_its_own_and_no_more(signing: Signing) -> None:
    known = WARD._replace(browser=signing.sign_in("nora", PASSWORD, WARD).browser)
    guessed(signing, "nora", known)
    assert not comes_in(signing, "nora", known), "whoever sits there guesses as little as others"
    assert comes_in(signing, "nora"), "and locks nobody out elsewhere"
    strange = known._replace(browser=signing.sign_in("nils", PASSWORD, known).browser)
    assert strange == known, "a shared workstation keeps one name"
    assert comes_in(signing, "nils", known)


def test_a_browser_is_known_for_whom_it_knows_alone(sut: System, signing: Signing) -> None:
    known = ELSEWHERE._replace(browser=signing.sign_in("nils", PASSWORD, ELSEWHERE).browser)
    from_wherever(signing, "nora")
    assert not comes_in(signing, "nora", known), "an own account gives no further guesses at another"
    for made_up in ("", "cpb_", "cpb_" + "x" * 43, "x" * 5000, "\udcff"):
        assert not comes_in(signing, "nora", Whence("192.0.2.7", made_up))
    with sut.store.change() as change:
        past = update(browser).values(seen_at=change.times().wall - KNOWN_FOR - timedelta(days=1))
        change._sql.execute(past)
    assert signing.sign_in("nils", PASSWORD, Whence("192.0.2.1")).browser != known.browser
    with sut.store.read() as reader:
        assert len(reader._sql.execute(select(browser)).all()) == 1, "what was not used for so long is forgotten"


def test_each_lock_is_longer_up_to_a_quarter_of_an_hour(sut: System, signing: Signing) -> None:
    guessed(signing, "nora")
    waits = []
    for _ in range(7):
        with sut.store.read() as reader:
            wall = reader.times().wall
            waits.append(max(row[0] for row in reader._sql.execute(select(guess.c.free_at))) - wall)
        guessed(signing, "nora", times=3)  # while it is locked nothing is counted
        later(sut, LONGEST_LOCK)
        guessed(signing, "nora", times=1)
    wanted = [min(FIRST_LOCK * 2**number, LONGEST_LOCK) for number in range(7)]
    assert all(wait <= want < wait + timedelta(seconds=20) for wait, want in zip(waits, wanted, strict=True)), waits
    later(sut, LONGEST_LOCK + FORGOTTEN)
    guessed(signing, "nora", times=LOCKED_AFTER - 1)
    assert comes_in(signing, "nora", ELSEWHERE), "after a quiet day it begins anew"


def test_nobody_learns_who_has_an_account(sut: System, signing: Signing) -> None:
    addresses = [Whence(f"{login}{number % 8}") for login in "xy" for number in range(48)]
    said = [told(signing, "nora" if whence.address[0] == "x" else "nobody", whence) for whence in addresses]
    assert said[:48] == said[48:]
    counted = failures(sut)
    assert counted[::2] == counted[1::2], "as many of the one as of the other"
    with sut.store.read() as reader:
        kept = b"".join(row.who + row.whence for row in reader._sql.execute(select(guess)))
    assert not [each for each in (b"nobody", b"nora") if each in kept], "what is typed as a login may be a password"


def test_one_forgetful_person_shuts_out_no_ward(sut: System, signing: Signing) -> None:
    for _ in range(20):
        guessed(signing, "nora", WARD)
        later(sut, LONGEST_LOCK)
    guessed(signing, "nora", WARD, 3 * AT_ONCE)
    assert not comes_in(signing, "nora")
    assert comes_in(signing, "nils")


def test_who_tries_many_logins_is_slowed_down_and_known_browsers_are_let_in(sut: System, signing: Signing) -> None:
    known = WARD._replace(browser=signing.sign_in("nora", PASSWORD, WARD).browser)
    said = [told(signing, f"login-{number}", WARD) for number in range(AT_ONCE + 1)]
    assert "do not fit" in said[AT_ONCE - 1]
    assert "too many wrong passwords came from here" in said[AT_ONCE]
    assert not comes_in(signing, "nils"), "a right one among them would be what is looked for"
    assert comes_in(signing, "nora", known)
    assert comes_in(signing, "nils", ELSEWHERE)
    later(sut, APART)
    assert "do not fit" in told(signing, "login-x", WARD)
    assert "too many" in told(signing, "login-y", WARD), "one more each so often"
    later(sut, APART)
    assert comes_in(signing, "nils")


def test_guesses_at_once_and_of_several_processes_count_together(sut: System, signing: Signing) -> None:
    others = [Signing(sut.store, sut.desk.keyring.look_mac) for _ in range(4)]

    def guess_on(number: int) -> None:
        with suppress(NotSignedIn):
            others[number % 4].sign_in("nora", f"not the password {number}", ELSEWHERE)

    with ThreadPoolExecutor(12) as pool:
        list(pool.map(guess_on, range(24)))
    assert failures(sut) == [LOCKED_AFTER] * 3, "five were tried, whoever came in between"
    assert not comes_in(signing, "nora", ELSEWHERE)


def test_an_administrator_unlocks_what_anybody_locked(people: People, signing: Signing) -> None:
    from_wherever(signing, "nora")
    nora = people.called("nora")
    assert people.person(nora)["locked_until"] is not None
    assert [each["login"] for each in people.people() if each["locked_until"]] == ["nora"]
    assert {each["kind"] for each in people.records()} == {"added", "locked"}
    people.unlock(BY, nora)
    assert people.person(nora)["locked_until"] is None
    assert comes_in(signing, "nora", NOWHERE)
    from_wherever(signing, "nora")
    people.set_password(BY, nora, PASSWORD)
    assert comes_in(signing, "nora", NOWHERE)
    assert people.faults() == []


def test_the_password_that_is_asked_for_again_counts_for_the_session_alone(signing: Signing) -> None:
    mine, other = signing.sign_in("nora", PASSWORD), signing.sign_in("nora", PASSWORD)
    for _ in range(LOCKED_AFTER - 1):
        with pytest.raises(NotSignedIn):
            signing.check_password(mine.principal, "not the password")
    signing.check_password(mine.principal, PASSWORD)
    for number in range(LOCKED_AFTER):
        assert signing.principal(mine.token) is not None, number
        with pytest.raises(NotSignedIn):
            signing.check_password(mine.principal, "not the password")
    assert signing.principal(mine.token) is None
    with pytest.raises(NotSignedIn):
        signing.check_password(mine.principal, PASSWORD)
    signing.check_password(other.principal, PASSWORD)
    assert comes_in(signing, "nora", NOWHERE)


@pytest.mark.parametrize(("one", "other", "same"), [
    ("192.0.2.7", "192.0.2.7", True), ("192.0.2.7", "192.0.2.8", False), ("::ffff:192.0.2.7", "192.0.2.7", True),
    ("2001:db8::1", "2001:db8::ffff:1", True), ("2001:db8:0:1::1", "2001:db8::1", False),
    ("fe80::1%eth0", "fe80::2", True), ("unknown", "unknown", True),
])  # fmt: skip
def test_what_counts_as_one_address(one: str, other: str, same: bool) -> None:  # noqa: FBT001  of a table
    assert (network(one) == network(other)) is same
