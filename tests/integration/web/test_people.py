"""Goal: administrators look after accounts on their pages; nothing is lost between two of them; all is on record."""

import re

import pytest

from orchestrator.service.cursor import closed
from orchestrator.service.people.guessing import LOCKED_AFTER
from tests.integration.web.conftest import PASSWORD, Browser, House

SECRET = re.compile(r'class="secret">([^<]+)<')


@pytest.fixture
def admin(each_house: House) -> Browser:
    return each_house.signed_in("admin", ("*", "administrator"))


def page_of(house: House, login: str) -> str:
    return f"/people/{house.people[login]}"


def posts_of(house: House, login: str) -> list[tuple[str, str]]:
    told = house.ward.system.people.person(house.people[login])
    return [(each["ward"], each["role"]) for each in told["posts"]]


def test_a_person_is_added_with_a_first_password_that_is_shown_once(each_house: House, admin: Browser) -> None:
    typed = {"login": "New.Nurse", "name": "New Nurse", "language": "", "role-1": "nurse", "ward-1": "N2"}
    shown = admin.send("/people/new", **typed)
    assert shown.status_code == 200
    (password,) = SECRET.findall(shown.text)
    browser = each_house.browser()
    assert browser.send("/sign-in", login="new.nurse", password=password).headers["location"] == "/password"
    assert "New Nurse" in admin.get("/people?find=N2+nurse").text
    assert "Nobody is found" in admin.get("/people?find=pharmacist").text
    taken = admin.send("/people/new", **typed)
    assert taken.status_code == 409
    assert 'value="New Nurse"' in taken.text, "what was typed is kept"
    assert 'value="nurse/N2" checked' in taken.text
    assert each_house.ward.system.people.faults() == []


def test_a_form_that_is_sent_twice_is_done_once(each_house: House, admin: Browser) -> None:
    typed = {"login": "nurse", "name": "Nurse", "key": "k" * 32}
    assert SECRET.search(admin.send("/people/new", **typed).text)
    again = admin.send("/people/new", **typed)
    assert again.status_code == 200
    assert "the password was shown then" in again.text
    assert not SECRET.search(again.text)
    other = admin.send("/people/new", **{**typed, "login": "other"})
    assert other.status_code == 409, "the same key with another wish is refused"
    assert len(each_house.ward.system.people.people()) == 2


def test_posts_hold_at_once(each_house: House, admin: Browser) -> None:
    nurse = each_house.signed_in("nurse", ("N2", "nurse"))
    assert nurse.get("/people").status_code == 403
    page = page_of(each_house, "nurse")
    assert admin.send(page, f"{page}/posts", post=["nurse/N2"], **{"role-2": "lead", "ward-2": "*"}).status_code == 303
    assert posts_of(each_house, "nurse") == [("*", "lead"), ("N2", "nurse")]
    unknown = admin.send(page, f"{page}/posts", **{"role-1": "wizard", "ward-1": "N2"})
    assert unknown.status_code == 422
    assert posts_of(each_house, "nurse") == [("*", "lead"), ("N2", "nurse")]


def test_who_makes_an_administrator_shows_the_own_password(each_house: House, admin: Browser) -> None:
    each_house.add("nurse", ("N2", "nurse"))
    page, wish = page_of(each_house, "nurse"), {"role-1": "administrator", "ward-1": "*"}
    assert admin.send(page, f"{page}/posts", present="a guess of mine", **wish).status_code == 422
    assert posts_of(each_house, "nurse") == [("N2", "nurse")]
    assert admin.send(page, f"{page}/posts", present=PASSWORD, **wish).status_code == 303
    assert posts_of(each_house, "nurse") == [("*", "administrator")]


def test_two_administrators_at_once_lose_nothing(each_house: House, admin: Browser) -> None:
    each_house.add("nurse", ("N2", "nurse"))
    other = each_house.signed_in("other", ("*", "administrator"))
    page = page_of(each_house, "nurse")
    seen = re.search(r'name="seen" value="(\d+-[0-9a-f]{16})"', admin.get(page).text)
    assert seen is not None
    assert (
        other.send(page, f"{page}/posts", post=["nurse/N2"], **{"role-1": "nurse", "ward-1": "N3"}).status_code == 303
    )
    late = admin.send(page, f"{page}/posts", seen=seen[1], **{"role-1": "pharmacist", "ward-1": "N2"})
    assert late.status_code == 409
    assert "somebody else was faster" in late.text
    assert re.search(r"Other: *set the posts: *nurse · N2 *, *nurse · N3", re.sub(r"\s+", " ", late.text))
    assert 'value="pharmacist/N2" checked' in late.text, "what was typed is kept"
    assert posts_of(each_house, "nurse") == [("N2", "nurse"), ("N3", "nurse")]
    number = int(seen[1].partition("-")[0]) + 1
    lost = admin.send(page, f"{page}/posts", seen=f"{number}-{'0' * 16}", post=["pharmacist/N2"])
    assert lost.status_code == 409, (
        "of this number, but another change: a restored store has lost the one that was seen"
    )
    again = admin.send(page, f"{page}/posts", post=["pharmacist/N2"])
    assert again.status_code == 303, "having seen it, the second one may decide"


def test_a_password_is_reset_and_an_account_unlocked(each_house: House, admin: Browser) -> None:
    nurse = each_house.signed_in("nurse", ("N2", "nurse"))
    page, stranger = page_of(each_house, "nurse"), each_house.browser()
    for _ in range(LOCKED_AFTER):
        stranger.send("/sign-in", login="nurse", password="something else it is")
    assert "locked" in admin.get("/people").text
    assert admin.send(page, f"{page}/unlock").status_code == 303
    assert each_house.browser().send("/sign-in", login="nurse", password=PASSWORD).status_code == 303
    (given,) = SECRET.findall(admin.send(page, f"{page}/password").text)
    assert nurse.get("/me").headers["location"] == "/sign-in?next=/me", "every session ended"
    assert each_house.browser().send("/sign-in", login="nurse", password=given).headers["location"] == "/password"
    own = page_of(each_house, "admin")
    assert admin.send(own, f"{own}/password").headers["location"] == "/password", "the own one is chosen, not given"


def test_ending_an_account_says_first_what_it_does(each_house: House, admin: Browser) -> None:
    nurse = each_house.signed_in("nurse", ("N2", "nurse"))
    page = page_of(each_house, "nurse")
    before = admin.get(f"{page}/end").text
    assert "Its sessions end, 1 at present, and its tokens, 0 at present." in before
    assert nurse.get("/me").status_code == 200
    assert admin.send(f"{page}/end").status_code == 303
    assert nurse.get("/me").status_code == 303
    assert "This account was ended" in admin.get(page).text
    own = page_of(each_house, "admin")
    last = admin.send(f"{own}/end")
    assert last.status_code == 409
    assert "somebody must remain administrator" in last.text
    assert admin.get("/people").status_code == 200


def test_sessions_and_tokens_of_others_are_ended(each_house: House, admin: Browser) -> None:
    nurse = each_house.signed_in("nurse", ("N2", "nurse"))
    made = nurse.send("/me", "/me/tokens", label="a program", scope=["see"], days="30", present=PASSWORD)
    (token,) = SECRET.findall(made.text)
    signing = each_house.ward.system.signing
    assert signing.bearer(token) is not None
    page = page_of(each_house, "nurse")
    (row,) = signing.tokens(each_house.people["nurse"])
    assert admin.send(page, f"{page}/token", token=row["token_id"]).status_code == 303
    assert signing.bearer(token) is None
    (session,) = signing.sessions(each_house.people["nurse"])
    assert admin.send(page, f"{page}/sessions", session=session["session_id"]).status_code == 303
    assert nurse.get("/me").status_code == 303
    assert admin.send(page, f"{page}/sessions", session=session["session_id"]).status_code == 404, "it has ended"


def test_the_record_names_who_did_what_and_tells_when_it_was_changed(each_house: House, admin: Browser) -> None:
    each_house.add("nurse", ("N2", "nurse"))
    page = page_of(each_house, "nurse")
    admin.send(page, f"{page}/change", name="Nora Nurse", language="")
    text = admin.get("/people/records").text
    assert "Nora Nurse" in text
    assert "changed name or language" in text
    assert "This record is whole" in admin.get("/people/records?check=yes").text
    with each_house.ward.system.store.change() as change:
        change._sql.exec_driver_sql("UPDATE staff_record SET role = 'lead' WHERE kind = 'changed'")
    assert "was changed after it was written" in admin.get("/people/records?check=yes").text
    assert admin.get(f"/people/records?before={closed('1')}").status_code == 200


@pytest.mark.parametrize(
    "address",
    ["/people/u-0000000000000000", "/people/nobody", "/people?after=u-1", "/people/records?before=99999999999999999999",
     "/people/records?about=%00"],
)  # fmt: skip
def test_what_is_not_there_is_said_calmly(each_house: House, admin: Browser, address: str) -> None:
    assert admin.get(address).status_code in {404, 422}
