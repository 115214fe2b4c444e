"""What tests in a browser ask for: the browser, and a carepath to look at, empty or with the demonstration's ward."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from orchestrator import config
from orchestrator.bootstrap import open_system
from orchestrator.cli import demo
from orchestrator.service.demo import PASSWORD
from orchestrator.service.demo.cast import CAST
from tests.browser import chromium
from tests.browser.site import NOW, SECONDS, Site, serving
from tests.integration.api.conftest import T0, empty_store

__all__ = ["empty_store"]


@pytest.fixture(scope="package")
def browser() -> Iterator[Browser]:
    """Chromium. It is not left running between packages: its loop would be in the way of other tests' own."""
    with chromium.running(chromium.require()) as found:
        expect.set_options(timeout=SECONDS * 1000)
        yield found


@pytest.fixture
def site(browser: Browser, empty_store: Path, tmp_path: Path) -> Iterator[Site]:
    """A real, empty store, served; nothing that a browser complains of may be left."""
    home = tmp_path / "home"
    shutil.copytree(empty_store, home)
    with open_system(config.read({}, home=home)) as system, serving(system, browser, T0) as served:
        yield served
        assert [wrong for visit in served.visits for wrong in visit.wrong] == []


@pytest.fixture(scope="package")
def ward(browser: Browser, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """The demonstration's ward, served, always at the same moment."""
    settings = demo.settings_of(home=tmp_path_factory.mktemp("ward"))
    demo.make(settings, NOW, demo.SPEED)
    with open_system(settings) as system, serving(system, browser, NOW) as served:
        served.people |= {each.login: PASSWORD for each in CAST}
        yield served
