"""Is this process alive, and can it work? Asked without a token, by whoever watches it."""

import asyncio
from concurrent.futures import ThreadPoolExecutor

from fastapi import APIRouter, Request
from starlette.responses import Response

from orchestrator import __version__
from orchestrator.api.answers import BannerNow, Health, reply
from orchestrator.api.problems import Problem
from orchestrator.api.refusals import told
from orchestrator.api.serving import api_of
from orchestrator.http.serving import serving, system_of

router = APIRouter(tags=["health"])
_THREADS = ThreadPoolExecutor(4, "readiness")  # of its own: all others may be waiting for a store that hangs


@router.get("/healthz", responses={200: {"model": Health}})
async def healthz(request: Request) -> Response:
    """Say that the process answers; the store is not asked."""
    return reply(request, _state(request, "ok"))


@router.get("/readyz", responses={200: {"model": Health}, **told({503: "Not ready."})})
async def readyz(request: Request) -> Response:
    """Say that the store can be read and written, and that this process was not asked to end."""
    if api_of(request).draining.is_set():
        raise Problem(503, "draining", "This process was asked to end: ask another.", headers={"Retry-After": "1"})
    await asyncio.get_running_loop().run_in_executor(_THREADS, api_of(request).ready)
    return reply(request, _state(request, "ready"))


@router.get("/api/v1/banner", responses={200: {"model": BannerNow}})
async def banner(request: Request) -> Response:
    """Return what everybody is to see, such as that reminders are late; the store is not asked."""
    found = serving(request).banner()
    return reply(request, {"banner": None if found is None else found.to_json()})


def _state(request: Request, status: str) -> dict[str, str]:
    return {"status": status, "version": __version__, "store": "simulated" if system_of(request).simulated else "real"}
