"""Goal: what does not work is said in sentences that a person understands, with a way back to where it does."""

import re

from tests.integration.web.conftest import Browser, House

WHERE = {"/worklist?ward=Nope": "/worklist", "/inbox?ward=Nope": "/inbox", "/board/Nope": "/board"}


def said(browser: Browser, path: str, status: int) -> str:
    answer = browser.get(path)
    assert answer.status_code == status, path
    assert 'href="/"' in answer.text, "a way back"
    main = re.search(r"<main.*</main>", answer.text, re.DOTALL)
    assert main is not None
    return main[0]


def test_a_ward_that_is_none_leads_back_to_the_list_it_was_asked_of(house: House) -> None:
    nurse = house.signed_in("nurse")
    for path, back in WHERE.items():
        shown = said(nurse, path, 404)
        assert "there is no such ward among yours." in shown
        assert f'<a class="button" href="{back}">' in shown


def test_who_may_not_open_a_page_is_told_by_roles_and_in_no_jargon(house: House) -> None:
    shown = said(house.signed_in("nurse"), "/operations", 403)
    assert "You work here as: nurse." in shown
    assert "token" not in shown
    assert "operate" not in shown
    assert 'href="/operations"' not in shown


def test_an_address_that_is_none_is_told_in_one_sentence(house: House) -> None:
    shown = said(house.signed_in("nurse"), "/nothing", 404)
    assert "Not Found" not in shown
    assert 'class="button"' not in shown
