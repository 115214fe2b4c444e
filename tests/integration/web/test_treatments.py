"""Goal: a treatment is read by its full name on every page; its identifier stands beside it only where it is typed.

An episode on a version from before regimens had titles is shown too, by its identifiers, beside one of today.
"""

import re
from html import unescape

from orchestrator.pathway.loader import load_text
from tests.factories import untitled
from tests.integration.api.conftest import PATHWAY, enrolment
from tests.integration.web.conftest import Browser, House
from tests.integration.web.filling import form, send
from tests.integration.web.test_episode import FACTS, PULSE, treated

TITLE, EXCHANGE = "Methylprednisolone IV pulse", "Plasma exchange"
LISTS = ("/worklist", "/inbox?view=ward", "/board/N2", "/handover/N2")


def spelt(name: str) -> str:
    return f'<code class="spelt">{name}</code>'


def read(page: str) -> str:
    """Return what people read or hear of a page, but what is set as code."""
    main = re.sub(r"<code\b.*?</code>", " ", page.partition("<main")[2], flags=re.DOTALL)
    labels = " ".join(re.findall(r'aria-label="([^"]*)"', main))
    words = unescape(f"{re.sub(r'<[^>]*>', ' ', main)} {labels}").replace("\N{SOFT HYPHEN}", "")
    return " ".join(words.split())


def identifiers(house: House, text: str) -> set[str]:
    """Return the regimens that a text calls by an identifier which their title does not hold."""
    known = house.ward.system.library.newest(PATHWAY).regimens.values()
    names = [each.name for each in known if each.name.casefold() not in each.title.casefold()]
    assert {PULSE, "plex", "ivig", "correct-electrolytes"} <= set(names)
    return {name for name in names if re.search(rf"(?<![\w-]){name}(?![\w-])", text)}


def busy(house: House) -> str:
    """Return the page of a patient with doses that are late, and reminders that nobody has answered."""
    page = treated(house)
    house.ward.do(page, "confirm", role="clinician", regimens=["plex"], reason="made up")
    house.ward.do(page, "give", role="nurse", regimen=PULSE)
    for task in ("neurology-consult", "hospital-admission"):
        house.ward.do(page, "complete", task=task)
    house.ward.post(f"{page}/confirm", {"regimens": ["rituximab-weekly"]}, "clinician")
    house.ward.advance(hours=30)
    house.ward.fire()
    return page


def test_on_no_page_is_a_treatment_called_by_its_identifier(each_house: House) -> None:
    house, page = each_house, busy(each_house)
    reader = house.signed_in("lead", ("N2", "clinician"), ("N2", "lead"))
    addresses = [page, f"{page}/explain", f"{page}/report", *LISTS, f"/pathways/{PATHWAY}"]
    told = {address: read(reader.get(address).text) for address in addresses}
    for address, text in told.items():
        assert EXCHANGE in text, address
        assert identifiers(house, text) == set(), address


def test_what_is_asked_and_answered_says_it_too(house: House) -> None:
    page = busy(house)
    lead = house.signed_in("lead", ("N2", "clinician"), ("N2", "lead"))
    shown = lead.get(page).text
    sure = send(lead, form(shown, "stop", regimen=PULSE)).text
    assert f"Stop {TITLE}: is this meant?" in read(sure)
    assert f"The course of {TITLE} ended: stopped" in read(sure)
    wrong = send(lead, form(shown, "give", regimen="plex"), typed={"given_at": "2020-03-02T08:00"}).text
    twice = send(lead, form(shown, "confirm", place="confirm-several"), regimen=["rituximab-weekly"]).text
    assert "Weekly rituximab" in read(twice)
    for answer in (sure, wrong, twice):
        assert identifiers(house, read(answer)) == set()


def test_a_refusal_says_the_treatment_and_so_does_the_record(house: House) -> None:
    page = treated(house)
    refused = house.ward.post(f"{page}/confirm", {"regimens": ["azathioprine"]}, "clinician").json()
    assert refused["detail"].startswith("the dose of Azathioprine needs ") or "Azathioprine is not" in refused["detail"]
    none = house.ward.post(f"{page}/give", {"regimen": "plex"}, "nurse").json()
    assert none["detail"] == "no course of Plasma exchange is in force"
    again = house.ward.post(f"{page}/confirm", {"regimens": [PULSE]}, "clinician").json()
    assert again["detail"] == f"a course of {TITLE} is already in force"


def test_the_identifier_stands_beside_it_where_people_say_it_to_the_program(house: House) -> None:
    page = busy(house)
    clinician = house.signed_in("clinician")
    shown = clinician.get(page).text
    assert f"<h3>{TITLE} {spelt(PULSE)} <span>IV" in shown, "a course"
    assert f"<h3>Steroid taper {spelt('steroid-taper')} <span" in shown, "a proposal"
    assert f"<b>Intravenous immunoglobulin {spelt('ivig')}</b>" in shown, "what is absent"
    assert "Confirm Steroid taper</button>" in shown
    assert f"{EXCHANGE} {spelt('plex')}" in clinician.get(f"{page}/report").text
    assert f"<h3>Intravenous immunoglobulin {spelt('ivig')}, {EXCHANGE} {spelt('plex')}</h3>" in (
        clinician.get(f"/pathways/{PATHWAY}").text
    )
    assert '<p class="next dose">Dose: Plasma exchange</p>' in clinician.get("/board/N2").text, "which is never cut"
    for address in LISTS:
        assert 'class="spelt"' not in clinician.get(address).text, address


def test_on_a_german_page_it_is_marked_as_english(house: House) -> None:
    page = busy(house)
    reader = house.signed_in("clinician")
    reader.send("/me", "/me/language", language="de")
    marked = f'<span lang="en">{EXCHANGE}</span>'
    for address in (page, *LISTS, f"/pathways/{PATHWAY}"):
        assert marked in reader.get(address).text, address
    shown = reader.get(page).text
    assert f'<h3><span lang="en">Steroid taper</span> {spelt("steroid-taper")}' in shown
    absent = f'<h3><span lang="en">Intravenous immunoglobulin</span> {spelt("ivig")}</h3>'
    assert absent in reader.get(f"{page}/explain").text
    assert f'Gegeben: Gabe 1 von <span lang="en">{TITLE}</span>, 1 g' in shown, "within a sentence, the gap alone"


def old_and_new(house: House) -> tuple[str, str]:
    """Enrol a patient on a version without titles that the store alone still has, and one on today's."""
    library = house.ward.system.library
    now = library.pathways
    library.pathways = (*now, load_text(untitled(library.newest(PATHWAY), "0.9.0")))
    old = house.ward.post("/episodes", enrolment("0009", pathway=f"{PATHWAY}@0.9.0")).headers["location"]
    library.pathways = now
    return str(old).partition("/api/v1")[2], house.ward.enrol("0010")


def test_an_episode_on_a_version_without_titles_is_shown_by_identifiers(each_house: House) -> None:
    house = each_house
    pages = old_and_new(house)
    for page in pages:
        house.ward.do(page, "record", facts=FACTS)
        house.ward.do(page, "confirm", role="clinician", regimens=[PULSE], parameters={"days": 3})
    house.ward.advance(hours=1)
    clinician = house.signed_in("clinician")
    old, new = (clinician.get(page).text for page in pages)
    assert f"<h3>{PULSE} <span>IV" in old
    assert f"<h3>{TITLE} {spelt(PULSE)} <span>IV" in new
    assert "spelt" not in old
    assert f"Confirmed {PULSE}" in read(old)
    assert TITLE not in old
    _side_by_side(clinician)
    versions = [house.ward.system.queries.show(page.rpartition("/")[2])["version"] for page in pages]
    assert len(set(versions)) == 2


def _side_by_side(reader: Browser) -> None:
    for address in ("/worklist", "/board/N2", "/handover/N2"):
        text = read(reader.get(address).text)
        assert PULSE in text, address
        assert TITLE in text, address
