"""Goal: what is written straight into the store of holds, merges and erasures stands out against what is on record."""

from datetime import timedelta
from typing import Any

from sqlalchemy import delete, insert, update

from orchestrator.episode.commands import Close
from orchestrator.service.handlers import Request, new_key
from orchestrator.service.people.looking import Who
from orchestrator.service.people.recording import Author
from orchestrator.service.people.sight import Sight
from orchestrator.store import tables as t
from orchestrator.store.staff_tables import legal_hold, look, patient_merge
from tests.contract.conftest import System
from tests.contract.test_merging import BY, LEAD, merge, one, whose
from tests.factories import CLINICIAN

AUDITOR, ADMINISTRATOR = Author("u-auditor", "auditor"), Author("u-admin", "administrator")
WHO = Who("u-nurse", "nurse")


def found(sight: Sight, most: int | None = None) -> list[str]:
    return [fault.what for _, fault in sight.check_all(most).faults]


def write(sut: System, *statements: Any) -> None:  # noqa: ANN401  of SQL
    with sut.store.change() as change:
        for each in statements:
            change._sql.execute(each)


def held(sut: System, episode_id: str) -> dict[str, Any]:
    now = sut.clock.now()
    return {"patient_id": whose(sut, episode_id), "held_at": now, "held_by": "u-x", "reason": "case 9"}


def test_a_sound_store_agrees_whatever_was_done(sut: System, sight: Sight) -> None:
    first, second, third = (one(sut, number) for number in "123")
    replaced = merge(sight, first, "2")
    sight.erasure.hold(AUDITOR, first, "case 1")
    merge(sight, first, "3")
    assert found(sight) == []
    sight.merging.unmerge(LEAD, BY, second, replaced, "two people")
    sight.erasure.end_hold(AUDITOR, first, "case 1 is over")
    merge(sight, second, "1")
    assert found(sight) == []
    sight.erasure.end_hold(AUDITOR, second, "case 1 is over")
    for each in (first, second, third):
        assert sut.handlers.execute(Request(each, Close("recovered"), CLINICIAN, new_key())).accepted
    sight.erasure.erase(ADMINISTRATOR, first, "request 5", merged=True)
    assert found(sight) == []


def test_a_hold_that_nobody_placed_or_ended_is_found(sut: System, sight: Sight) -> None:
    first, second, third = (one(sut, number) for number in "123")
    write(sut, insert(legal_hold).values(held(sut, third)))
    assert found(sight, 0) == [], "nothing is read"
    assert found(sight, 1) == ["it is held, and no record says by whom"], "of nobody ever looked at"
    write(sut, delete(legal_hold))
    for each in (first, second):
        sight.erasure.hold(AUDITOR, each, "case 1")
    write(sut, delete(legal_hold).where(legal_hold.c.patient_id == whose(sut, first)))
    assert found(sight) == ["by the record it is held, and it is not"]
    assert [each.what for each in sight.faults(whose(sut, first))] == found(sight), "its own page says so too"
    theirs = legal_hold.c.patient_id == whose(sut, second)
    write(sut, update(legal_hold).where(theirs).values(held_by="u-x"))
    assert len(found(sight)) == 2
    write(sut, update(legal_hold).where(theirs).values(held_by="u-auditor", reason="another"))
    assert "it is held by another, or for another reason, than the record says" in found(sight)
    sight.erasure.end_hold(AUDITOR, second, "over")
    write(sut, insert(legal_hold).values(held(sut, second)))
    assert "it is held, and no record says by whom" in found(sight), "one that was ended came back"


def test_a_merge_that_nobody_made_or_took_back_is_found(sut: System, sight: Sight) -> None:
    first, second, third = (one(sut, number) for number in "123")
    sut.clock.advance(timedelta(seconds=1))
    row = {"merged_at": sut.clock.now(), "merged_by": "u-x", "sealed": b""}
    ids = {"patient_id": whose(sut, second), "kept_id": whose(sut, third)}
    write(sut, insert(patient_merge).values(**row, **ids))
    told = found(sight)
    assert len(told) == 2, "each of the two says so"
    assert any(f"it is replaced by {whose(sut, third)}, and no record says that u-x did it" in each for each in told)
    assert any(f"it replaces {whose(sut, second)}, and no record" in each for each in told)
    write(sut, delete(patient_merge))
    merge(sight, first, "2")
    write(sut, update(patient_merge).values(kept_id=whose(sut, third)))
    assert len(found(sight)) == 4
    write(sut, update(patient_merge).values(kept_id=whose(sut, first), merged_by="u-x"))
    assert len(found(sight)) == 4
    write(sut, delete(patient_merge))
    assert all("as u-lead said, and it does not" in each for each in found(sight))


def test_a_key_that_nobody_destroyed_is_found(sut: System, sight: Sight) -> None:
    first = one(sut, "1")
    sight.peek(WHO, first, "patient")
    write(sut, update(t.patient).values(wrapped_key=None))
    assert found(sight) == ["its key is destroyed, and no record says so"]


def test_what_is_taken_out_of_the_record_is_found_by_the_store(sut: System, sight: Sight) -> None:
    """The last record of a chain can go unseen by the chain itself; the row that it made is left."""
    first = one(sut, "1")
    sight.peek(WHO, first, "patient")
    sight.erasure.hold(AUDITOR, first, "case 1")
    write(sut, delete(look).where(look.c.kind == "held"))
    assert found(sight) == ["it is held, and no record says by whom"]
