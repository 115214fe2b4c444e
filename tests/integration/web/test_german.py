"""Goal: who asks for German reads German, the page says so, and nothing of it is English."""

from tests.integration.web.conftest import House


def test_a_page_is_german_for_a_browser_that_asks_for_it(each_house: House) -> None:
    answer = each_house.browser().client.get("/sign-in", headers={"Accept-Language": "de-AT, en;q=0.5"})
    assert answer.headers["content-language"] == "de"
    assert 'lang="de"' in answer.text
    assert "Anmelden" in answer.text
    assert "Sign in" not in answer.text


def test_who_chose_german_reads_german(each_house: House) -> None:
    nurse = each_house.signed_in("nurse", ("N2", "nurse"))
    assert nurse.send("/me", "/me/language", language="de").status_code == 303
    text = nurse.get("/worklist").text
    assert 'lang="de"' in text
    assert "Arbeitsliste" in text
