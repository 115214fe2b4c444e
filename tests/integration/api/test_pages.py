"""Goal: every list that can grow is read in pages; each row is told once, whatever comes between; on both stores."""

from collections.abc import Iterator
from typing import Any

import pytest

from orchestrator.api.app import PREFIX
from orchestrator.service.overview import shift
from orchestrator.service.people.recording import Author
from orchestrator.service.rows import NoticeRow, OutboxRow
from tests.integration.api.conftest import PATHWAY, Ward, enrolment

ADMINISTRATOR = Author("u-test", "administrator")
BOUNDED = {
    "board": "sixty patients, and how many more",
    "load": "two spans, of the latest alone",
    "operations": "figures",
    "pathways": "the files that the hospital has",
    "pathways/{name}": "the versions of one",
    "pathways/{name}/{version}": "the versions of one",
    "rota/{ward}": "35 days",
    "people/{person_id}/contacts": "ten",
    "me": "one person",
    "people/{person_id}": "one person",
    "episodes/{episode_id}": "what is open, which a test holds to 8 kB",
    "episodes/{episode_id}/explain": "the guards of one pathway",
    "episodes/{episode_id}/hold": "one record",
    "episodes/{episode_id}/patient": "one patient",
    "episodes/{episode_id}/story": "a document",
    "episodes/{episode_id}/report": "a document",
    "changes": "a stream",
    "banner": "one text",
}
"""What is read as one, and by what it is bounded."""


def lists(ward: Ward) -> dict[str, str]:
    """Return the routes of lists, with the name of the cursor's parameter."""
    found = {}
    for path, told in ward.client.app.openapi()["paths"].items():  # type: ignore[attr-defined]
        for method, each in told.items():
            named = {one["name"] for one in each.get("parameters", ())}
            if named & {"after", "before"}:
                found[f"{method.upper()} {path.removeprefix(PREFIX + '/')}"] = (named & {"after", "before"}).pop()
            elif method == "get" and path.startswith(PREFIX):
                assert path.removeprefix(f"{PREFIX}/") in BOUNDED, f"{path}: is it bounded, and by what?"
    return found


@pytest.fixture
def filled(each_ward: Ward) -> tuple[Ward, dict[str, str]]:
    """A ward with more of everything than a page of one holds."""
    ward = each_ward
    episodes = [ward.enrol(f"000{number}") for number in range(3)]
    other = next(each.name for each in ward.system.library.pathways if each.name != PATHWAY)
    assert ward.post("/episodes", enrolment("0000", pathway=other)).status_code == 201
    people = [ward.system.people.add(ADMINISTRATOR, login=f"p-{n}", name="Same Name") for n in range(3)]
    for number in range(3):
        ward.system.signing.make_token(ADMINISTRATOR, people[0], label=str(number), scopes=["know"], days=1)
        ward.system.signing.make_token(ADMINISTRATOR, people[1], label=str(number), scopes=["know", "people"], days=1)
        span = {"starts_at": f"2026-03-1{number}T08:00", "ends_at": f"2026-03-1{number}T09:00"}
        assert ward.post(f"/people/{people[0]}/absences/add", span).status_code == 201
        ward.post(f"{episodes[0]}/record", {"facts": {"severity": "mild"}})
        ward.get(f"{episodes[0]}/explain")
    _signed_in(ward, people[0], "p-0")
    for each in episodes:
        ward.system.sight.erasure.hold(Author("u-test", "auditor"), each.rpartition("/")[2], "case 7")
    _tell(ward, episodes[0].rpartition("/")[2])
    return ward, {"episode_id": episodes[0].rpartition("/")[2], "person_id": people[0]}


def _signed_in(ward: Ward, person_id: str, login: str) -> None:
    """Give a person a password of their own, and three sessions."""
    ward.system.people.set_password(Author(person_id, "nurse"), person_id, "three words of one's own")
    for _ in range(3):
        ward.system.signing.sign_in(login, "three words of one's own")


def _tell(ward: Ward, episode_id: str) -> None:
    with ward.system.store.change() as change:
        now, wall = change.times()
        for number in range(3):
            about = (episode_id, f"9.{number}", "reminder", "task-due", "task-due#eeg/1", "lead", "N2", 0)
            change.put_notices([NoticeRow(*about, now, now, late=False)])
            change.put_outbox([OutboxRow(episode_id, f"9.{number}", "pager", wall)])


def ask(ward: Ward, route: str, there: dict[str, str], query: str) -> Any:  # noqa: ANN401  an answer
    method, path = route.split(" ")
    more = "&from=2026-03-02T07:00:00Z&to=2026-03-02T15:00:00Z&ward=N2" if path == "handover" else ""
    address = f"/{path.format(**there)}?{query}{more}"
    if method == "POST":
        return ward.post(address, {"identifier": {"system": "hospital-number", "value": "0000"}})
    token = {"Authorization": f"Bearer {there['token']}"} if path.startswith("me/") else {}
    return ward.get(address, **token)


def walk(ward: Ward, route: str, there: dict[str, str], by: str, size: str) -> Iterator[list[Any]]:
    """Yield the rows of each page; between two pages a row is added behind and before."""
    query, pages, more = size, 0, True
    while more:
        answer = ask(ward, route, there, query)
        assert answer.status_code == 200, (route, answer.text)
        told = answer.json()
        (rows,) = (held for name, held in told.items() if isinstance(held, list) and name not in {"faults", "left"})
        yield rows
        assert (told[by] is None) is ("link" not in answer.headers)
        if told[by]:
            assert answer.headers["link"].endswith('; rel="next"')
            assert f"{by}={told[by]}" in answer.headers["link"]
        query, more = f"{size}&{by}={told[by]}", told[by] is not None
        pages += 1
        assert pages < 60, f"{route} does not end"


def test_every_list_is_read_in_pages_and_each_row_once(
    filled: tuple[Ward, dict[str, str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    ward, there = filled
    by_route = lists(ward)
    assert len(by_route) >= 11
    (_, there["token"]) = ward.system.signing.make_token(
        ADMINISTRATOR, there["person_id"], label="asks", scopes=["know"], days=1
    )
    monkeypatch.setattr(shift, "PAGE", 2)
    for route, by in by_route.items():
        sized = "handover" not in route
        whole = [_id(row) for rows in walk(ward, route, there, by, "limit=500" if sized else "") for row in rows]
        assert len(whole) > 1, route
        if sized and "looks" not in route:  # to ask is a look of its own
            parts = list(walk(ward, route, there, by, "limit=1"))
            assert [_id(row) for rows in parts for row in rows] == whole, route
            assert all(len(rows) <= 1 for rows in parts)
        for wrong in ("x", "W10", "Li4v", "WyJhIiwiYiIsImMiLCJkIl0", "2026-03-02T08:00:00Z~a~b~c"):
            bad = ask(ward, route, there, f"{by}={wrong}")
            assert (bad.status_code, bad.json()["code"]) == (422, "invalid-request"), (route, wrong)
        if sized:
            assert ask(ward, route, there, "limit=501").status_code == 422
            assert ask(ward, route, there, "limit=0").status_code == 422


def _id(row: dict[str, Any]) -> str:
    """Return what tells a row from others and stays as it is."""
    return repr(sorted((name, held) for name, held in row.items() if name not in {"last_used_at", "overdue"}))


def test_what_is_added_meanwhile_moves_nobody_to_another_page(each_ward: Ward) -> None:
    people = each_ward.system.people
    added = [people.add(ADMINISTRATOR, login=f"m-{n}", name=f"M{n}") for n in range(4)]
    first = each_ward.get("/people?limit=2").json()
    for login, name in (("a-new", "A New"), ("m-new", "M1 New"), ("z-new", "Z New")):
        people.add(ADMINISTRATOR, login=login, name=name)
    second = each_ward.get(f"/people?limit=9&after={first['after']}").json()
    assert [each["person_id"] for each in first["people"]] == added[:2]
    assert [each["name"] for each in second["people"]] == ["M1 New", "M2", "M3", "Z New"]
    assert second["after"] is None


def test_a_page_of_people_is_found_by_an_index(each_ward: Ward) -> None:
    with each_ward.system.store.read() as reader:
        sql = "SELECT person_id FROM person WHERE (name, login) > ('M', 'm') ORDER BY name, login LIMIT 9"
        if reader._sql.dialect.name == "sqlite":
            plan = " ".join(row[3] for row in reader._sql.exec_driver_sql(f"EXPLAIN QUERY PLAN {sql}"))
        else:
            reader._sql.exec_driver_sql("SET LOCAL enable_seqscan = off")
            plan = " ".join(row[0] for row in reader._sql.exec_driver_sql(f"EXPLAIN {sql}"))
    assert "ix_person_name_login" in plan
    assert "SORT" not in plan.upper().replace("SORT KEY", "")
    assert "TEMP B-TREE" not in plan
