"""A running carepath and people in front of it: a real server on a free port, a store whose clock the test moves."""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from time import monotonic
from typing import Any
from urllib.parse import urlsplit

import uvicorn
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, Request, Response, ViewportSize

from orchestrator.bootstrap import System
from orchestrator.cli.asgi import Faces, faces
from orchestrator.clock import VirtualClock
from orchestrator.service.people.recording import Author

PASSWORD = "four plain words here"  # noqa: S105  of people who are made up
ZONE = "Europe/London"
DESKTOP, TABLET = ViewportSize(width=1280, height=800), ViewportSize(width=820, height=1180)
PHONE = ViewportSize(width=390, height=844)
NOW = datetime(2026, 3, 16, 9, 40, tzinfo=UTC)
"""What the clock of the demonstration shows in tests and pictures."""
SECONDS = 60.0
"""How long a machine may take, however busy it is, until what a person waits for is there."""
_ADMINISTRATOR = Author("u-test", "administrator")


@dataclass
class Visit:
    """What a browser saw besides the page: none of `wrong` may be there. sent: bytes over the wire, by address."""

    own: str
    wrong: list[str] = field(default_factory=list)
    sent: dict[str, int] = field(default_factory=dict)

    def watch(self, page: Page) -> None:
        """Note console errors, what a policy forbids, failing scripts, and every request to elsewhere."""
        page.on("console", self._said)
        page.on("pageerror", lambda error: self._note(f"script: {error}"))
        page.on("request", self._asked)
        page.on("response", self._answered)
        wire = page.context.new_cdp_session(page)
        addresses: dict[str, str] = {}
        wire.on("Network.requestWillBeSent", lambda told: addresses.update({told["requestId"]: told["request"]["url"]}))
        wire.on("Network.loadingFinished", lambda told: self._arrived(addresses, told))
        wire.send("Network.enable")

    def _said(self, message: ConsoleMessage) -> None:
        """Note an error. That an answer is a refusal `_answered` sees to: a page may be one."""
        if message.type == "error" and not message.text.startswith("Failed to load resource"):
            self._note(f"console: {message.text}")

    def _note(self, what: str) -> None:
        self.wrong.append(what)

    def _asked(self, request: Request) -> None:
        parts = urlsplit(request.url)
        if parts.scheme in {"http", "https", "ws", "wss"} and parts.netloc != self.own:
            self._note(f"a request to {parts.netloc}")

    def _answered(self, response: Response) -> None:
        if response.status >= 500 or (response.status >= 400 and response.request.resource_type != "document"):
            self._note(f"{response.status} for {response.url}")

    def _arrived(self, addresses: dict[str, str], told: dict[str, Any]) -> None:
        address = addresses.get(told["requestId"], "")
        self.sent[address] = self.sent.get(address, 0) + int(told["encodedDataLength"])


@dataclass
class Person:
    """Somebody in front of a browser of their own."""

    site: "Site"
    context: BrowserContext
    page: Page
    visit: Visit

    def open(self, address: str) -> Page:
        """Open an address of the site, and wait until it stands."""
        self.page.goto(self.site.address + address)
        return self.page

    def sign_in(self, login: str, password: str = PASSWORD) -> "Person":
        """Sign in as one does: by the form."""
        self.open("/sign-in")
        self.page.get_by_label("Login").fill(login)
        self.page.get_by_label("Password").fill(password)
        self.page.get_by_role("button", name="Sign in").click()
        self.page.get_by_role("button", name="Sign out").wait_for()
        return self


@dataclass
class Site:
    """The server, its store and its clock."""

    system: System
    faces: Faces
    address: str
    clock: VirtualClock
    browser: Browser
    people: dict[str, str] = field(default_factory=dict)
    visits: list[Visit] = field(default_factory=list)

    @property
    def now(self) -> datetime:
        """What the store's clock shows."""
        return self.clock.now()

    def advance(self, **by: float) -> None:
        """Move the clock on, and do what clock and worker would do then."""
        self.clock.advance(timedelta(**by))
        while self.system.firing.fire_due().more:
            pass

    def add(self, login: str, *posts: tuple[str, str], name: str = "") -> str:
        """Give somebody an account with a password of their own; return the person's id."""
        people = self.system.people
        person_id = people.add(_ADMINISTRATOR, login=login, name=name or f"{login.capitalize()} Example", posts=posts)
        people.set_password(Author(person_id, ""), person_id, PASSWORD)
        self.people[login] = person_id
        return person_id

    def visitor(self, *, script: bool = True, dark: bool = False, tablet: bool = False, phone: bool = False) -> Person:
        """Give somebody a browser who is not signed in."""
        context = self.browser.new_context(
            viewport=PHONE if phone else TABLET if tablet else DESKTOP,
            has_touch=tablet or phone,
            is_mobile=phone,
            color_scheme="dark" if dark else "light",
            java_script_enabled=script,
            locale="en-GB",
            reduced_motion="reduce",
        )
        context.set_default_timeout(SECONDS * 1000)
        page, visit = context.new_page(), Visit(urlsplit(self.address).netloc)
        visit.watch(page)
        self.visits.append(visit)
        return Person(self, context, page, visit)

    def signed_in(self, login: str, password: str = PASSWORD, **browser: bool) -> Person:
        """Give somebody a browser who has signed in."""
        return self.visitor(**browser).sign_in(login, password)


@contextmanager
def serving(system: System, browser: Browser, now: datetime) -> Iterator[Site]:
    """Serve a system on a free port, its clock standing at a moment until somebody moves it."""
    clock = VirtualClock(now)
    vars(system.store)["_clock"] = clock
    moved = replace(system, clock=clock)
    app = faces(moved, ZONE)
    listening = socket.create_server(("127.0.0.1", 0))
    server = uvicorn.Server(uvicorn.Config(app, log_config=None, access_log=False, timeout_graceful_shutdown=2))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]})
    thread.start()
    site = Site(moved, app, f"http://127.0.0.1:{listening.getsockname()[1]}", clock, browser)
    try:
        _wait_for(server)
        yield site
    finally:
        for context in list(browser.contexts):
            context.close()
        server.should_exit = True
        thread.join(SECONDS)
        listening.close()


def _wait_for(server: uvicorn.Server) -> None:
    deadline, pause = monotonic() + SECONDS, threading.Event()
    while not server.started:
        assert monotonic() < deadline, "the server does not come up"
        pause.wait(0.02)
