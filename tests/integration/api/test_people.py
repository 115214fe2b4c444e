"""Goal: programs look after accounts over HTTP as people do on pages: once for each key, never over another's."""

from typing import Any

import pytest
from httpx2 import Response

from orchestrator.service.people.recording import Author
from tests.integration.api.conftest import Ward
from tests.integration.api.played import with_factor

BY = Author("u-test", "administrator")


def add(ward: Ward, login: str = "nurse", role: str = "nurse", **other: Any) -> dict[str, Any]:  # noqa: ANN401
    body = {"login": login, "name": login.capitalize(), "posts": [{"ward": "N2", "role": role}], **other}
    answer = ward.post("/people", body, "administrator")
    assert answer.status_code == 201, answer.text
    return dict(answer.json())


def token_of(ward: Ward, person_id: str, *scopes: str) -> str:
    return ward.system.signing.make_token(BY, person_id, label="a program", scopes=list(scopes), days=1)[1]


def bearing(ward: Ward, token: str, path: str, body: object | None = None, key: str = "k") -> Response:
    """Ask with a token of one's own."""
    headers = {"Authorization": f"Bearer {token}", "Idempotency-Key": key}
    address = f"/api/v1{path}"
    return (
        ward.client.get(address, headers=headers)
        if body is None
        else ward.client.post(address, json=body, headers=headers)
    )


def test_a_person_is_added_once_for_a_key(each_ward: Ward) -> None:
    ward = each_ward
    body = {"login": "nurse", "name": "Nurse", "posts": [{"ward": "N2", "role": "nurse"}]}
    first = ward.post("/people", body, "administrator", idempotency_key="one")
    again = ward.post("/people", body, "administrator", idempotency_key="one")
    assert (first.status_code, again.status_code) == (201, 201)
    told, repeated = first.json(), again.json()
    assert len(told["password"]) > 20
    assert "password" not in repeated, "it is shown in the first answer alone"
    assert repeated["repeated"] is True
    assert again.headers["idempotent-replayed"] == "true"
    assert {name: told[name] for name in ("person_id", "record", "at")} == {
        name: repeated[name] for name in ("person_id", "record", "at")
    }
    other = ward.post("/people", {**body, "login": "other"}, "administrator", idempotency_key="one")
    assert (other.status_code, other.json()["code"]) == (409, "idempotency-key-reused")
    assert ward.post("/people", body, "administrator").json()["code"] == "conflict", "the login is taken"
    assert first.headers["location"] == f"/api/v1/people/{told['person_id']}"
    (record,) = ward.get("/people/records").json()["records"]
    assert (record["kind"], record["by"], record["detail"]["asserted"]) == ("added", "u-administrator", True)
    assert ward.system.people.faults() == []


def test_an_account_is_changed_and_a_change_of_others_is_seen(each_ward: Ward) -> None:
    ward = each_ward
    path = f"/people/{add(ward)['person_id']}"
    read = ward.get(path)
    seen = read.headers["etag"]
    assert seen == f'"{read.json()["tag"]}"'
    assert ward.post(f"{path}/change", {"name": "Nora Nurse"}, "administrator", if_match=seen).status_code == 200
    late = ward.post(f"{path}/posts", {"posts": []}, "administrator", if_match=seen)
    assert (late.status_code, late.json()["code"]) == (412, "changed-since-read")
    told = ward.get(path).json()
    assert (told["name"], told["posts"]) == ("Nora Nurse", [{"ward": "N2", "role": "nurse"}])
    assert (
        ward.post(
            f"{path}/posts", {"posts": [{"ward": "*", "role": "lead"}]}, "administrator", if_match="*"
        ).status_code
        == 200
    )
    wrong = ward.post(f"{path}/posts", {"posts": [{"ward": "*", "role": "wizard"}]}, "administrator", if_match="*")
    assert wrong.status_code == 422
    assert ward.get(path).json()["posts"] == [{"ward": "*", "role": "lead"}]
    assert ward.post(f"{path}/unlock", {}, "administrator").status_code == 200
    reset = ward.post(f"{path}/password", {}, "administrator").json()
    assert ward.system.signing.sign_in("nurse", reset["password"]).principal.renew


def test_ending_an_account_ends_everything_of_it(each_ward: Ward) -> None:
    ward = each_ward
    person_id = add(ward, "first", "administrator", password=False)["person_id"]
    path, token = f"/people/{person_id}", token_of(ward, person_id, "know")
    identity = {"issuer": "https://login.example", "subject": "s-1"}
    assert ward.post(f"{path}/identities", identity, "administrator").status_code == 200
    assert ward.post(f"{path}/identities", identity, "administrator").json()["code"] == "conflict"
    last = ward.post(f"{path}/end", {}, "administrator")
    assert (last.status_code, last.json()["code"]) == (409, "conflict"), "nobody would be administrator"
    assert bearing(ward, token, "/me").status_code == 200
    add(ward, "admin", "administrator")
    assert ward.post(f"{path}/end", {}, "administrator").status_code == 200
    assert bearing(ward, token, "/me").status_code == 401
    told = ward.get(path).json()
    assert told["ended_at"]
    assert (told["posts"], told["identities"]) == ([], [])
    assert person_id not in [each["person_id"] for each in ward.get("/people").json()["people"]]
    assert person_id in [each["person_id"] for each in ward.get("/people?ended=true").json()["people"]]
    assert ward.post(f"{path}/change", {"name": "Again"}, "administrator", if_match="*").status_code == 409


def test_accounts_come_in_pages(each_ward: Ward) -> None:
    ward = each_ward
    for login in ("c", "a", "b"):
        add(ward, f"{login}-nurse")
    found: list[str] = []
    after = ""
    while True:
        page = ward.get(f"/people?limit=2{after}").json()
        found += [each["login"] for each in page["people"]]
        if page["after"] is None:
            break
        after = f"&after={page['after']}"
    assert found == ["a-nurse", "b-nurse", "c-nurse"]
    assert [each["login"] for each in ward.get("/people?find=B-NUR").json()["people"]] == ["b-nurse"]
    assert ward.get("/people?after=u-1").status_code == 422
    newest = ward.get("/people/records?limit=2").json()
    assert [each["seq"] for each in newest["records"]] == [3, 2]
    assert [each["seq"] for each in ward.get(f"/people/records?before={newest['before']}").json()["records"]] == [1]


def test_a_token_makes_none_that_may_do_more(each_ward: Ward) -> None:
    ward = each_ward
    person_id = add(ward, "admin", "administrator", password=False)["person_id"]
    token = token_of(ward, person_id, "know")
    told = bearing(ward, token, "/me").json()
    assert (told["actor_id"], told["scopes"], told["account"]["login"]) == (person_id, ["know"], "admin")
    wish = {"label": "more", "scopes": ["know", "people"], "days": 1}
    assert bearing(ward, token, "/me/tokens", wish).status_code == 403
    assert bearing(ward, token, "/people").status_code == 403
    made = bearing(ward, token, "/me/tokens", {**wish, "scopes": ["know"]}).json()
    assert bearing(ward, made["token"], "/me").status_code == 200
    assert bearing(ward, token, "/me/tokens/end", {"token_id": made["token_id"]}, "other").status_code == 200
    assert bearing(ward, made["token"], "/me").status_code == 401
    listed = bearing(ward, token, "/me/tokens").json()["tokens"]
    assert [each["ended"] for each in listed] == [False, True]
    assert made["token"] not in str(listed)


def test_a_token_makes_none_that_outlives_it(each_ward: Ward) -> None:
    """Else whoever found one would keep it alive for ever, and its end would be none."""
    ward = each_ward
    person_id = add(ward, password=False)["person_id"]
    token = token_of(ward, person_id, "know")
    made = bearing(ward, token, "/me/tokens", {"label": "for long", "scopes": ["know"], "days": 366}).json()
    ends = {each["token_id"]: each["expires_at"] for each in bearing(ward, token, "/me/tokens").json()["tokens"]}
    assert len(ends) == 2
    assert ends[made["token_id"]] == min(ends.values()) == max(ends.values())


def test_a_password_that_was_made_up_is_changed_whoever_asked_for_it(ward: Ward) -> None:
    person_id = add(ward, "admin", "administrator", password=False)["person_id"]
    token = token_of(ward, person_id, "people")
    made = bearing(ward, token, f"/people/{person_id}/password", {}).json()["password"]
    assert ward.system.signing.sign_in("admin", made).principal.renew


def test_nobody_makes_a_token_that_acts_for_another_person(each_ward: Ward) -> None:
    ward = each_ward
    nurse, program = add(ward)["person_id"], add(ward, "laboratory", "service", password=False)["person_id"]
    wish = {"label": "a link", "scopes": ["know"], "days": 30}
    refused = ward.post(f"/people/{nurse}/tokens", wish, "administrator")
    assert (refused.status_code, refused.json()["code"]) == (403, "not-allowed")
    made = ward.post(f"/people/{program}/tokens", wish, "administrator").json()
    assert bearing(ward, made["token"], "/me").json()["account"]["login"] == "laboratory"
    assert [each["token_id"] for each in ward.get(f"/people/{program}/tokens").json()["tokens"]] == [made["token_id"]]
    ended = ward.post(f"/people/{program}/tokens/end", {"token_id": made["token_id"]}, "administrator")
    assert ended.status_code == 200
    assert ward.post("/me/tokens", wish).status_code == 422, "the administrator's token is no person"
    assert ward.get("/me").json()["account"] is None


@pytest.mark.parametrize(
    ("verb", "body"),
    [
        ("change", {"name": ""}),
        ("change", {"nam": "x"}),
        ("posts", {"posts": [{"ward": "N2"}]}),
        ("posts", {"posts": [{"ward": " N2", "role": "nurse"}]}),
        ("tokens", {"label": "x", "scopes": [], "days": 1}),
        ("tokens", {"label": "x", "scopes": ["everything"], "days": 1}),
        ("tokens", {"label": "x", "scopes": ["know"], "days": 9999}),
        ("identities", {"issuer": "ftp://x", "subject": "s"}),
        ("end", {"really": True}),
    ],
)
def test_what_does_not_fit_changes_nothing(ward: Ward, verb: str, body: dict[str, Any]) -> None:
    add(ward, "admin", "administrator")
    path = f"/people/{add(ward, 'program', 'service')['person_id']}"
    before = ward.get(path).json()
    answer = ward.post(f"{path}/{verb}", body, "administrator", if_match="*")
    assert answer.status_code == 422, answer.text
    assert ward.get(path).json() == before
    nobody = ward.post(f"/people/u-{'0' * 16}/{verb}", body, "administrator", if_match="*")
    assert nobody.status_code in {404, 422}


def test_a_lost_second_factor_is_taken_off_for_a_reason(each_ward: Ward) -> None:
    ward = each_ward
    person_id = add(ward)["person_id"]
    path = f"/people/{person_id}"
    none = ward.post(f"{path}/factor/end", {"reason": "lost"}, "administrator")
    assert (none.status_code, none.json()["code"]) == (409, "conflict")
    with_factor(ward.system, person_id)
    read = ward.get(path)
    assert read.json()["second_factor"]
    assert [each["second_factor"] is not None for each in ward.get("/people").json()["people"]] == [True]
    assert ward.post(f"{path}/factor/end", {"reason": ""}, "administrator").status_code == 422
    done = ward.post(
        f"{path}/factor/end", {"reason": "lost the telephone"}, "administrator", if_match=read.headers["etag"]
    )
    assert done.status_code == 200, done.text
    assert ward.get(path).json()["second_factor"] is None
    latest = ward.get("/people/records").json()["records"][0]
    assert (latest["kind"], latest["detail"]["reason"]) == ("factor-ended", "lost the telephone")
