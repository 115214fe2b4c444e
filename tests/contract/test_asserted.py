"""Goal: whom nobody proved is marked so on record, whatever was done; what was recorded before holds to the byte.

An older program beside this one, and whoever checks by it, must find the same chains whole: here stands what it does.
"""

from collections.abc import Iterator
from typing import Any

import pytest
from sqlalchemy import insert, update

from orchestrator.audit import looks
from orchestrator.audit.seal import GENESIS, instant
from orchestrator.episode.commands import Close
from orchestrator.errors import Conflict
from orchestrator.service.enrolment import Identifier
from orchestrator.service.handlers import Request, new_key
from orchestrator.service.people.looking import Who, chain_rows
from orchestrator.service.people.recording import Author
from orchestrator.service.people.rows import LookRow
from orchestrator.service.people.sight import Sight
from orchestrator.store.staff_tables import legal_hold, look
from tests.contract.conftest import System
from tests.contract.test_agreeing import held, write
from tests.contract.test_merging import BY, LEAD, merge, one, shown, whose
from tests.factories import CLINICIAN

SAID = Author("u-lead", "lead", asserted=True)
AUDITOR, SAID_AUDITOR = Author("u-auditor", "auditor"), Author("u-auditor", "auditor", asserted=True)
ADMINISTRATOR = Author("u-admin", "administrator", asserted=True)


def older_record(row: LookRow) -> dict[str, Any]:
    """Return what the program before this mark chains of a row, word for word."""
    return {
        "chain": row.chain, "at": instant(row.at), "by": row.by, "role": row.role, "kind": row.kind, "what": row.what,
        "episode_id": row.episode_id, "glass": row.glass, "sealed": None if row.sealed is None else row.sealed.hex(),
    }  # fmt: skip


def found_by_older(sut: System, chain: str) -> list[str]:
    """Return what the older program finds wrong with a chain."""
    with sut.store.read() as reader:
        told = [(row.seq, older_record(row), row.hash) for row in chain_rows(reader, chain)]
    assert told
    return [each.what for each in looks.faults(sut.desk.keyring.look_mac, told)]


def add_as_older(sut: System, chain: str, by: str, kind: str, what: str) -> None:
    """Record something as the older program does, which knows no mark."""
    mac = sut.desk.keyring.look_mac
    with sut.store.change() as change:
        last = change.last_look(chain)
        seq, previous = (last.seq + 1, last.hash) if last else (1, GENESIS)
        row = LookRow(chain, seq, change.times().now, by, "lead", kind, what, "", False, None, b"")
        values = row._replace(hash=looks.link(mac, previous, older_record(row)))._asdict()
        change._sql.execute(insert(look).values(**values))


def deeds(sight: Sight, episode_id: str) -> Iterator[tuple[str, str, bool]]:
    """Yield what was done to a record, the first first: what, in which role, and whether that was asserted."""
    for row in reversed(sight.looked.of(episode_id).rows):
        if row["kind"] != "read":
            yield row["kind"], row["role"], row["asserted"]


@pytest.mark.parametrize("asserted", [False, True])
def test_merges_holds_and_erasures_say_whether_anybody_proved_who_did_them(
    sut: System, sight: Sight, asserted: bool
) -> None:
    first, second = one(sut, "1"), one(sut, "2")
    lead, auditor = (Author(name, name[2:], asserted) for name in ("u-lead", "u-auditor"))
    replaced = merge(sight, first, "2", by=lead)
    record = shown(sight, LEAD, first)["records"][1]
    assert (record["merged_by"], record["asserted"]) == ("u-lead", asserted)
    assert shown(sight, LEAD, first)["records"][0]["asserted"] is None, "it was merged into none"
    assert [each["asserted"] for each in sight.looked.merges(second)] == [asserted]
    sight.merging.unmerge(LEAD, lead, second, replaced, "two people of one name")
    sight.erasure.hold(auditor, first, "case 1")
    assert sight.erasure.standing(first)["held"]["asserted"] is asserted
    assert [(each["by"], each["asserted"]) for each in sight.erasure.holds(None).rows] == [("u-auditor", asserted)]
    sight.erasure.end_hold(auditor, first, "case 1 is over")
    assert sut.handlers.execute(Request(first, Close("recovered"), CLINICIAN, new_key())).accepted
    sight.erasure.erase(Author("u-admin", "administrator", asserted), first, "request 5")
    assert list(deeds(sight, first)) == [
        ("merged", "lead", asserted),
        ("unmerged", "lead", asserted),
        ("held", "auditor", asserted),
        ("hold-ended", "auditor", asserted),
        ("erased", "administrator", asserted),
    ]
    assert list(deeds(sight, second)) == [("merged", "lead", asserted), ("unmerged", "lead", asserted)]
    assert sight.check_all().faults == ()


def test_looks_and_lists_say_so_too(sut: System, sight: Sight) -> None:
    episode = one(sut, "1")
    for who in (Who("u-nurse", "nurse"), Who("u-nurse", "nurse", asserted=True), Who("terminal", "", asserted=True)):
        sight.peek(who, episode, "episode")
        sight.listed(who, ["w-1"], "worklist")
    told = [("u-nurse", "nurse", False), ("u-nurse", "nurse", True), ("terminal", "", True)]
    for rows in (sight.looks(whose(sut, episode)), sight.looks("ward/w-1")):
        assert [(each["by"], each["role"], each["asserted"]) for each in rows] == told
    assert [each["asserted"] for each in sight.looked.on("w-1").rows] == [True, True, False]
    assert sight.check_all().faults == ()


def test_an_older_program_beside_this_one_finds_the_same_chains_whole(sut: System, sight: Sight) -> None:
    first, second = one(sut, "1"), one(sut, "2")
    chain = whose(sut, first)
    add_as_older(sut, chain, "u-early", "read", "episode")
    merge(sight, first, "2", by=SAID)
    sight.erasure.hold(SAID_AUDITOR, first, "case 1")
    add_as_older(sut, chain, "u-late", "read", "episode")
    sight.peek(Who("u-nurse", "nurse"), first, "episode")
    assert found_by_older(sut, chain) == []
    assert found_by_older(sut, whose(sut, second)) == []
    assert sight.check_all().faults == ()
    told = {each["by"]: each["asserted"] for each in sight.looks(chain)}
    assert told == {"u-early": False, "u-lead": True, "u-auditor": True, "u-late": False, "u-nurse": False}


def test_what_is_proved_is_chained_as_it_always_was(sut: System, sight: Sight) -> None:
    first, _ = one(sut, "1"), one(sut, "2")
    merge(sight, first, "2")
    sight.erasure.hold(AUDITOR, first, "case 1")
    with sut.store.read() as reader:
        roles = {row.kind: row.role for row in chain_rows(reader, whose(sut, first))}
    assert roles == {"merged": "lead", "held": "auditor"}, "not a byte more"


@pytest.mark.parametrize("by", [BY, SAID])
def test_the_mark_is_neither_put_on_nor_taken_off_unseen(sut: System, sight: Sight, by: Author) -> None:
    first, _ = one(sut, "1"), one(sut, "2")
    merge(sight, first, "2", by=by)
    sight.peek(Who("u-nurse", "nurse"), first, "episode")
    with sut.store.read() as reader:
        role = next(row.role for row in chain_rows(reader, whose(sut, first)) if row.kind == "merged")
    other = "lead" if by.asserted else f"{role}, asserted"
    write(sut, update(look).where(look.c.chain == whose(sut, first), look.c.kind == "merged").values(role=other))
    assert [each.what for each in sight.faults(whose(sut, first))] == [
        "its hash does not fit its content and the record before"
    ]


def test_a_hold_is_told_by_its_own_record_and_not_by_an_earlier_one(sut: System, sight: Sight) -> None:
    first, second = one(sut, "1"), one(sut, "2")
    for by, told in ((SAID_AUDITOR, True), (AUDITOR, False), (SAID_AUDITOR, True)):
        sight.erasure.hold(by, first, "case 1")
        assert sight.erasure.standing(first)["held"]["asserted"] is told
        sight.erasure.end_hold(AUDITOR, first, "case 1 is over")
    write(sut, insert(legal_hold).values(held(sut, second)))
    assert sight.erasure.standing(second)["held"]["asserted"] is True, "no record proves who wrote it"
    write(sut, insert(legal_hold).values(held(sut, first)))
    assert sight.erasure.standing(first)["held"]["asserted"] is True, "nor is it proved by somebody else's record"


def test_a_merge_is_told_by_its_own_record_though_its_record_is_kept_by_another(sut: System, sight: Sight) -> None:
    """A record that is replaced can replace a third: both stand in its chain, each by somebody else."""
    first, _, third = one(sut, "1"), one(sut, "2", pathway="other"), one(sut, "3", pathway="other")
    second = merge(sight, first, "2", by=SAID)
    told = sight.compare(LEAD, Who("u-lead", "lead"), third, Identifier("mrn", "1"))
    with pytest.raises(Conflict, match="merged already, by u-lead, asserted"):
        merge(sight, first, "2")
    sight.merging.merge(LEAD, BY, third, told["record"], compared=told["compared"], reason="one person")
    shown_now = {each["patient_id"]: each["asserted"] for each in shown(sight, LEAD, third)["records"]}
    assert shown_now == {whose(sut, third): None, whose(sut, first): False, second: True}
