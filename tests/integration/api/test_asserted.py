"""Goal: whom a program only names with the administrator's token is marked so wherever it is told who did what."""

from typing import Any

import pytest

from tests.integration.api.conftest import Ward
from tests.integration.api.test_glass import holder
from tests.integration.api.test_items import a_task
from tests.integration.api.test_merging import EVERY, WHY, number, post


def merge(ward: Ward, episode: str, other: str) -> dict[str, Any]:
    """Merge with the administrator's token, in the name of a lead; return the patient."""
    told = ward.post(f"{episode}/merge/compare", number(other)).json()
    wish = {"replaced": told["record"], "compared": told["compared"], "reason": WHY}
    answer = ward.post(f"{episode}/merge", wish)
    assert answer.status_code == 200, answer.text
    patient: dict[str, Any] = answer.json()
    return patient


def marks(ward: Ward, episode: str) -> list[tuple[str, str, bool]]:
    """Return what was done to a record and by whom, the first first, and whether that was only asserted."""
    rows = ward.get(f"{episode}/looks").json()["looks"]
    return [(row["kind"], row["role"], row["asserted"]) for row in reversed(rows) if row["kind"] != "read"]


def test_merged_held_and_taken_by_somebody_whom_nobody_proved(each_ward: Ward) -> None:
    ward = each_ward
    first, second = ward.enrol("0001"), ward.enrol("0002")
    patient = merge(ward, first, "0002")
    assert [(each["merged_by"], each["asserted"]) for each in patient["records"]] == [(None, None), ("u-lead", True)]
    assert ward.get(f"{second}/patient").json()["records"] == patient["records"]
    (listed,) = ward.get(f"{first}/report").text.split("more than one record")[1].split("</ul>")[:1]
    assert '<span class="who">u-lead</span>, lead <span class="note">asserted</span>' in " ".join(listed.split())
    held = ward.post(f"{first}/hold", {"reason": "case 7"}, "auditor").json()["held"]
    assert (held["by"], held["asserted"]) == ("u-auditor", True)
    assert ward.get(f"{second}/hold").json()["held"] == held
    assert [each["asserted"] for each in ward.get("/holds").json()["holds"]] == [True, True]
    assert ward.post("/items/claim", a_task(ward), "nurse").status_code == 200
    assert set(marks(ward, first)) == {("merged", "lead", True), ("held", "auditor", True), ("claim", "nurse", True)}
    looks = ward.get(f"{first}/looks", **{"Carepath-Actor": "u-9", "Carepath-Role": "auditor"}).json()["looks"]
    assert ("u-9", "auditor", True) in {(each["by"], each["role"], each["asserted"]) for each in looks}


def test_by_their_own_tokens_people_are_proved(each_ward: Ward) -> None:
    ward = each_ward
    first, second = ward.enrol("0001"), ward.enrol("0002")
    lead, auditor = holder(ward, "lead", "N2", EVERY), holder(ward, "auditor", "N2", EVERY)
    _, told = post(lead, f"{first}/merge/compare", number("0002"))
    wish = {"replaced": told["record"], "compared": told["compared"], "reason": WHY}
    assert post(lead, f"{first}/merge", wish)[1]["records"][1]["asserted"] is False
    assert post(auditor, f"{second}/hold", {"reason": "case 7"})[1]["held"]["asserted"] is False
    assert [each["asserted"] for each in ward.get("/holds").json()["holds"]] == [False, False]
    assert set(marks(lead, first)) == {("merged", "lead", False), ("held", "auditor", False)}
    listed = ward.get(f"{first}/report").text.split("more than one record")[1].split("</ul>")[0]
    assert "asserted" not in listed
    assert post(lead, f"{first}/unmerge", {"replaced": told["record"], "reason": "two people"})[0] == 200
    assert ("unmerged", "lead", False) in marks(ward, first)


@pytest.mark.parametrize("role", ["auditor", None])
def test_the_tokens_own_holder_is_proved_and_whom_it_names_is_not(ward: Ward, role: str | None) -> None:
    episode = ward.enrol("0001")
    said = {} if role is None else {"Carepath-Role": role}
    looks = ward.get(f"{episode}/looks", **said).json()["looks"]
    assert (looks[0]["by"], looks[0]["asserted"]) == ("administrator", role is not None)
