"""Goal: the newest key alone opens what lay under an older one, whatever ends the work and whoever works beside it."""

import pytest

from orchestrator.audit.keys import KeyEncryptionKey, Keyring
from orchestrator.service import rewrapping
from orchestrator.service.people.accounts import People
from orchestrator.service.people.recording import Author
from orchestrator.service.people.rows import FactorRow
from orchestrator.service.rewrapping import Rewrapped, rewrap
from orchestrator.service.rows import EpisodeRow
from orchestrator.store.opening import _register
from tests.contract.conftest import System, whole
from tests.factories import T0, enrolment, record

NEW = KeyEncryptionKey("new", "", b"n" * 32)
PATIENTS = 5


@pytest.fixture
def ids(sut: System, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Episodes of patients under the old key, in a store that has a new one; two are taken at once."""
    monkeypatch.setattr(rewrapping, "_AT_ONCE", 2)
    made = [sut.enrolments.enrol(enrolment(str(each))).episode_id for each in range(PATIENTS)]
    old = sut.desk.keyring
    sut.desk.keyring = Keyring({**old.keys, NEW.id: NEW}, NEW.id, old._lookup)
    with sut.store.change() as change:
        _register(change._sql, sut.desk.keyring, T0)
    return made


def run(sut: System) -> Rewrapped:
    return rewrap(sut.store, sut.desk.keyring)


def under(sut: System) -> list[str]:
    """Return the name of each patient's key-encryption key."""
    with sut.store.change() as change:
        rows = change._sql.exec_driver_sql("SELECT kek_id FROM patient").all()
        return [name for (name,) in rows]


def test_the_newest_key_alone_opens_everything(sut: System, ids: list[str]) -> None:
    sut.handlers.execute(record(ids[0], a=1))
    assert run(sut) == (PATIENTS, 0, ())
    sut.desk.keyring = Keyring({NEW.id: NEW}, NEW.id, sut.desk.keyring._lookup)
    assert all(whole(sut, each) for each in ids)
    assert sut.handlers.execute(record(ids[0], a=2)).accepted
    assert run(sut) == (0, 0, ())


def test_who_worked_meanwhile_works_on(sut: System, ids: list[str]) -> None:
    before = row(sut, ids[0])
    run(sut)
    assert sut.desk.key(before).mac(b"p", b"x") == sut.desk.key(row(sut, ids[0])).mac(b"p", b"x")


def row(sut: System, episode_id: str) -> EpisodeRow:
    with sut.store.read() as reader:
        found = reader.episode(episode_id)
    assert found is not None
    return found


class Ended(BaseException):
    """The process ends here."""


def test_what_a_killed_run_left_the_next_one_does(sut: System, ids: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    right, calls = Keyring.rewrap, iter(range(3))

    def dies(ring: Keyring, *wrapped: object) -> bytes:
        if next(calls, None) is None:
            raise Ended
        return right(ring, *wrapped)  # type: ignore[arg-type]

    with monkeypatch.context() as patched:
        patched.setattr(Keyring, "rewrap", dies)
        with pytest.raises(Ended):
            run(sut)
    assert under(sut).count(NEW.id) == 2, "the transaction in hand is undone, the one before stands"
    assert run(sut).patients == PATIENTS - 2
    assert under(sut) == [NEW.id] * PATIENTS
    assert all(whole(sut, each) for each in ids)


def test_a_key_that_was_destroyed_meanwhile_stays_destroyed(sut: System, ids: list[str]) -> None:
    with sut.store.change() as change:
        read = change.wrapped_by_others(NEW.id, "", 9)
        change.destroy_key(read[0].patient_id)
        assert not change.rewrap(read[0], NEW.id, b"wrapped anew")
        found = change.patient(read[0].patient_id)
    assert found is not None
    assert found.wrapped_key is None
    assert run(sut).patients == PATIENTS - 1


def test_what_does_not_open_is_named_and_keeps_no_other_under_the_old_key(sut: System, ids: list[str]) -> None:
    with sut.store.change() as change:
        first = change.wrapped_by_others(NEW.id, "", 1)[0]
        assert change.rewrap(first, first.kek_id, b"what no key wrapped")
    assert run(sut) == (PATIENTS - 1, 0, (first.patient_id,))


def with_factor(sut: System, login: str) -> str:
    """Add a person whose authenticator app's secret lies under the old key, and return the id."""
    ring = sut.desk.keyring
    old = next(name for name in ring.keys if name != NEW.id)
    people = People(sut.store, ring.look_mac, ("nurse",))
    made = people.add(Author("u-test", "administrator"), login=login, name="Nurse", posts=(("w-1", "nurse"),))
    with sut.store.change() as change:
        sealed = Keyring(ring.keys, old, ring._lookup).seal_factor(made, login.encode())
        change.put_factor(FactorRow(made, *sealed, T0, T0, 7))
    return made


def factor(sut: System, person_id: str) -> FactorRow:
    with sut.store.read() as reader:
        kept = reader.factor(person_id)
    assert kept is not None
    return kept


def test_the_secret_of_a_second_factor_comes_along(sut: System, ids: list[str]) -> None:
    mine = with_factor(sut, "nurse")
    assert run(sut) == (PATIENTS, 1, ())
    kept = factor(sut, mine)
    assert (kept.kek_id, kept.last_step) == (NEW.id, 7)
    assert sut.desk.keyring.open_factor(kept.kek_id, kept.sealed, mine) == b"nurse"
    assert run(sut) == (0, 0, ())


def test_a_secret_that_does_not_open_is_named_and_keeps_no_other_under_the_old_key(sut: System, ids: list[str]) -> None:
    several = sorted(with_factor(sut, login) for login in ("ann", "bob", "zoe"))
    first = factor(sut, several[0])
    with sut.store.change() as change:
        change.put_factor(first._replace(sealed=b"what no key sealed"))
    assert run(sut) == (PATIENTS, 2, (several[0],))
    assert [factor(sut, each).kek_id == NEW.id for each in several] == [False, True, True]


def test_a_secret_that_another_app_replaced_meanwhile_stays_as_it_is(sut: System, ids: list[str]) -> None:
    mine = with_factor(sut, "nurse")
    read = factor(sut, mine)
    with sut.store.change() as change:
        change.put_factor(read._replace(sealed=b"of another app"))
        assert not change.reseal_factor(read, NEW.id, b"sealed anew")
    assert (factor(sut, mine).kek_id, factor(sut, mine).sealed) == (read.kek_id, b"of another app")
