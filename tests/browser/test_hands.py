"""Goal: pages serve who has no mouse, who magnifies, who reads on paper and who reads another language."""

import re
from pathlib import Path

import pytest
from playwright.sync_api import Page, ViewportSize, expect

from orchestrator.service.demo import PASSWORD
from tests.browser import addresses
from tests.browser.site import DESKTOP, PHONE, TABLET, Site
from tests.browser.test_stories import NUMBER, WARD

PAPER = ViewportSize(width=703, height=1032)
"""A4 within margins of 12 mm, at 96 pixels an inch."""
_A4 = re.compile(rb"/MediaBox\s*\[0 0 594\.9\d* 841\.[89]\d*\]")
_PAGE = re.compile(rb"/Type\s*/Page\b")
_MOST_TABS = 60
_SEEN = """() => {
  const it = document.activeElement, box = it.getBoundingClientRect();
  const at = document.elementFromPoint(box.x + box.width / 2, box.y + Math.min(box.height / 2, 20));
  const ring = getComputedStyle(it);
  return at !== null && (it.contains(at) || at.contains(it)) && ring.outlineStyle !== 'none';
}"""
_TOP = "named => document.querySelector(named).getBoundingClientRect().y"
"""Asked at one go: a locator finds the line and then asks where it is, and the list may be loaded anew between."""
_CALLED = "(it => it.labels?.[0]?.innerText ?? it.innerText)(document.activeElement)"
_OFF_THE_BOARD = """() => [...document.querySelectorAll('.patient')].filter(
  it => it.getBoundingClientRect().right > it.closest('.stage').getBoundingClientRect().right + 1).length"""


def test_a_patient_is_enrolled_and_an_item_taken_with_the_keyboard_alone(site: Site) -> None:
    site.add("clara", (WARD, "clinician"))
    page = site.signed_in("clara").open("/enrol")
    page.keyboard.type(NUMBER)  # the field for it has the focus from the start
    _to(page, min(each.title for each in site.system.library.pathways))
    page.keyboard.press("Space")
    page.keyboard.press("Enter")
    expect(page.get_by_role("status").first).to_contain_text("Enrolled on")
    page.goto(site.address + "/worklist")
    _to(page, "Take")
    page.keyboard.press("Enter")
    expect(page.get_by_role("cell", name="You").first).to_be_visible()


def test_j_and_k_go_from_line_to_line_of_the_worklist_whatever_stands_in_one(ward: Site) -> None:
    person = ward.signed_in("clinician", PASSWORD)
    page = person.open("/worklist")
    expect(page.locator(".line:has(.told) .acts > *:visible")).not_to_have_count(0)
    page.locator("#main").focus()
    lines = page.locator(".line")
    for place in range(3):
        page.keyboard.press("j")
        expect(lines.nth(place).locator(".open")).to_be_focused()
    page.keyboard.press("k")
    expect(lines.nth(1).locator(".open")).to_be_focused()
    person.context.close()


@pytest.mark.parametrize("path", ["/worklist", "/inbox?view=ward"])
def test_a_list_that_is_loaded_anew_leaves_the_focus_where_it_was(ward: Site, path: str) -> None:
    """On the list itself too, which has it to be scrolled: the next step began at the top of the page again."""
    person = ward.signed_in("clinician", PASSWORD)
    page = person.open(path)
    rows = page.locator("#list .scroll")
    rows.focus()
    rows.evaluate("it => { it.dataset.old = 'yes' }")
    page.evaluate("htmx.trigger(document.body, 'live-changed')")
    expect(page.locator("#list .scroll:not([data-old])")).to_be_focused()
    person.context.close()


@pytest.mark.parametrize("script", [True, False])
def test_on_a_phone_the_first_line_that_is_overdue_is_in_the_first_screen(ward: Site, script: bool) -> None:
    """Under the menu, tabs, filters and a word on keys, which a phone has none of, it began at 793 pixels of 844."""
    person = ward.signed_in("nurse", PASSWORD, phone=True, script=script)
    page = person.open("/worklist")
    expect(page.locator(".line.late").first).to_be_visible()
    assert 0 < page.evaluate(_TOP, ".line.late") < PHONE["height"] * 0.6
    expect(page.locator(".keys")).to_be_hidden()
    expect(page.get_by_label("Owed by")).to_be_hidden()
    page.locator(".fold > summary").click()
    page.get_by_label("Only what is overdue").check()
    page.get_by_role("button", name="Show", exact=True).click()
    expect(page.get_by_label("Only what is overdue")).to_be_checked()
    expect(page.get_by_label("Only what is overdue")).to_be_visible()
    person.context.close()


def test_at_a_desk_nothing_of_the_worklist_is_folded_away(ward: Site) -> None:
    person = ward.signed_in("nurse", PASSWORD)
    page = person.open("/worklist")
    expect(page.get_by_label("Owed by")).to_be_visible()
    expect(page.locator(".fold > summary")).to_be_hidden()
    expect(page.locator(".keys")).to_be_visible()
    person.context.close()


def test_on_a_phone_nothing_of_the_alarm_load_is_cut_at_the_edge(ward: Site) -> None:
    person = ward.signed_in("lead", PASSWORD, phone=True)
    page = person.open("/load")
    expect(page.get_by_role("region").first).to_be_visible()
    cut = page.locator(".scroll").evaluate_all("all => all.filter(it => it.scrollWidth > it.clientWidth).length")
    assert cut == 0
    person.context.close()


def test_the_hand_over_is_printed_on_a4_dark_on_light_and_nothing_is_cut(ward: Site, tmp_path: Path) -> None:
    person = ward.signed_in("clinician", PASSWORD, dark=True)
    page = person.open(addresses.best(ward, "/handover/{ward:path}"))
    printed = page.pdf(path=tmp_path / "sheet.pdf", prefer_css_page_size=True)
    assert len(_A4.findall(printed)) == len(_PAGE.findall(printed)) > 0
    page.emulate_media(media="print")
    page.set_viewport_size(PAPER)
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    assert page.evaluate("getComputedStyle(document.body).color") == "rgb(23, 34, 45)"
    expect(page.get_by_role("navigation")).to_have_count(0)
    person.context.close()


@pytest.mark.parametrize(
    "size", [DESKTOP, TABLET, ViewportSize(width=1920, height=1080)], ids=["desk", "tablet", "wall"]
)
def test_longer_words_stay_within_their_places(ward: Site, size: ViewportSize) -> None:
    person = ward.signed_in("clinician", PASSWORD)
    page = person.page
    page.route("**/*", lambda route: route.continue_(headers={**route.request.headers, "accept-language": "de"}))
    page.set_viewport_size(size)
    for path in ("/worklist", "/board/{ward:path}", "/episodes/{episode_id}", "/handover/{ward:path}"):
        person.open(addresses.best(ward, path))
        assert page.locator("html").get_attribute("lang") == "de"
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), path
    person.open(addresses.best(ward, "/board/{ward:path}") + "?screen=1")
    assert page.evaluate(_OFF_THE_BOARD) == 0
    person.open("/worklist")
    assert page.evaluate("(it => it.scrollWidth - it.clientWidth)(document.querySelector('.scroll'))") == 0
    person.context.close()


def _to(page: Page, name: str) -> None:
    """Go on with the tabulator until what is called so has the focus; whatever has it on the way can be seen."""
    for _ in range(_MOST_TABS):
        page.keyboard.press("Tab")
        assert page.evaluate(_SEEN), page.evaluate("document.activeElement.outerHTML")
        if page.evaluate(_CALLED).startswith(name):
            return
    raise AssertionError(f"the tabulator does not lead to {name}")


def test_nothing_is_sent_while_nobody_answers_and_what_was_typed_stays(ward: Site) -> None:
    person = ward.signed_in("lead", PASSWORD)
    page = person.open(addresses.best(ward, "/episodes/{episode_id}"))
    for address in ("**/live?*", "**/mark.svg"):
        page.route(address, lambda route: route.abort())
    page.reload()
    told, button = page.locator("#unreached"), page.get_by_role("button", name="Record what is filled in").first
    expect(told).to_be_visible()
    page.locator("#part-ward textarea").fill("a bed nearer to the scanner")
    button.click()
    expect(told).to_be_in_viewport()
    assert page.locator("#part-ward textarea").input_value() == "a bed nearer to the scanner"
    page.unroute("**/mark.svg")
    button.click()
    expect(page.locator("#account")).to_contain_text("nothing was filled in")
    person.context.close()
