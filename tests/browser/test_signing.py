"""Goal: a person comes in, the first one too, with and without scripts; the first visit is light, and all from here."""

import pytest

from orchestrator.service.demo import PASSWORD as DEMO_PASSWORD
from orchestrator.service.people.recording import Author
from tests.browser import axe
from tests.browser.site import PASSWORD, Site

MOST_BYTES = 100_000


@pytest.mark.parametrize("script", [True, False], ids=["with scripts", "without scripts"])
def test_the_first_one_begins_and_comes_back(site: Site, script: bool) -> None:
    token = site.system.access.first_token()
    assert token is not None
    visitor = site.visitor(script=script)
    page = visitor.open("/")
    assert page.url == f"{site.address}/welcome", "an empty store says how to begin"
    page.get_by_label("The administrator's token").fill("a guess")
    page.get_by_label("Your name, as colleagues know it").fill("Ada Administrator")
    page.get_by_label("Login").fill("ada")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Make this account").click()
    page.get_by_role("alert").get_by_text("not the administrator's token").wait_for()
    assert page.get_by_label("Your name, as colleagues know it").input_value() == "Ada Administrator"
    page.get_by_label("The administrator's token").fill(token)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Make this account").click()
    page.get_by_role("link", name="Ada Administrator").wait_for()
    page.get_by_role("button", name="Sign out").click()
    page.get_by_role("heading", name="Sign in").wait_for()
    visitor.sign_in("ada")


@pytest.mark.parametrize("script", [True, False], ids=["with scripts", "without scripts"])
def test_a_password_that_was_given_is_changed_first(site: Site, script: bool) -> None:
    person_id = site.add("nell", ("N2", "nurse"), name="Nell Nurse")
    site.add("ada", ("*", "administrator"))
    site.system.people.set_password(Author(site.people["ada"], "administrator"), person_id, "given by the boss")
    visitor = site.visitor(script=script).sign_in("nell", "given by the boss")
    page = visitor.page
    page.get_by_role("heading", name="Choose a password").wait_for()
    page.get_by_label("The present password").fill("given by the boss")
    page.get_by_label("The new password", exact=True).fill(PASSWORD)
    page.get_by_label("The new password again").fill("another one it is")
    page.get_by_role("button", name="Take this password").click()
    page.get_by_role("alert").get_by_text("in two ways").wait_for()
    page.get_by_label("The present password").fill("given by the boss")
    page.get_by_label("The new password", exact=True).fill(PASSWORD)
    page.get_by_label("The new password again").fill(PASSWORD)
    page.get_by_role("button", name="Take this password").click()
    page.get_by_role("heading", name="Choose a password").wait_for(state="detached")
    assert site.visitor(script=script).sign_in("nell").page.url == f"{site.address}/worklist"


def test_who_types_a_wrong_password_is_told_and_keeps_the_login(site: Site) -> None:
    site.add("nell", ("N2", "nurse"))
    page = site.visitor().open("/sign-in?next=/password")
    page.get_by_label("Login").fill("nell")
    page.get_by_label("Password").fill("not my password")
    page.keyboard.press("Enter")
    page.get_by_role("alert").wait_for()
    assert page.get_by_label("Login").input_value() == "nell"
    assert axe.faults(page) == []
    assert page.evaluate("document.activeElement.id") == "password", "what is to be typed again is where one types"
    page.keyboard.type(PASSWORD)
    page.keyboard.press("Enter")
    page.get_by_role("heading", name="Choose a password").wait_for()


@pytest.mark.parametrize(("dark", "tablet"), axe.VIEWS.values(), ids=axe.VIEWS)
def test_everybody_can_use_the_pages_before_signing_in(site: Site, dark: bool, tablet: bool) -> None:
    visitor = site.visitor(dark=dark, tablet=tablet)
    page = visitor.open("/welcome")
    assert axe.faults(page) == []
    site.add("nell", ("N2", "nurse"))
    page = visitor.open("/sign-in")
    assert axe.faults(page) == []
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), "nothing lies beside the screen"
    visitor.sign_in("nell")
    assert axe.faults(visitor.open("/password")) == []
    assert axe.faults(visitor.open("/nothing/here")) == []


def test_the_first_visit_is_light(ward: Site) -> None:
    visitor = ward.visitor()
    visitor.sign_in("clinician", DEMO_PASSWORD)
    visitor.page.wait_for_load_state("networkidle")
    assert sum(visitor.visit.sent.values()) <= MOST_BYTES, visitor.visit.sent
    assert visitor.visit.wrong == []


def test_a_demonstration_says_how_to_come_in_and_a_real_store_does_not(ward: Site, site: Site) -> None:
    page = ward.visitor().open("/sign-in")
    page.get_by_text(DEMO_PASSWORD).wait_for()
    page.get_by_role("cell", name="pharmacist", exact=True).first.wait_for()
    page.get_by_text("Simulated store: no patient in it is real.").wait_for()
    assert axe.faults(page) == []
    site.add("nell", ("N2", "nurse"))
    real = site.visitor().open("/sign-in")
    assert DEMO_PASSWORD not in real.content()
    assert "Simulated" not in real.content()
