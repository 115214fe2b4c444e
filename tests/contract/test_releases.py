"""Goal: a released version stays as it was released, and who released it when stays on a record that can be proved."""

from dataclasses import replace

import pytest

from orchestrator.audit.release import RELEASES, Release, sealed
from orchestrator.errors import (
    CarepathError,
    InvalidCommand,
    NotFound,
    NotReleased,
    StoriesFail,
    VersionChanged,
    VersionOlder,
)
from orchestrator.pathway.model import Pathway
from orchestrator.service.enrolment import Enrolments
from orchestrator.service.releases import Released, ReleaseRequest
from orchestrator.service.scenario.proof import Proof
from orchestrator.store.postgres import PostgresStore
from tests.contract.conftest import System
from tests.contract.test_transactions import Crash, contents, together
from tests.factories import HOUR, T0, enrolment, record, small_pathway

PROOF = Proof("scenarios", 1, ())


def wish(version: str = "1", name: str = "small", facts: str = "no fact", **other: object) -> ReleaseRequest:
    made = ReleaseRequest(small_pathway(name, facts, version), "c-9", "read and agreed")
    return replace(made, **other)  # type: ignore[arg-type]


def release(sut: System, version: str = "1", name: str = "small", facts: str = "no fact", **other: object) -> Released:
    return sut.releases.release(wish(version, name, facts, **other), PROOF)


def unguarded(sut: System, *statements: str) -> None:
    """Change what triggers keep, as somebody would who owns the database."""
    tables = {"pathway_release": "pathway_release", "released_version": "pathway_version"}
    verbs = ("no_change",) if isinstance(sut.store, PostgresStore) else ("no_update", "no_delete")
    for trigger, table in tables.items():
        for verb in verbs:
            on = f" ON {table}" if isinstance(sut.store, PostgresStore) else ""
            sut.sql(f"DROP TRIGGER {trigger}_{verb}{on}")
    for statement in statements:
        sut.sql(statement)


def test_who_released_what_when_replacing_what_is_on_the_record(sut: System) -> None:
    first = release(sut).release
    sut.clock.advance(HOUR)
    other = release(sut, name="other", by="c-8", reason="for the other ward").release
    second = release(sut, "1.1").release
    assert [each.number for each in sut.releases.record()] == [1, 2, 3]
    assert sut.releases.record() == [first, other, second]
    assert sut.releases.record("small") == [first, second]
    assert (second.pathway, second.label, second.version) == ("small", "1.1", small_pathway(version="1.1").hash)
    assert (other.released_by, other.reason, other.released_at) == ("c-8", "for the other ward", T0 + HOUR)
    assert (first.replaces, other.replaces, second.replaces) == (None, None, first.hash)
    assert (first.previous, other.previous, second.previous) == (bytes(32), first.hash, other.hash)
    assert sut.releases.verify().whole


def test_the_text_is_stored_with_the_release(sut: System) -> None:
    made = release(sut, "7", facts="a fact of its own").release
    with sut.store.read() as reader:
        assert reader.pathway_text(made.version) == small_pathway(facts="a fact of its own", version="7").text
        assert sut.desk.shelf.version(made.version, reader).version == "7"  # no file has it


def test_the_very_same_content_again_gets_the_first_answer(sut: System) -> None:
    first = release(sut)
    release(sut, "2")
    before = contents(sut)
    again = release(sut, by="somebody else", reason="another reason")
    assert again == Released(first.release, None, repeated=True)
    assert sut.releases.check(wish()) == again
    assert contents(sut) == before


@pytest.mark.parametrize("kept", ["released", "enrolled"])
def test_a_version_that_is_kept_with_another_content_is_refused(sut: System, kept: str) -> None:
    if kept == "released":
        release(sut)
    else:
        sut.enrolments.enrol(enrolment())
    before = contents(sut)
    with pytest.raises(VersionChanged, match=r"facts\.yaml is not as .* raise the version"):
        sut.releases.check(wish(facts="changed"))
    with pytest.raises(VersionChanged):
        release(sut, facts="changed")
    assert contents(sut) == before


def test_a_revision_of_the_hospitals_values_covers_no_change_of_the_pathway_itself(sut: System) -> None:
    release(sut, "1.2+1")
    with sut.store.read() as reader:
        assert reader.kept_labels("small") == [("1.2+1", small_pathway(version="1.2+1").hash)]
    with pytest.raises(
        VersionChanged, match=r"^small@1\.2 was released .*: pathway\.yaml is not as .* raise the version$"
    ):
        release(sut, "1.2+2")  # its own file says another version, too
    assert release(sut, "1.3+2").replaced is not None


@pytest.mark.parametrize("version", ["0.9", "1.9", "1.010", "1"])
def test_a_version_that_is_not_above_the_newest_release_needs_a_word(sut: System, version: str) -> None:
    release(sut, "1.2")
    newest = release(sut, "1.10").release
    with pytest.raises(VersionOlder, match=r"is not above 1\.10, released by c-9"):
        release(sut, version)
    assert sut.releases.check(wish("1.10.0")) is None
    made = release(sut, version, older=True, reason="the old one once more")
    assert (made.release.replaces, made.replaced) == (newest.hash, newest)
    assert sut.releases.verify().whole


@pytest.mark.parametrize(
    ("by", "reason"),
    [("", "why"), (" c-9", "why"), ("c\n9", "why"), ("c" * 201, "why"), ("c-9", ""), ("c-9", "w" * 2001)],
)
def test_nobody_and_nothing_releases(sut: System, by: str, reason: str) -> None:
    with pytest.raises(InvalidCommand, match="--by must|--reason must"):
        release(sut, by=by, reason=reason)
    assert sut.releases.record() == []


@pytest.mark.parametrize(
    ("proof", "says"),
    [(Proof("scenarios", 0, ()), "there is no story"), (Proof("s", 2, (("s/a.yaml", "at 1h"),)), "s/a.yaml: at 1h")],
)
def test_a_version_whose_stories_do_not_hold_is_refused(sut: System, proof: Proof, says: str) -> None:
    before = contents(sut)
    with pytest.raises(StoriesFail, match=says):
        sut.releases.release(wish(), proof)
    assert contents(sut) == before


def test_the_same_release_at_once_is_one(sut: System) -> None:
    results = together(*[lambda by=by: release(sut, by=by) for by in ("c-1", "c-2", "c-3")])
    assert sorted(each.repeated for each in results) == [False, True, True]
    assert len({each.release.hash for each in results}) == 1
    assert len(sut.releases.record()) == 1


def test_of_two_contents_at_once_under_one_number_one_wins_and_the_other_is_told(sut: System) -> None:
    results = together(*[lambda facts=facts: release(sut, facts=facts) for facts in ("a", "b", "c")])
    won = [each for each in results if isinstance(each, Released)]
    assert len(won) == 1
    assert [type(each) for each in results if each not in won] == [VersionChanged] * 2
    assert sut.releases.record() == [won[0].release]


def test_releases_of_different_pathways_at_once_all_land_in_one_chain(sut: System) -> None:
    results = together(*[lambda name=name: release(sut, name=name) for name in ("a", "b", "c")])
    assert sorted(each.release.number for each in results) == [1, 2, 3]
    assert sut.releases.verify().whole


def test_releases_at_once_of_two_versions_never_go_back(sut: System) -> None:
    results = together(*[lambda version=version: release(sut, version) for version in ("1", "2")])
    record = sut.releases.record()
    assert [each.label for each in record] in (["1", "2"], ["2"])
    assert len([each for each in results if isinstance(each, VersionOlder)]) == 2 - len(record)


@pytest.mark.parametrize("method", ["keep_pathway", "add_release"])
def test_a_crash_while_releasing_leaves_nothing_half_stored(
    sut: System, method: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = contents(sut)
    with sut.store.change() as change:
        kind = type(change)
    real = getattr(kind, method)

    def crash(*args: object) -> None:
        real(*args)
        raise Crash

    with monkeypatch.context() as patch:
        patch.setattr(kind, method, crash)
        with pytest.raises(Crash):
            release(sut)
    assert contents(sut) == before
    assert not release(sut).repeated


def test_a_release_never_lies_before_the_one_before_it(sut: System) -> None:
    release(sut)
    sut.clock.set(T0 - HOUR)
    assert release(sut, "2").release.released_at == T0
    assert sut.releases.verify().whole


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE pathway_release SET released_by = 'x'",
        "DELETE FROM pathway_release",
        "UPDATE pathway_version SET text = '{}'",
        "UPDATE pathway_version SET label = '9'",
        "DELETE FROM pathway_version",
    ],
)
def test_the_database_refuses_to_change_what_was_released(sut: System, statement: str) -> None:
    release(sut)
    before = contents(sut)
    with pytest.raises(CarepathError):
        sut.sql(statement)
    assert contents(sut) == before


def test_a_version_that_nobody_released_is_not_kept_by_that(sut: System) -> None:
    release(sut)
    sut.enrolments.enrol(enrolment(pathway="other"))
    sut.sql("UPDATE pathway_version SET label = '9' WHERE pathway = 'other'")
    sut.sql("UPDATE pathway_version SET label = '1' WHERE pathway = 'other'")


def test_postgresql_refuses_to_empty_the_record(sut: System) -> None:
    release(sut)
    if isinstance(sut.store, PostgresStore):  # SQLite knows no other way than to delete
        for table in ("pathway_release", "pathway_version CASCADE"):
            with pytest.raises(CarepathError):
                sut.sql(f"TRUNCATE {table}")
    assert len(sut.releases.record()) == 1


@pytest.mark.parametrize(
    ("change", "number", "found"),
    [
        ("UPDATE pathway_release SET released_by = 'x' WHERE number = 2", 2, "its commitment was not made for it"),
        ("UPDATE pathway_release SET reason = 'x' WHERE number = 1", 1, "its hash does not fit its record"),
        ("UPDATE pathway_release SET released_at = recorded WHERE number = 1", 1, "its commitment was not made"),
        ("UPDATE pathway_release SET label = '9' WHERE number = 1", 1, "its text is kept under another"),
        ("UPDATE pathway_release SET replaces = NULL WHERE number = 3", 3, "it does not replace the release"),
        ("UPDATE pathway_release SET kek_id = 'x' WHERE number = 3", 3, "with a key that the key file does not hold"),
        ("UPDATE pathway_version SET text = '{}' WHERE label = '2'", 3, "its text is not the one released"),
        ("DELETE FROM pathway_release WHERE number = 1", 2, "release 1 was expected here"),
        ("DELETE FROM pathway_release WHERE number = 2", 3, "it does not follow the release before it"),
        ("DELETE FROM pathway_release WHERE number = 3", 3, "it is gone, its hash is queued"),
        ("DELETE FROM log_pending WHERE episode_id = 'releases' AND seq = 3", 3, "it was never queued"),
        ("DELETE FROM pathway_release", 3, "every entry up to this one is gone"),
    ],
)
def test_whatever_was_changed_behind_the_program_is_found(sut: System, change: str, number: int, found: str) -> None:
    release(sut)
    release(sut, name="other")
    release(sut, "2")
    assert sut.releases.verify().whole
    moment = "timestamptz '2000-01-01'" if isinstance(sut.store, PostgresStore) else "1"
    unguarded(sut, change.replace("recorded", moment))
    verdict = sut.releases.verify()
    assert not verdict.whole
    assert [fault.what for fault in verdict.faults if fault.seq == number and found in fault.what]


def test_a_release_that_was_forged_with_all_hashes_but_without_the_key_is_found(sut: System) -> None:
    release(sut)

    def forge(real: Release) -> Release:
        return sealed(real._replace(released_by="somebody"), lambda _, __: bytes(32))

    (real,) = sut.releases.record()
    unguarded(sut, "DELETE FROM pathway_release", "DELETE FROM log_pending")
    with sut.store.change() as change:
        change.add_release(forge(real))
    verdict = sut.releases.verify()
    assert [fault.what for fault in verdict.faults] == ["its commitment was not made for it with the key of this store"]


def test_the_releases_are_no_episode_that_was_lost(sut: System) -> None:
    release(sut)
    episode_id = sut.enrolments.enrol(enrolment()).episode_id
    assert [verdict.episode_id for verdict in sut.audit.verify_all()] == [episode_id]
    assert [each.episode_id for each in sut.audit.replay_all()] == [episode_id]
    assert RELEASES not in sut.audit.episode_ids()


def test_files_that_were_changed_after_the_release_are_named_with_who_released_them(sut: System) -> None:
    made = release(sut).release
    sut.change_files()
    says = r"^small@1 was released by c-9 at 2026-03-02 08:00 UTC and changed since: "
    ends = r" is not as this store keeps it; put back what was there, or raise the version$"
    with sut.store.read() as reader, pytest.raises(VersionChanged, match=f"{says}/shared/facts.yaml{ends}"):
        sut.desk.shelf.check_all(reader)
    with pytest.raises(VersionChanged, match=f"{says}facts.yaml{ends}"):  # no path: a patient's ward need not know it
        sut.enrolments.enrol(enrolment())
    standing = sut.releases.standing(sut.library.pathways)
    assert (standing.gone, standing.missed) == ((made,), (made,))


def test_where_released_versions_alone_are_wanted_no_other_takes_a_patient_in(sut: System) -> None:
    strict = Enrolments(sut.desk, released_only=True)
    first = sut.enrolments.enrol(enrolment("1", key="k"))
    before = contents(sut)
    with pytest.raises(NotReleased, match="small@1 is not released"):
        strict.enrol(enrolment("2"))
    assert contents(sut) == before
    assert strict.enrol(enrolment("1", key="k")).episode_id == first.episode_id  # the first answer again
    release(sut)
    assert strict.enrol(enrolment("2")).accepted
    with pytest.raises(NotReleased):
        strict.enrol(enrolment("2", pathway="other"))
    sut.change_files()
    with pytest.raises(VersionChanged):  # says more than that it is not released
        Enrolments(sut.desk, released_only=True).enrol(enrolment("3"))


def test_patients_go_on_from_the_stored_text_when_the_file_is_gone(sut: System) -> None:
    release(sut)
    episode_id = sut.enrolments.enrol(enrolment()).episode_id
    newest = release(sut, "2").release
    sut.library.pathways = [small_pathway("small", version="2")]
    sut.desk.shelf._known.clear()
    assert sut.handlers.execute(record(episode_id, a=1)).accepted
    with sut.store.read() as reader:
        sut.desk.shelf.check_all(reader)
    standing = sut.releases.standing(sut.library.pathways)
    assert ([each.label for each in standing.gone], standing.missed) == (["1"], ())
    assert sut.releases.standing([]).missed == (newest,)


def test_versions_in_use_that_nobody_released_are_told(sut: System) -> None:
    sut.enrolments.enrol(enrolment("1"))
    sut.enrolments.enrol(enrolment("2"))
    sut.enrolments.enrol(enrolment("1", pathway="other"))
    release(sut, name="other")
    found: list[Pathway] = list(sut.library.pathways)
    (row,) = sut.releases.standing(found).unreleased
    assert (row.pathway, row.label, row.open) == ("small", "1", 2)
    release(sut)
    assert sut.releases.standing(found).unreleased == ()


def test_a_name_that_is_neither_released_nor_known_is_told(sut: System) -> None:
    assert sut.releases.record("small") == []
    with pytest.raises(NotFound):
        sut.releases.record("smal")
