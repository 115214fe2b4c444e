"""Goal: everybody can use every page: WCAG 2.2 AA in light and dark, at a desk and on a tablet, nothing from elsewhere.

What two roles see alike is looked at once: a page's own part, and the menu around it, each by its elements and words
without hidden keys. A page is opened for the first role that has something new there.
Both themes are seen at both widths, each by the rules that can tell them apart; with CAREPATH_AXE=all all four by all
rules, which takes four times as long.
"""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Literal

import pytest
from httpx2 import Client
from playwright.sync_api import Page, ViewportSize

from orchestrator.service.demo import PASSWORD
from orchestrator.service.demo.cast import CAST
from tests.browser import addresses, axe
from tests.browser.site import DESKTOP, TABLET, Person, Site

Theme = Literal["light", "dark"]
MAGNIFIED = ViewportSize(width=320, height=640)
"""What is left of a screen of 1280 pixels at 400 %."""
_OTHERS: tuple[tuple[Theme, ViewportSize], ...] = (("dark", DESKTOP), ("dark", TABLET), ("light", TABLET))
LOGINS = list({each.role: each.login for each in reversed(CAST)}.values())
"""One of each role."""
_PASSING = re.compile(r'(?:name="(?:csrf|key|next)" value="[^"]*")|<a href="/me">.*?</a>|[0-9a-f]{8}-[0-9a-f-]{27}')


_BEYOND = """async () => {
  const frame = () => new Promise(requestAnimationFrame);
  await frame(), await frame();
  if (document.documentElement.scrollWidth <= innerWidth) return [];
  const all = [...document.querySelectorAll("body *")];
  const out = all.filter((each) => each.getBoundingClientRect().right > innerWidth);
  return ["the page", ...out.map((each) => `${each.tagName} ${each.textContent.trim().slice(0, 40)}`)].slice(0, 9);
}"""
"""Once the page is drawn in its present size: what reaches beyond the screen, where the page itself does."""


@pytest.fixture(scope="module")
def sights(ward: Site) -> dict[str, list[str]]:
    """Return what there is to be looked at, by login: of pages that are alike the first one alone."""
    found: dict[str, list[str]] = {}
    known: set[str] = set()
    there = addresses.of(ward)
    for login in LOGINS:
        with _reading(ward, login) as reading:
            for address in there:
                answer = reading.get(address)
                assert answer.status_code < 500, (login, address)
                new = _parts(answer.text) - known
                if new:
                    known |= new
                    found.setdefault(login, []).append(address)
    return found


@contextmanager
def _reading(ward: Site, login: str) -> Iterator[Client]:
    """Ask without the browser as somebody who has signed in with it: of a thousand answers it need show a fifth."""
    person = ward.signed_in(login, PASSWORD)
    cookies = {each["name"]: each["value"] for each in person.context.cookies()}
    person.context.close()
    asked = {"Accept-Language": "en-GB"}
    with Client(base_url=ward.address, cookies=cookies, headers=asked, follow_redirects=True) as client:
        yield client


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
    """Return what is wrong with a page, opened once: at a desk, on a tablet, and magnified four times."""
    page = person.page
    found: list[str] = []
    _show(page, "light", DESKTOP)
    person.open(address)
    found += [*axe.faults(page), *_wide(page)]
    for theme, size in _OTHERS if axe.ALL else (("dark", TABLET),):
        _show(page, theme, size)
        found += [*axe.faults(page, *(() if axe.ALL else (*axe.BY_THEME, *axe.BY_WIDTH))), *_wide(page)]
    page.set_viewport_size(MAGNIFIED)
    found += [f"at 320 pixels {each}" for each in _wide(page)]
    return [f"{address}: {each}" for each in found]


def _show(page: Page, theme: Theme, size: ViewportSize) -> None:
    page.emulate_media(color_scheme=theme)
    page.set_viewport_size(size)


def _wide(page: Page) -> list[str]:
    beyond: list[str] = page.evaluate(_BEYOND)
    return [f"it is wider than the screen by {each}" for each in beyond]
