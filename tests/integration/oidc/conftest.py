"""A clinic whose people come in by the hospital's provider: a real one, and a small one that lies as a test says."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from html import unescape
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from fastapi.testclient import TestClient
from httpx2 import Response

from orchestrator.config import OpenIdSettings
from orchestrator.identity.openid import OpenId
from orchestrator.web.app import create_pages
from orchestrator.web.provider import OUT
from tests.integration.web.conftest import (
    ADMINISTRATOR,
    Browser,
    House,
    each_house,
    each_ward,
    empty_store,
    house,
    ward,
)
from tests.servers.vouching import CLIENT, SECRET, Issuer, real_provider, small_provider

__all__ = ["each_house", "each_ward", "empty_store", "house", "ward"]
JOURNEY = "carepath-journey"


@dataclass
class Clinic:
    """A house whose people come in by a provider as well. seconds: that pass evenly, for what is remembered."""

    house: House
    issuer: str
    secret: Path
    seconds: float = 0.0
    acr: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        settings = OpenIdSettings(self.issuer, CLIENT, self.secret, "the clinic's login", self.acr)
        self.openid = OpenId(settings, even=lambda: self.seconds)

    def browser(self) -> Browser:
        pages = create_pages(self.house.ward.system, timezone="Europe/London", vouching=self.openid)
        return Browser(TestClient(pages, client=("127.0.0.1", 50000)))

    def person(self, login: str = "nurse", subject: str = "s-1") -> str:
        """Add a nurse who comes in as this subject."""
        person_id = self.house.add(login, ("N2", "nurse"))
        self.house.ward.system.linking.link(ADMINISTRATOR, person_id, self.issuer, subject)
        return person_id


@pytest.fixture
def secret(tmp_path: Path) -> Path:
    file = tmp_path / "client-secret"
    file.write_text(SECRET)
    return file


@pytest.fixture(scope="module")
def provider() -> Iterator[str]:
    with real_provider() as issuer:
        yield issuer


@pytest.fixture
def issuer() -> Iterator[Issuer]:
    with small_provider() as made:
        yield made


@pytest.fixture
def clinic(house: House, issuer: Issuer, secret: Path) -> Clinic:
    return Clinic(house, issuer.address, secret)


def away(browser: Browser, address: str = OUT) -> str:
    answer = browser.get(address)
    assert answer.status_code == 303, answer.text
    return str(answer.headers["location"])


def within(address: str) -> str:
    parts = urlsplit(address)
    assert parts.netloc == "testserver"
    return f"{parts.path}?{parts.query}"


def back(browser: Browser, query: str) -> Response:
    return browser.get(f"/sign-in/back?{query}")


def refused(answer: Response, saying: str, status: int = 502) -> None:
    assert answer.status_code == status, answer.text
    (problem,) = re.findall(r'id="problem">([^<]+)<', answer.text)
    assert saying in unescape(problem)
    cookies = answer.headers.get_list("set-cookie")
    assert not any(each.startswith("carepath=") for each in cookies), "nobody was let in"
    assert any(each.startswith(f'{JOURNEY}=""') for each in cookies), "the journey is over"
