"""Goal: people look after their own account: language, where they are signed in, tokens for programs."""

import re

from starlette.testclient import TestClient

from orchestrator.web.app import create_pages
from tests.integration.web.conftest import PASSWORD, Browser, House

SECRET = re.compile(r'class="secret">([^<]+)<')


def test_my_page_shows_who_i_am(each_house: House) -> None:
    nurse = each_house.signed_in("nurse", ("N2", "nurse"))
    text = nurse.get("/me").text
    assert "<h1>Nurse</h1>" in text
    assert "nurse · N2" in re.sub(r"\s+", " ", text)
    assert nurse.send("/me", "/me/language", language="en").status_code == 303
    assert each_house.ward.system.people.person(each_house.people["nurse"])["language"] == "en"
    assert nurse.send("/me", "/me/language", language="no such").status_code == 303
    assert each_house.ward.system.people.person(each_house.people["nurse"])["language"] == ""


def test_i_end_my_sessions_elsewhere_and_not_this_one(each_house: House) -> None:
    here = each_house.signed_in("nurse", ("N2", "nurse"))
    there, further = each_house.signed_in("nurse"), each_house.signed_in("nurse")
    sessions = each_house.ward.system.signing.sessions(each_house.people["nurse"])
    assert len(sessions) == 3
    assert here.get("/me").text.count(">this one<") == 1
    assert here.send("/me", "/me/sessions", session="").status_code == 303
    assert here.get("/me").status_code == 200
    assert there.get("/me").status_code == further.get("/me").status_code == 303
    assert here.send("/me", "/me/sessions", session="s-000000000000").status_code == 404


def test_a_token_is_shown_once_and_does_what_was_ticked(each_house: House) -> None:
    nurse = each_house.signed_in("nurse", ("N2", "nurse"))
    assert "accounts of others" not in nurse.get("/me").text, "what my posts do not allow is not offered"
    left_open = nurse.send("/me", "/me/tokens", label="a program", scope=["see"], days="30", present="not the password")
    assert left_open.status_code == 422
    assert not each_house.ward.system.signing.tokens(each_house.people["nurse"]), "a browser left open makes none"
    known: dict[str, str | list[str]] = {"label": "a program", "scope": ["see"], "present": PASSWORD}
    wrong = nurse.send("/me", "/me/tokens", **known, days="9999")
    assert wrong.status_code == 422
    assert 'value="a program"' in wrong.text, "what was typed is kept"
    assert PASSWORD not in wrong.text
    typed = {**known, "days": "30", "key": "k" * 32}
    (token,) = SECRET.findall(nurse.send("/me", "/me/tokens", **typed).text)
    assert not SECRET.search(nurse.send("/me", "/me/tokens", **typed).text), "sent twice, it is made once"
    assert token not in nurse.get("/me").text
    found = each_house.ward.system.signing.bearer(token)
    assert found is not None
    assert found.scopes == frozenset({"see"})
    (row,) = each_house.ward.system.signing.tokens(each_house.people["nurse"])
    assert nurse.send("/me", "/me/tokens/end", token=row["token_id"]).status_code == 303
    assert each_house.ward.system.signing.bearer(token) is None


def test_no_password_is_taken_where_others_could_read_it(house: House) -> None:
    signed_in = house.signed_in("lead")
    pages = create_pages(house.ward.system, timezone="Europe/London")
    afar = Browser(TestClient(pages, client=("192.0.2.7", 50000), cookies=signed_in.client.cookies))
    sent = afar.send("/me", "/me/tokens", label="a program", scope=["see"], days="30", present=PASSWORD)
    assert sent.status_code == 422
    assert "HTTPS alone" in sent.text
    assert not house.ward.system.signing.tokens(house.people["lead"])


def test_i_end_nobody_elses_token(each_house: House) -> None:
    nurse, other = (each_house.signed_in(login, ("N2", "nurse")) for login in ("nurse", "other"))
    nurse.send("/me", "/me/tokens", label="a program", scope=["see"], days="30", present=PASSWORD)
    (row,) = each_house.ward.system.signing.tokens(each_house.people["nurse"])
    assert other.send("/me", "/me/tokens/end", token=row["token_id"]).status_code == 404
    assert not each_house.ward.system.signing.tokens(each_house.people["nurse"])[0]["ended"]
