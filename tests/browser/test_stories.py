"""Goal: people do their work on the pages as they would on a ward; each story is driven in a real browser.

Labels and roles alone lead through the pages, never an id or a class: what a person cannot find, no test finds either.
"""

import pytest
from playwright.sync_api import Locator, Page, expect

from orchestrator.episode.commands import Actor, Confirm, Record
from orchestrator.service.enrolment import EnrolRequest, Identifier
from orchestrator.service.handlers import Request, new_key
from tests.browser.site import ZONE, Site

PATHWAY, PULSE, CALLED = "post-viral-cerebellar-demyelination", "ivmp-pulse", "Methylprednisolone IV pulse"
NUMBER, WARD = "9000001", "N2"
CLINICIAN = Actor("u-clinician", "clinician")


def enrol(site: Site) -> str:
    """Enrol a patient on the ward; return the address of the page."""
    who = (Identifier("hospital-number", NUMBER),)
    answer = site.system.enrolments.enrol(EnrolRequest(PATHWAY, who, WARD, ZONE, CLINICIAN, new_key()))
    return f"/episodes/{answer.episode_id}"


def treat(site: Site) -> str:
    """Enrol a patient to whom a pulse of three days was confirmed; return the address of the page."""
    page = enrol(site)
    facts = {"weight_kg": 70, "infection_status": "excluded", "severity": "severe", "symptoms_progressing": True}
    for command in (Record(facts), Confirm((PULSE,), {"days": 3})):
        assert site.system.handlers.execute(Request(page.rpartition("/")[2], command, CLINICIAN, new_key())).accepted
    return page


def part(page: Page, heading: str) -> Locator:
    """Return the part of a page under a heading."""
    return page.get_by_role("region", name=heading, exact=True)


@pytest.mark.parametrize("script", [True, False], ids=["with scripts", "without scripts"])
def test_a_nurse_gives_and_misses_doses(site: Site, script: bool) -> None:
    address = treat(site)
    site.add("nell", (WARD, "nurse"), name="Nell Nurse")
    page = site.signed_in("nell", script=script).open(address)
    now = part(page, "What needs a hand now")
    expect(now.get_by_role("heading", name=CALLED)).to_be_visible()
    now.get_by_role("button", name="Given now").click()
    expect(page.get_by_role("status").first).to_contain_text(f"Gave administration 1 of {CALLED}")
    site.advance(days=1, hours=3)
    page.reload()
    now.get_by_text("Given earlier, missed or declined").click()
    now.get_by_label("Reason").filter(visible=True).first.fill("No line, and none could be laid")
    now.get_by_role("button", name="Missed").click()
    expect(page.get_by_role("status").first).to_contain_text(f"Missed administration 2 of {CALLED}")
    rows = page.get_by_role("region", name=f"Administrations of {CALLED}").get_by_role("row")
    expect(rows).to_have_count(4)
    expect(rows.nth(1)).to_contain_text("given")
    expect(rows.nth(1)).to_contain_text("Nell Nurse, nurse")
    expect(rows.nth(2)).to_contain_text("missed")
    expect(rows.nth(3)).to_contain_text("planned")


def test_a_neurologist_goes_from_workup_to_bridging_with_an_override(site: Site) -> None:
    site.add("nora", (WARD, "clinician"), (WARD, "lead"), name="Nora Neurologist")
    page = site.signed_in("nora").open("/enrol")
    page.get_by_label("Which").first.fill("hospital-number")
    page.get_by_label("Its value").first.fill(NUMBER)
    page.get_by_role("radio", name="post-viral", exact=False).check()
    page.get_by_role("button", name="Enrol", exact=True).click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("Workup")
    assert NUMBER not in page.url
    assert NUMBER not in page.title()
    missing = part(page, "What is missing")
    missing.get_by_role("radio", name="severe", exact=True).check()
    missing.get_by_role("button", name="Record what is filled in").click()
    proposal = page.get_by_role("article").filter(has=page.get_by_role("heading", name=CALLED))
    expect(proposal).to_contain_text("infection-excluded refuses it")
    proposal.get_by_text("Confirm …").click()
    proposal.get_by_role("button", name=f"Confirm {CALLED}").click()
    account = page.get_by_role("alert").filter(has_text="Not done: a gate refuses")
    expect(account).to_be_visible()
    account.get_by_label("Reason, which stays on the record").fill("Rapid decline, cultures pending")
    account.get_by_role("button", name="Pass and do it").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("First line")
    for dose in (1, 2, 3):
        part(page, "What needs a hand now").get_by_role("button", name="Given now").first.click()
        expect(page.get_by_role("status").first).to_contain_text(f"Gave administration {dose} of {CALLED}")
        site.advance(days=1)
        page.reload()
    site.advance(hours=9)
    page.reload()
    missing.get_by_role("radio", name="complete", exact=True).check()
    missing.get_by_role("button", name="Record what is filled in").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("Bridging")
    page.get_by_role("link", name="Report").click()
    expect(page.locator("body")).to_contain_text("Rapid decline, cultures pending")


def test_a_reminder_climbs_and_is_acknowledged_from_another_browser(site: Site) -> None:
    address = enrol(site)
    site.add("clark", (WARD, "clinician"), name="Clark Clinician")
    site.add("lea", (WARD, "lead"), name="Lea Lead")
    clark, lea = site.signed_in("clark"), site.signed_in("lea")
    told = part(clark.open(address), "What needs a hand now").get_by_text("told: clinician", exact=False).first
    expect(told).not_to_contain_text("lead")
    site.advance(hours=1, minutes=5)
    page = lea.open(address)
    expect(part(page, "What needs a hand now").get_by_text("clinician, lead", exact=False).first).to_be_visible()
    waiting = part(page, "What needs a hand now").get_by_role("button", name="Seen", exact=True)
    before = waiting.count()
    waiting.first.click()
    expect(page.get_by_role("status").first).to_contain_text("Saw the reminder")
    expect(part(page, "What needs a hand now").get_by_role("button", name="Seen", exact=True)).to_have_count(before - 1)
    other = clark.open(address)
    expect(part(other, "Timeline").get_by_text("Saw the reminder", exact=False).first).to_be_visible()
    expect(other.get_by_text("Lea Lead", exact=False).first).to_be_visible()


def test_an_auditor_reads_a_report(site: Site) -> None:
    address = treat(site)
    site.add("audrey", ("*", "auditor"), name="Audrey Auditor")
    auditor = site.signed_in("audrey")
    page = auditor.open(address)
    expect(page.get_by_text("You may read this record, and change nothing in it.")).to_be_visible()
    expect(page.get_by_role("main").get_by_role("button")).to_have_count(0)
    page.get_by_role("link", name="Report").click()
    expect(page.get_by_role("heading", level=1)).to_be_visible()
    expect(page.locator("body")).to_contain_text(CALLED)
    looks = site.system.sight.looks(site.system.queries.show(address.rpartition("/")[2])["patient_id"])
    assert [each["what"] for each in looks if each["by"] == site.people["audrey"]] == ["episode", "report"]
