"""Goal: a board on the wall keeps itself up to date, and one that cannot says so for as long as it cannot."""

from typing import Any

import pytest
from playwright.sync_api import ViewportSize, expect

from orchestrator.episode.commands import Actor
from orchestrator.service.demo import PASSWORD
from orchestrator.service.enrolment import EnrolRequest, Identifier
from orchestrator.web.board import ON_A_WALL
from orchestrator.web.syllables import hyphenated
from tests.browser import addresses
from tests.browser.site import Site

NURSE = Actor("u-test", "nurse")
STAGES = 7
"""The most in which a ward can have patients."""
_FILL = """([titles, most]) => {
  const all = () => [...document.querySelectorAll('.stage')];
  while (all().length < most) all()[0].after(all()[1].cloneNode(true));
  const place = document.querySelector('.patient.late');
  for (const title of titles) {
    const other = place.cloneNode(true);
    other.querySelector('.next').textContent = title;
    other.querySelector('.next').classList.toggle('dose', title.startsWith('Dose: '));
    place.after(other);
  }
  const heads = ['Neubewertung ', 'Überbrückung ', 'Maintenance '];
  all().forEach((one, at) => { one.querySelector('h2').firstChild.textContent = heads[at % heads.length]; });
}"""
_BROKEN = r"""() => {
  const found = new Set(), range = document.createRange();
  const walk = document.createTreeWalker(document.getElementById('board'), NodeFilter.SHOW_TEXT);
  for (let node = walk.nextNode(); node; node = walk.nextNode()) {
    for (const word of node.textContent.matchAll(/[\p{L}\p{N}]+/gu)) {
      const tops = [...word[0]].map((_, at) => {
        range.setStart(node, word.index + at);
        range.setEnd(node, word.index + at + 1);
        return range.getBoundingClientRect().bottom;
      });
      if (Math.max(...tops) - Math.min(...tops) > 3) found.add(word[0]);
    }
  }
  return [...found];
}"""
_BESIDE = """() => [...document.querySelectorAll('.stage h2, .stage p')].filter(
  it => it.scrollWidth > it.clientWidth + 1).map(it => it.innerText)"""

_CUT = """() => {
  document.getElementById('board').classList.remove('roomy');
  const doses = [...document.querySelectorAll('.next.dose')];
  return [doses.length, doses.filter(it => it.scrollHeight > it.clientHeight + 1).map(it => it.innerText)];
}"""
"""How many doses there are, and which of them are not read to the end on a board with many patients."""


def enrol(site: Site, number: str, pathway: str = "") -> None:
    pathway = pathway or next(iter(site.system.library.pathways)).name
    wish = EnrolRequest(pathway, (Identifier("hospital-number", number),), "N2", "UTC", NURSE, number)
    assert site.system.enrolments.enrol(wish).episode_id


def test_the_wall_tells_of_who_comes_and_of_what_it_can_no_longer_know(site: Site) -> None:
    site.add("nell", ("N2", "nurse"))
    enrol(site, "0001")
    nell = site.visitor().sign_in("nell")
    page = nell.page
    page.clock.install()
    page.goto(f"{site.address}/board/N2?screen=1")
    page.get_by_text("0001").wait_for()
    stale = page.locator("#stale")
    assert not stale.is_visible()

    enrol(site, "0002")
    page.clock.fast_forward("00:31")
    page.get_by_text("0002").wait_for()
    assert not stale.is_visible()

    with site.system.store.change() as change:
        change.end_sessions(site.people["nell"])
    page.clock.fast_forward("00:31")
    stale.wait_for()
    page.clock.fast_forward("00:10")
    assert stale.is_visible(), "it is not taken back while nothing new has come"
    assert page.get_by_text("0002").is_visible(), "what came instead has not taken its place"
    assert all("401" in each for each in nell.visit.wrong), "nobody is signed in any more: that alone went wrong"
    nell.visit.wrong.clear()


def test_on_a_full_wall_no_pathway_is_cut_and_what_is_not_shown_is_said_on_the_screen(site: Site) -> None:
    site.add("nell", ("N2", "nurse"))
    longest = max(site.system.library.pathways, key=lambda pathway: len(pathway.title)).name
    for number in range(ON_A_WALL + 2):
        enrol(site, f"{number:04}", longest)
    page = site.visitor().sign_in("nell").page
    page.set_viewport_size({"width": 1920, "height": 1080})
    page.goto(f"{site.address}/board/N2?screen=1")
    names = page.locator(".patient .on")
    assert names.count() == ON_A_WALL
    assert names.evaluate_all("all => all.every(one => one.scrollHeight <= one.clientHeight + 1)")
    expect(page.locator(".more")).to_be_visible()
    end = page.evaluate("document.querySelector('.more').getBoundingClientRect().bottom")
    assert end < 1080, "nobody scrolls a wall"


@pytest.mark.parametrize("language", ["en", "de"])
@pytest.mark.parametrize("width", [820, 1024, 1280, 1920, 3840])
def test_no_word_is_broken_but_between_syllables_and_no_drug_cut_on_seven_full_stages(
    ward: Site, width: int, language: str
) -> None:
    pathways = ward.system.library.pathways
    titles = {task.title for pathway in pathways for task in pathway.tasks.values()}
    doses = {f"Dose: {regimen.title}" for pathway in pathways for regimen in pathway.regimens.values()}
    person = ward.signed_in("clinician", PASSWORD)
    page = person.page
    page.route("**/*", lambda route: route.continue_(headers={**route.request.headers, "accept-language": language}))
    page.set_viewport_size(ViewportSize(width=width, height=1000))
    for screen in ("", "?screen=1"):
        person.open(addresses.best(ward, "/board/{ward:path}") + screen)
        assert page.locator("html").get_attribute("lang") == language
        filled: list[Any] = [[hyphenated(each) for each in sorted(titles | doses)], STAGES]
        page.evaluate(_FILL, filled)
        assert page.locator(".stage").count() == STAGES
        assert page.evaluate(_BROKEN) == []
        assert page.evaluate(_BESIDE) == []
        shown, cut = page.evaluate(_CUT)
        assert (shown >= len(doses), cut) == (True, [])
        tops = page.locator(".stage").evaluate_all("all => new Set(all.map(one => one.offsetTop)).size")
        assert tops == 1 or width < 1280, "they stand beside one another"
    person.context.close()
