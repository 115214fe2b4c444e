"""Which face answers a request? The API its own addresses and those of whoever watches, the pages all others."""

import threading
from collections.abc import Callable, MutableMapping
from pathlib import Path
from typing import Any

from fastapi import FastAPI
from starlette.types import Receive, Send

from orchestrator.api.app import create_app
from orchestrator.api.guard import PUBLIC
from orchestrator.bootstrap import System
from orchestrator.config import OpenIdSettings
from orchestrator.entrance import open_provider
from orchestrator.http.live import Live
from orchestrator.service.lookout import Banner
from orchestrator.web.app import create_pages


class Faces:
    """Both faces as one application; the API's lifespan is that of both."""

    def __init__(self, api: FastAPI, pages: FastAPI) -> None:
        self.api, self.pages = api, pages

    async def __call__(self, scope: MutableMapping[str, Any], receive: Receive, send: Send) -> None:
        """Hand a request to the face whose address it names."""
        path: str = scope.get("path", "")
        ours = scope["type"] != "http" or path.startswith("/api/") or path in PUBLIC
        await (self.api if ours else self.pages)(scope, receive, send)


def faces(
    system: System,
    timezone: str,
    *,
    draining: threading.Event | None = None,
    banner: Callable[[], Banner | None] = lambda: None,
    openid: OpenIdSettings | None = None,
    proofs: Path | None = None,
) -> Faces:
    """Return both faces over an opened system; whoever opened it closes it. See `create_app` and `create_pages`.

    openid: the provider that vouches for people besides; None where nobody does.
    """
    live = Live(system.store, draining)
    shown: dict[str, Any] = {"vouching": open_provider(openid), "proofs": proofs}
    return Faces(
        create_app(system, timezone=timezone, draining=draining, banner=banner, live=live),
        create_pages(system, timezone=timezone, banner=banner, live=live, **shown),
    )
