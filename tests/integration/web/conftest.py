"""A ward's software as seen with browsers: the pages over a real store, and people who sign in."""

import re
from dataclasses import dataclass, field
from html import unescape

import pytest
from fastapi.testclient import TestClient
from httpx2 import Response

from orchestrator.service.people.recording import Author
from orchestrator.web.app import create_pages
from tests.integration.api.conftest import Ward, each_ward, empty_store, ward

__all__ = ["each_ward", "empty_store", "ward"]
PASSWORD = "four plain words here"  # noqa: S105  of people who are made up
WARD = "N2"
_FIELD = re.compile(r'<input[^>]*type="hidden"[^>]*name="(\w+)"[^>]*value="([^"]*)"')
ADMINISTRATOR = Author("u-test", "administrator")


@dataclass
class Browser:
    """One person's browser: it keeps cookies and says whence a form is sent, as browsers do."""

    client: TestClient

    def get(self, path: str) -> Response:
        return self.client.get(path, follow_redirects=False)

    def send(self, page: str, to: str = "", **typed: str | list[str]) -> Response:
        """Open a page, and send its form with what is typed besides its hidden fields."""
        shown = self.client.get(page).text
        hidden = {name: unescape(value) for name, value in _FIELD.findall(shown)}
        headers = {"Sec-Fetch-Site": "same-origin", "Origin": "http://testserver"}
        return self.client.post(to or page, data={**hidden, **typed}, headers=headers, follow_redirects=False)

    def sign_in(self, login: str, password: str = PASSWORD) -> "Browser":
        answer = self.send("/sign-in", login=login, password=password)
        assert answer.status_code == 303, answer.text
        return self


@dataclass
class House:
    """The ward, its people and their browsers. Everybody's login is the name of the role."""

    ward: Ward
    people: dict[str, str] = field(default_factory=dict)

    def browser(self) -> Browser:
        pages = create_pages(self.ward.system, timezone="Europe/London")
        return Browser(TestClient(pages, client=("127.0.0.1", 50000)))

    def add(self, login: str, *posts: tuple[str, str]) -> str:
        """Make an account with these posts, whose password is its own; return the person's id."""
        people = self.ward.system.people
        person_id = people.add(ADMINISTRATOR, login=login, name=login.capitalize(), posts=posts)
        people.set_password(Author(person_id, ""), person_id, PASSWORD)
        self.people[login] = person_id
        return person_id

    def signed_in(self, login: str, *posts: tuple[str, str]) -> Browser:
        """Return the browser of somebody who is signed in; the account is made where there is none."""
        if login not in self.people:
            self.add(login, *(posts or ((WARD, login),)))
        return self.browser().sign_in(login)


def shown(answer: Response) -> str:
    """Return a page as one line of text."""
    assert answer.status_code == 200, answer.text
    return " ".join(answer.text.split())


@pytest.fixture
def house(ward: Ward) -> House:
    return House(ward)


@pytest.fixture
def each_house(each_ward: Ward) -> House:
    """A house on each kind of store in turn."""
    return House(each_ward)
