"""Goal: whatever the program says on a page stands in the catalogue: in a made-up language every text is bracketed.

What stands outside the brackets must be the hospital's own: names, numbers, moments, and what its pathways call things.
The report of an episode and the diagram of a pathway are documents, in one language, and no pages of these.
"""

import json
import re
from collections.abc import Iterator, Mapping
from html.parser import HTMLParser
from typing import Any

import pytest
from babel.support import NullTranslations
from fastapi.testclient import TestClient

from orchestrator.bootstrap import open_system
from orchestrator.cli import demo
from orchestrator.cli.asgi import faces
from orchestrator.clock import VirtualClock
from orchestrator.pathway.model import Pathway
from orchestrator.report.html import picture_of
from orchestrator.saying import said
from orchestrator.service.demo import PASSWORD
from orchestrator.service.demo.cast import CAST
from orchestrator.web import pages, words
from orchestrator.web.recognised import recognised
from tests.browser import addresses
from tests.browser.site import NOW, Site

LOGINS = ("lead", "administrator", "auditor", "clinician")
"""In this order: whoever may open a page first shows it."""
_BRACKETED = re.compile(r"⟦[^⟦⟧]*⟧")
_BETWEEN = re.compile(r"[·:;,()|–—→←/!×+=<>≥≤\[\]\"“”…]|\s-\s|\.(?=\s|$)|\d+")
_DATE = re.compile(
    r"\b[su]-[0-9a-f]{12,16}\b|\b(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun|Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)[a-z]*\b"
)
"""Days, months, and the ids of people and sessions."""
_SILENT = frozenset({"script", "style", "code"})
_SAID_BY = ("aria-label", "title", "placeholder", "alt")
_AS_IT_IS = ("carepath", "Deutsch", "English", "demonstration", "hospital-number", "seconds", "minutes", "hours")
"""Names, and units that Babel says in its own words."""
_WITH_LOGINS = ("/people", "/sign-in", "/me")
"""Pages that show logins, which in the demonstration are spelt like roles."""
_OWN_KEYS = frozenset({"words", "on", "passes", "unless", "label", "reason"})
"""Under these a patient's page has what his pathway says, and what people typed."""


class _Bracketed(NullTranslations):
    def gettext(self, message: str) -> str:
        return f"⟦{message}⟧"

    def ngettext(self, msgid1: str, msgid2: str, n: int) -> str:
        return f"⟦{msgid1 if n == 1 else msgid2}⟧"

    ugettext, ungettext = gettext, ngettext


class _Reader(HTMLParser):
    """Collects what a page says, to the eye and to the ear."""

    def __init__(self) -> None:
        super().__init__()
        self.said: list[str] = []
        self._silent: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in _SILENT or (tag == "svg" and "diagram" in (dict(attrs).get("class") or "")):
            self._silent.append(tag)
        if not self._silent:
            self.said += [value for name, value in attrs if name in _SAID_BY and value]

    def handle_endtag(self, tag: str) -> None:
        if self._silent and tag == self._silent[-1]:
            self._silent.pop()

    def handle_data(self, data: str) -> None:
        if not self._silent:
            self.said.append(" ".join(data.split()))


@pytest.fixture(scope="module")
def ward(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """The demonstration's ward as the pages see it; no browser and no server."""
    settings = demo.settings_of(home=tmp_path_factory.mktemp("ward"))
    demo.make(settings, NOW, demo.SPEED)
    with open_system(settings) as system:
        clock = VirtualClock(NOW)
        vars(system.store)["_clock"] = clock
        yield Site(system, faces(system, "Europe/London"), "", clock, None)  # type: ignore[arg-type]


@pytest.fixture
def bracketed(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Let every page speak the made-up language."""
    pages.environment.cache_clear()
    monkeypatch.setattr(words, "catalogue", lambda _: _Bracketed())
    yield
    pages.environment.cache_clear()


def test_nothing_is_said_that_stands_in_no_catalogue(ward: Site, bracketed: None) -> None:
    own, logins = _own(ward), {phrase for each in CAST for phrase in _phrases(each.login)}
    found = {
        f"{address}: {left}"
        for address, page in _shown(ward)
        for text in _said(page)
        for left in _left(text)
        if left.casefold() not in own and not (left in logins and address.startswith(_WITH_LOGINS))
    }
    assert not found, "\n".join(sorted(found))


def _shown(ward: Site) -> Iterator[tuple[str, str]]:
    """Yield every page once, with its address, as the first sees it who may open it."""
    people = [_signed_in(ward, login) for login in LOGINS]
    for address in addresses.of(ward):
        if not address.endswith("/report"):
            answers = (browser.get(address) for browser in people)
            answer = next((each for each in answers if each.status_code == 200), None)
            if answer is not None:
                yield address, answer.text


def _signed_in(ward: Site, login: str) -> TestClient:
    browser = TestClient(ward.faces.pages, client=("127.0.0.1", 50000))
    hidden = dict(re.findall(r'name="(\w+)" value="([^"]*)"', browser.get("/sign-in").text))
    headers = {"Sec-Fetch-Site": "same-origin", "Origin": "http://testserver"}
    sent = browser.post("/sign-in", data={**hidden, "login": login, "password": PASSWORD}, headers=headers)
    assert sent.status_code == 200
    return browser


def _said(page: str) -> list[str]:
    reader = _Reader()
    reader.feed(page.replace("\N{SOFT HYPHEN}", ""))
    return reader.said


def _left(text: str) -> Iterator[str]:
    """Yield what stands outside brackets, numbers and dates, in phrases."""
    bare = text
    while (inner := _BRACKETED.sub(";", bare)) != bare:
        bare = inner
    yield from _phrases(bare)


def _phrases(text: str) -> Iterator[str]:
    for each in _BETWEEN.split(_DATE.sub(";", text)):
        phrase = each.strip(" .'`")
        if len(re.sub("[^A-Za-z]", "", phrase)) > 2:
            yield phrase


def _own(ward: Site) -> set[str]:
    """Return the phrases of the hospital: what its pathways say, and how its people, wards and patients are called."""
    library = ward.system.library.pathways
    texts = [text for each in library for text in _within(json.loads(each.text))]
    texts += [fact.label for each in library for fact in each.facts.values()]
    texts += [text for each in library for text in _within(ward.system.overview.catalogue.tell(each.name))]
    with ward.system.store.read() as reader:
        episodes = [str(row[0]) for row in reader._sql.exec_driver_sql("SELECT episode_id FROM episode")]
    for whole in (ward.system.telling.whole(each) for each in episodes):
        texts += [*_drawn(whole.pathway, whole.story), *_own_of(whole.explain()), *_own_of(whole.now)]
        texts += [each["reason"] for each in whole.story["timeline"] if each["reason"]]
    texts += [text for each in CAST for text in (each.name, *each.wards)]
    texts += [person["person_id"] for person in ward.system.people.people()]
    texts += [text.replace("-", " ") for text in texts]
    return {phrase.casefold() for text in (*texts, *_AS_IT_IS) for phrase in _phrases(text)}


def _drawn(pathway: Pathway, story: Mapping[str, Any]) -> Iterator[str]:
    """Yield the lines into which a picture breaks what the pathway says."""
    picture = picture_of(story, pathway)
    yield from (line for box in picture.boxes for line in (*box.lines, box.title))
    yield from (line.text for edge in picture.edges for line in edge.labels)
    yield from (f"{way.name}: {way.words}" for edge in picture.edges for way in edge.ways)


def _own_of(value: object) -> Iterator[str]:
    """Yield what stands under the keys of what is the pathway's own."""
    if isinstance(value, dict):
        yield from (each for key, each in value.items() if key in _OWN_KEYS and isinstance(each, str))
        yield from (text for each in value.values() for text in _own_of(each))
    elif isinstance(value, list | tuple):
        yield from (text for each in value for text in _own_of(each))


def _within(value: object) -> Iterator[str]:
    """Yield all texts in a document, keys too."""
    if isinstance(value, dict):
        yield from value
    for each in value.values() if isinstance(value, dict) else value if isinstance(value, list | tuple) else ():
        yield from _within(each)
    if isinstance(value, str):
        yield value


def test_a_sentence_is_put_together_anew() -> None:
    german = words.catalogue("de")
    told = said("Told the %(role)s: %(what)s", role=said("nurse"), what="ivig")
    assert told == "Told the nurse: ivig"
    assert words.say(told, german) == "Benachrichtigt: Pflege: ivig"
    assert words.say(told, words.catalogue("en")) == told
    assert type(words.say(told, words.catalogue("en"))) is str


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("the episode is closed", "die Episode ist abgeschlossen"),
        (
            "nurse may not confirm; clinician, lead may",
            "Als Pflege ist Ihnen das nicht erlaubt: bestätigen. Erlaubt ist es für: Ärztin/Arzt, Leitung",
        ),
        (
            "plex is discouraged; confirming it needs a reason",
            "Hierfür ist eine Begründung nötig: plex ist nicht ratsam; das zu bestätigen",
        ),
        ("nobody has said this: 100 %", "nobody has said this: 100 %"),
    ],
)
def test_a_refusal_is_recognised_with_what_stands_in_its_gaps(text: str, meant: str) -> None:
    assert recognised(text, words.catalogue("de")) == meant
    assert recognised(text, words.catalogue("en")) == text
