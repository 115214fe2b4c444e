"""Goal: who has seen a record can be told afterwards, whole and in order; who changes that record is found."""

from datetime import timedelta

import pytest

from orchestrator.api.app import PREFIX
from tests.integration.api.conftest import Ward
from tests.integration.api.test_glass import holder


def kinds(document: dict[str, list[dict[str, str]]]) -> list[tuple[str, str, str]]:
    return [(each["kind"], each["what"], each["name"]) for each in document["looks"]]


def test_every_look_stands_there_latest_first_by_name(each_ward: Ward) -> None:
    ward = each_ward
    episode = ward.enrol()
    nurse, auditor = holder(ward, "nurse", "N2"), holder(ward, "auditor", "N2")
    for path in (episode, f"{episode}/timeline", f"{episode}/report"):
        ward.advance(minutes=1)
        assert nurse.get(path).status_code == 200
    ward.advance(minutes=1)
    told = auditor.get(f"{episode}/looks").json()
    assert kinds(told) == [
        ("read", "seen", "auditor"), ("read", "report", "nurse"), ("read", "timeline", "nurse"),
        ("read", "episode", "nurse"),
    ]  # fmt: skip
    assert told["whole"]
    assert told["faults"] == []
    assert nurse.get(f"{episode}/looks").status_code == 403


def test_it_comes_in_pages_that_miss_nothing(each_ward: Ward) -> None:
    ward = each_ward
    episode = ward.enrol()
    for number in range(7):
        ward.advance(minutes=number % 2)  # some in the same moment
        ward.get(episode)
    ward.get("/worklist?ward=N2")
    found: list[tuple[str, int]] = []
    before: str | None = ""
    sizes: list[int] = []
    while before is not None:
        more = f"&before={before}" if before else ""
        page = ward.system.sight.looked.of(episode[10:], lists=True, before=before or None, limit=3)
        found += [(each["ward"], each["seq"]) for each in page.rows]
        sizes.append(len(page.rows))
        before = page.after
        assert ward.get(f"{episode}/looks?lists=true&limit=3{more}".replace("~", "%7E")).status_code == 200
        if len(sizes) > 20:
            pytest.fail("it never ends")
    assert len(found) == len(set(found))
    assert sum(1 for each in found if not each[0]) >= 7
    assert ("N2", 1) in found


def test_a_wards_list_counts_while_the_patient_was_there(each_ward: Ward) -> None:
    ward = each_ward
    ward.get("/worklist?ward=N2")
    ward.advance(minutes=1)
    episode = ward.enrol()
    ward.advance(minutes=1)
    ward.get("/worklist?ward=N2")
    ward.get("/worklist?ward=S9")
    ward.get("/inbox")
    ward.advance(minutes=1)
    ward.do(episode, "close", "clinician", outcome="withdrawn", reason="moved away")
    ward.advance(minutes=1)
    ward.get("/worklist?ward=N2")
    lists = ward.get(f"{episode}/looks?lists=true").json()["looks"]
    assert sorted((each["ward"], each["what"]) for each in lists if each["kind"] == "list") == [
        ("*", "inbox"), ("N2", "worklist"),
    ]  # fmt: skip
    told = ward.system.sight.looked.on("N2").rows
    assert len(told) == 4, "all that saw the ward's lists, whoever was there"


@pytest.mark.parametrize("cursor", ["x", "2026-03-02T08:00:00Z~x~y", "2026-03-02T08:00:00~1~y", "~~", "9~9~9"])
def test_a_cursor_that_no_page_gave_is_refused(ward: Ward, cursor: str) -> None:
    episode = ward.enrol()
    answer = ward.client.get(f"{PREFIX}{episode}/looks", params={"before": cursor}, headers=ward._bearer())
    assert (answer.status_code, answer.json()["code"]) == (422, "invalid-request")


@pytest.mark.parametrize(
    ("harm", "said"),
    [
        ("UPDATE look SET by = 'u-nobody' WHERE seq = 2", "does not fit"),
        ("DELETE FROM look WHERE seq = 2", "missing or out of order"),
        ("UPDATE look SET glass = 1 WHERE seq = 1", "does not fit"),
    ],
)
def test_who_changes_the_record_is_found(ward: Ward, harm: str, said: str) -> None:
    episode = ward.enrol()
    for _ in range(3):
        ward.get(episode)
    assert ward.system.sight.check_all().faults == ()
    with ward.system.store.change() as change:
        change._sql.exec_driver_sql(harm)
    told = ward.get(f"{episode}/looks").json()
    assert not told["whole"]
    assert any(said in each["what"] for each in told["faults"])
    found = ward.system.sight.check_all()
    assert found.chains == 1
    assert {chain for chain, _ in found.faults} == {ward.system.sight.looked.patient_of(episode[10:])}
    assert ward.system.sight.check_all(0).chains == 0


def test_what_a_ward_saw_is_told_for_its_whole_stay(ward: Ward) -> None:
    """A patient who is there for weeks: bounds are the stay's, not the page's."""
    episode = ward.enrol()
    ward.advance(seconds=timedelta(days=40).total_seconds())
    ward.get("/worklist?ward=N2")
    rows = ward.system.sight.looked.of(episode[10:], lists=True).rows
    assert [each["ward"] for each in rows] == ["N2"]
