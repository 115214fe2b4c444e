"""Goal: with and without scripts a person adds an authenticator app, comes in with its code, and prints the codes."""

import pyotp
import pytest
from playwright.sync_api import Page, expect

from orchestrator.service.people.codes import RECOVERY_CODES, STEP_SECONDS
from tests.browser import axe
from tests.browser.site import PASSWORD, Person, Site


def code_of(site: Site, login: str, app: pyotp.TOTP) -> str:
    """Return a code that was not used: what was used is longer ago, for the wall is nobody's to move."""
    with site.system.store.change() as change:
        row = change.factor(site.people[login])
        assert row is not None
        change.put_factor(row._replace(last_step=row.last_step - 10))
        return app.generate_otp(int(change.times().wall.timestamp()) // STEP_SECONDS)


def add_app(visitor: Person, *, look: bool = False) -> tuple[pyotp.TOTP, list[str]]:
    """Add an app by the page, by the keyboard alone from the password on; look: let axe look at each page."""
    page = visitor.open("/me/factor")
    assert not look or axe.faults(page) == []
    page.get_by_label("Your own password").fill(PASSWORD)
    page.keyboard.press("Enter")
    page.get_by_role("heading", name="1. Show this to the app").wait_for()
    box = page.locator("svg.qr").bounding_box()
    assert box is not None
    assert box["width"] > 150, "a camera can read it"
    assert not look or axe.faults(page) == []
    app = pyotp.TOTP(page.locator(".secret").inner_text().replace("-", ""))
    with visitor.site.system.store.read() as reader:
        code = app.at(reader.times().wall)
    page.get_by_label("The six digits").fill(f"{code[:3]} {code[3:]}")
    page.keyboard.press("Enter")
    page.get_by_role("heading", name="Recovery codes").wait_for()
    assert not look or axe.faults(page) == []
    return app, page.locator(".codes code").all_inner_texts()


def type_code(page: Page, code: str) -> None:
    """Type where the page has put the cursor by itself."""
    expect(page.locator("[autocomplete=one-time-code]")).to_be_focused()
    page.keyboard.type(code)
    page.keyboard.press("Enter")


@pytest.mark.parametrize("script", [True, False], ids=["with scripts", "without scripts"])
def test_a_person_adds_an_app_and_comes_in_with_it(site: Site, script: bool) -> None:
    site.add("nell", ("N2", "nurse"))
    first = site.visitor(script=script).sign_in("nell")
    app, recovery = add_app(first)
    assert len(recovery) == RECOVERY_CODES
    first.page.emulate_media(media="print")
    assert first.page.locator(".codes").is_visible(), "they can be printed"
    page = site.visitor(script=script).open("/sign-in?next=/me")
    page.get_by_label("Login").fill("nell")
    page.get_by_label("Password").fill(PASSWORD)
    page.keyboard.press("Enter")
    page.get_by_role("heading", name="Your code").wait_for()
    type_code(page, "000000")
    page.get_by_role("alert").get_by_text("does not fit").wait_for()
    type_code(page, code_of(site, "nell", app))
    page.get_by_role("heading", name="Nell Example").wait_for()
    assert page.url == f"{site.address}/me"
    page.get_by_role("button", name="Sign out").click()
    page.get_by_label("Login").fill("nell")
    page.get_by_label("Password").fill(PASSWORD)
    page.keyboard.press("Enter")
    page.get_by_text("Is the app lost?").click()
    page.get_by_label("One of your recovery codes").fill(recovery[0])
    page.get_by_role("button", name="Sign in with a recovery code").click()
    page.get_by_text(f"Recovery codes that are left: {RECOVERY_CODES - 1}").wait_for()


@pytest.mark.parametrize(("dark", "tablet"), axe.VIEWS.values(), ids=axe.VIEWS)
def test_everybody_can_use_the_pages_of_a_second_factor(site: Site, dark: bool, tablet: bool) -> None:
    site.add("nell", ("N2", "nurse"))
    site.add("ada", ("*", "administrator"))
    visitor = site.visitor(dark=dark, tablet=tablet).sign_in("nell")
    add_app(visitor, look=True)
    assert axe.faults(visitor.open("/me/factor")) == []
    page = site.visitor(dark=dark, tablet=tablet).open("/sign-in")
    page.get_by_label("Login").fill("nell")
    page.get_by_label("Password").fill(PASSWORD)
    page.keyboard.press("Enter")
    page.get_by_text("Is the app lost?").click()
    assert axe.faults(page) == []
    boss = site.signed_in("ada", dark=dark, tablet=tablet)
    assert axe.faults(boss.open(f"/people/{site.people['nell']}")) == []
