"""Goal: a board on the wall keeps itself up to date, and one that cannot says so for as long as it cannot."""

from orchestrator.episode.commands import Actor
from orchestrator.service.enrolment import EnrolRequest, Identifier
from orchestrator.web.board import ON_A_WALL
from tests.browser.site import Site

NURSE = Actor("u-test", "nurse")


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
    more = page.locator(".more").bounding_box()
    assert more is not None
    assert more["y"] + more["height"] < 1080, "nobody scrolls a wall"
