"""Goal: everybody can use every page: WCAG 2.2 AA in light and dark, at a desk and on a tablet, nothing from elsewhere.

What two roles see alike is looked at once: a page's own part, and the menu around it, each by its elements and words
without hidden keys. A page is opened for the first role that has something new there.
"""

import re

import pytest
from playwright.sync_api import Page

from orchestrator.service.demo import PASSWORD
from orchestrator.service.demo.cast import CAST
from tests.browser import addresses, axe
from tests.browser.site import DESKTOP, TABLET, Person, Site

LOGINS = list({each.role: each.login for each in reversed(CAST)}.values())
"""One of each role."""
_PASSING = re.compile(r'(?:name="(?:csrf|key|next)" value="[^"]*")|<a href="/me">.*?</a>|[0-9a-f]{8}-[0-9a-f-]{27}')


@pytest.fixture(scope="module")
def sights(ward: Site) -> dict[str, list[str]]:
    """Return what there is to be looked at, by login: of pages that are alike the first one alone."""
    found: dict[str, list[str]] = {}
    known: set[str] = set()
    for login in LOGINS:
        person = ward.signed_in(login, PASSWORD)
        for address in addresses.of(ward):
            answer = person.context.request.get(ward.address + address)
            assert answer.status < 500, (login, address)
            new = _parts(answer.text()) - known
            if new:
                known |= new
                found.setdefault(login, []).append(address)
        person.context.close()
    return found


def _parts(text: str) -> set[str]:
    """Return what a page is made of: its own part, and the frame around it; nothing for what is no whole page."""
    if not text.lower().startswith("<!doctype html>"):
        return set()
    shown = _PASSING.sub("", text).partition("</head>")[2]
    before, begin, rest = shown.partition("<main")
    own, _, after = rest.partition("</main>")
    return {begin + own, before.replace(' aria-current="page"', "") + after}


@pytest.mark.parametrize("login", LOGINS)
def test_every_page_can_be_used_by_everybody(ward: Site, sights: dict[str, list[str]], login: str) -> None:
    person = ward.signed_in(login, PASSWORD)
    found = [fault for address in sights.get(login, ()) for fault in _faults(person, address)]
    person.context.close()
    assert found == []
    assert person.visit.wrong == []


def _faults(person: Person, address: str) -> list[str]:
    """Return what is wrong with a page: all of it on both screens, its colours in both themes."""
    page = person.page
    page.emulate_media(color_scheme="light")
    page.set_viewport_size(DESKTOP)
    person.open(address)
    found = [*axe.faults(page), *_wide(page)]
    page.emulate_media(color_scheme="dark")
    found += axe.faults(page, "color-contrast")
    page.set_viewport_size(TABLET)
    found += [*axe.faults(page, "target-size", "meta-viewport"), *_wide(page)]
    return [f"{address}: {each}" for each in found]


def _wide(page: Page) -> list[str]:
    wide: bool = page.evaluate("document.documentElement.scrollWidth > innerWidth")
    return ["it is wider than the screen"] if wide else []
