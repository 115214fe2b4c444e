"""Goal: a route that says nowhere who may ask it is not served, nor a form that nobody checks."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from fastapi import APIRouter, FastAPI

from orchestrator.api import app as api_app
from orchestrator.api import reads
from orchestrator.bootstrap import System, throwaway_system
from orchestrator.clock import VirtualClock
from orchestrator.http.needs import needs, served
from orchestrator.service.people.principal import Action
from orchestrator.web import signing
from orchestrator.web.app import create_pages
from orchestrator.web.forms import Sent

WORKFLOWS = Path(__file__).resolve().parents[2] / "workflows"


@pytest.fixture(scope="module")
def system() -> Iterator[System]:
    with throwaway_system(WORKFLOWS, VirtualClock(datetime(2026, 3, 2, tzinfo=UTC))) as opened:
        yield opened


def api(system: System) -> FastAPI:
    return api_app.create_app(system)


def pages(system: System) -> FastAPI:
    return create_pages(system, timezone="UTC")


@pytest.mark.parametrize(("face", "module"), [(api, reads), (pages, signing)])
def test_a_route_that_needs_nobody_is_not_served(
    system: System, monkeypatch: pytest.MonkeyPatch, face: Callable[[System], FastAPI], module: object
) -> None:
    assert len(served(face(system))) > 10
    router = APIRouter()
    router.add_api_route("/forgetful", lambda: {})
    monkeypatch.setattr(module, "router", router)
    monkeypatch.setattr(api_app, "_routes", api_app._routes.__wrapped__)  # as they are put together at first
    with pytest.raises(AssertionError, match="/forgetful"):
        face(system)


def test_a_form_that_nobody_checks_is_not_served(system: System, monkeypatch: pytest.MonkeyPatch) -> None:
    def checked(form: Sent) -> None:
        del form

    for work, is_served in ((checked, True), (lambda: {}, False)):
        router = APIRouter()
        router.add_api_route("/forgetful", work, methods=["POST"], dependencies=needs(Action.KNOW))
        monkeypatch.setattr(signing, "router", router)
        if is_served:
            assert "/forgetful" in {each.path for each in served(pages(system))}
            continue
        with pytest.raises(AssertionError, match="/forgetful"):
            pages(system)
