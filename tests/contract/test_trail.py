"""Goal: entries stay as they were written, and whatever in the store does not follow from them is found."""

import pytest

from orchestrator.errors import CarepathError
from tests.contract.conftest import System
from tests.factories import enrolment, record


@pytest.fixture
def episode_id(sut: System) -> str:
    made = sut.enrolments.enrol(enrolment()).episode_id
    sut.handlers.execute(record(made, a=1, alarm="5"))
    return made


@pytest.mark.parametrize("statement", ["UPDATE entry SET header = '{}'", "DELETE FROM entry"])
def test_the_database_refuses_to_change_or_delete_an_entry(sut: System, episode_id: str, statement: str) -> None:
    with pytest.raises(CarepathError):
        sut.sql(statement)
    assert sut.audit.verify(episode_id).whole


@pytest.mark.parametrize(
    ("change", "found"),
    [
        ("UPDATE episode SET ward = 'x'", "ward"),
        ("UPDATE episode SET state = 'closed/x'", "state"),
        ("UPDATE episode SET pathway = 'x'", "pathway"),
        ("UPDATE episode SET seq = 9", "seq"),
        ("UPDATE episode SET at = next_due_at", "at"),
        ("UPDATE episode SET enrolled_at = next_due_at", "enrolled_at"),
        ("UPDATE episode SET closed = NOT closed", "closed"),
        ("UPDATE episode SET document = chain_hash", "the document"),
        ("UPDATE episode SET next_due_at = NULL", "next_due_at"),
        ("UPDATE episode SET tag = ''", "tag"),
        ("DELETE FROM item", "its items"),
        ("UPDATE item SET role = 'x'", "its items"),
        ("DELETE FROM open_enrolment", "its open enrolment"),
    ],
)
def test_what_does_not_follow_from_the_entries_is_named(sut: System, episode_id: str, change: str, found: str) -> None:
    assert sut.audit.replay(episode_id).equal
    sut.sql(change)
    assert found in sut.audit.replay(episode_id).differs


def test_an_end_cut_off_by_the_row_is_found(sut: System, episode_id: str) -> None:
    sut.sql("UPDATE episode SET seq = 1")
    assert "the episode's row says entry 1" in sut.audit.verify(episode_id).text


def test_every_entry_is_queued_for_the_log_of_all_entries(sut: System, episode_id: str) -> None:
    with sut.store.change() as change:
        rows = change._sql.exec_driver_sql("SELECT seq, hash FROM log_pending ORDER BY seq").all()
        entries = change.entries(episode_id, 0, 10)
    assert [(seq, bytes(hashed)) for seq, hashed in rows] == [(entry.seq, entry.hash) for entry in entries]


@pytest.mark.parametrize(
    ("change", "found"),
    [
        ("DELETE FROM log_pending WHERE seq = 2", "it was never queued for the log of all entries"),
        ("INSERT INTO log_pending SELECT episode_id, 3, hash FROM entry WHERE seq = 2", "it is gone, its hash is"),
        ("UPDATE log_pending SET hash = commitment FROM entry WHERE entry.seq = 1", "another hash was queued"),
    ],
)
def test_what_is_queued_for_the_log_is_compared(sut: System, episode_id: str, change: str, found: str) -> None:
    sut.sql(change)
    assert found in " ".join(fault.what for fault in sut.audit.verify(episode_id).faults)
    assert [verdict.whole for verdict in sut.audit.verify_all()] == [False]


def test_an_episode_of_which_only_the_queue_knows_is_found(sut: System, episode_id: str) -> None:
    sut.sql("INSERT INTO log_pending SELECT 'gone', seq, hash FROM entry")
    assert {verdict.episode_id: verdict.whole for verdict in sut.audit.verify_all()} == {
        episode_id: True,
        "gone": False,
    }
    assert {each.episode_id: each.equal for each in sut.audit.replay_all()} == {episode_id: True, "gone": False}


def test_nothing_about_the_patient_stands_in_plain_text(sut: System) -> None:
    secret = "Canary-4711"
    made = sut.enrolments.enrol(enrolment(secret)).episode_id
    sut.handlers.execute(record(made, weight_kg=secret))
    sut.handlers.execute(record(made, refuse=secret))
    with sut.store.change() as change:
        for table in ("episode", "entry", "patient", "patient_identifier", "item", "outbox", "notice", "log_pending"):
            for row in change._sql.exec_driver_sql(f"SELECT * FROM {table}"):
                assert secret not in str(tuple(row))


def test_a_destroyed_key_erases_the_body_and_leaves_the_proof(sut: System, episode_id: str) -> None:
    sut.sql("UPDATE patient SET wrapped_key = NULL")
    verdict = sut.audit.verify(episode_id)
    assert verdict.whole
    assert verdict.bodies == 0
    for ask in (sut.queries.show, sut.queries.timeline, sut.audit.replay):
        with pytest.raises(CarepathError, match="key was destroyed"):
            ask(episode_id)
