"""How is the HTTP face put together? Routes, problems and the guard around them; the system is handed in."""

import os
import threading
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

from fastapi import APIRouter, Depends, FastAPI
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.routing import BaseRoute

from orchestrator import __version__, config
from orchestrator.api import (
    access,
    changes,
    commands,
    deliveries,
    erasure,
    health,
    items,
    merging,
    overview,
    own,
    people,
    reads,
    rota,
    transferring,
)
from orchestrator.api.caller import one_header
from orchestrator.api.description import describe
from orchestrator.api.guard import PUBLIC, Guard
from orchestrator.api.problems import on_error
from orchestrator.api.serving import Api
from orchestrator.bootstrap import System
from orchestrator.http.failures import Failures
from orchestrator.http.live import Live
from orchestrator.http.needs import check_all, served
from orchestrator.service.lookout import Banner
from orchestrator.service.once import Once
from orchestrator.service.readiness import Readiness

PREFIX = "/api/v1"
_VERSIONED = (
    commands, transferring, access, items, deliveries, erasure, merging, reads, people, own, rota, overview, changes
)  # fmt: skip
"""The files of routes below it."""


def create_app(
    system: System,
    *,
    failures: Failures | None = None,
    timezone: str | None = None,
    draining: threading.Event | None = None,
    banner: Callable[[], Banner | None] = lambda: None,
    live: Live | None = None,
) -> FastAPI:
    """Return the application over an opened system; whoever opened the system closes it.

    failures: counts wrong tokens; a test may hand in one with its own clock.
    timezone: the hospital's, an IANA name, for enrolments that name none; that of CAREPATH_TIMEZONE for None.
    draining: set when the process was asked to end: from then on it is not ready.
    banner: what everybody is to see now, if anything; asked for every answer, so it must not wait.
    live: whoever listens to this process, where another face has listeners too.
    Raises SettingError.
    """
    app = FastAPI(
        title="carepath",
        version=__version__,
        openapi_url=f"{PREFIX}/openapi.json",
        docs_url=None,  # its page loads scripts from elsewhere
        redoc_url=None,
        redirect_slashes=False,
        exception_handlers={HTTPException: on_error, RequestValidationError: on_error},
    )
    failures, draining = failures or Failures(), draining or threading.Event()
    app.state.serving = Api(
        system, timezone or _hospital_zone(), banner, live or Live(system.store, draining), failures,
        ready=Readiness(system.store.ready), draining=draining, once=Once(system.store, system.keyring.look_mac),
    )  # fmt: skip
    app.router.routes.extend(_routes())
    check_all(served(app), PUBLIC | {f"{PREFIX}/openapi.json"})
    app.add_middleware(
        Guard, access=system.access, signing=system.signing, simulated=system.simulated,
        failures=failures, banner=banner,
    )  # fmt: skip
    app.openapi = lambda: _described(app)  # type: ignore[method-assign]
    return app


@cache
def _routes() -> tuple[BaseRoute, ...]:
    """Return the routes with all that each asks for, put together once: they know no system, and apps share them."""
    whole, heard = APIRouter(), [Depends(one_header)]
    whole.include_router(health.router, dependencies=heard)
    for each in _VERSIONED:
        whole.include_router(each.router, prefix=PREFIX, dependencies=heard)
    return tuple(whole.routes)


def _hospital_zone() -> str:
    """Return the zone of the settings. It is read alone: nothing else of them concerns an app over an open system."""
    given = {"CAREPATH_TIMEZONE": os.environ.get("CAREPATH_TIMEZONE", "")}
    return config.read(given, home=Path("/")).timezone


def _described(app: FastAPI) -> dict[str, Any]:
    if app.openapi_schema is None:
        app.openapi_schema = describe(app)
    return app.openapi_schema
