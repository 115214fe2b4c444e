"""How does a person come in by whom the hospital's provider vouches for, and link that to the own account?

What is sent to the provider and comes back stands in addresses: a code that is good once, and what ties it to this
browser. The token that the code stands for is fetched by us, and no browser ever sees it.
"""

import logging
from typing import Any

from fastapi import APIRouter, Request
from starlette.concurrency import run_in_threadpool
from starlette.responses import RedirectResponse, Response

from orchestrator.config import SettingError
from orchestrator.errors import CarepathError, NotFound, NotSignedIn, ProviderFailed
from orchestrator.http.needs import PRINCIPAL, needs, principal
from orchestrator.http.serving import serving, system_of
from orchestrator.service.people.linking import JOURNEY, Setting
from orchestrator.service.people.principal import Action, Principal
from orchestrator.service.people.provider import Came, Provider, Trip
from orchestrator.service.people.recording import Author, once
from orchestrator.web.cookies import Cookie
from orchestrator.web.door import keep_session
from orchestrator.web.forms import Sent, inside
from orchestrator.web.pages import gettext, render
from orchestrator.web.serving import pages_of

_log = logging.getLogger(__name__)
_JOURNEY = Cookie("carepath-journey", JOURNEY)
router = APIRouter(include_in_schema=False)
OUT, BACK, FAREWELL = "/sign-in/provider", "/sign-in/back", "/sign-in/farewell"
_LONGEST = 4000


@router.get(OUT)
def set_out(request: Request, next: str = "/", link: str = "") -> Response:  # noqa: A002  the address's own word
    """Send a browser to the provider. link: whoever is signed in wants to link what comes back."""
    provider, me = _provider(request), request.scope.get(PRINCIPAL)
    if me is not None and not link:
        return RedirectResponse(inside(next), 303)
    setting = Setting(inside(next), me.actor_id if me is not None else "")
    cookie, trip = system_of(request).linking.set_out(_back(request), setting)
    try:
        answer = RedirectResponse(provider.away(trip), 303)
    except (ProviderFailed, SettingError) as error:
        return _told(request, error)
    _JOURNEY.keep(request.scope, answer, cookie)
    return answer


@router.get(BACK)
async def back(request: Request) -> Response:
    """Take in who comes back; the journey is over, however it ended."""
    answer = await run_in_threadpool(_arrive, request)
    _JOURNEY.drop(request.scope, answer)
    return answer


def _arrive(request: Request) -> Response:
    failures = serving(request).failures
    client = request.client.host if request.client else "unknown"
    try:
        if failures.waits(client):
            raise NotSignedIn("too many journeys failed from here: wait a minute and try again")
        setting, trip, came = _read(request)
        subject = _provider(request).subject(trip, came)
        return _take_in(request, setting, subject)
    except (CarepathError, SettingError) as error:
        if isinstance(error, NotFound):
            raise
        failures.add(client)
        return _told(request, error)


def _read(request: Request) -> tuple[Setting, Trip, Came]:
    asked = request.query_params
    given = {name: asked.get(name, "") for name in ("state", "code", "iss", "error")}
    if any(len(asked.getlist(name)) > 1 or len(value) > _LONGEST for name, value in given.items()):
        raise NotSignedIn("the provider's answer cannot be read: begin again")
    cookie = _JOURNEY.of(request.scope)
    setting, trip = system_of(request).linking.returned(cookie, given["state"], _back(request))
    return setting, trip, Came(given["code"], given["iss"], given["error"])


def _take_in(request: Request, setting: Setting, subject: str) -> Response:
    system, provider = system_of(request), _provider(request)
    me: Principal | None = request.scope.get(PRINCIPAL)
    if setting.person:
        if me is None or me.actor_id != setting.person:
            raise NotSignedIn("your session ended meanwhile: sign in, and begin again")
        word = system.linking.vouched(me.actor_id, provider.issuer, subject)
        return _confirm(request, subject, word)
    found = system.linking.enter(provider.issuer, subject)
    if found is None:
        shown: dict[str, Any] = {"issuer": provider.issuer, "subject": subject, "label": provider.label}
        return render(request, "unknown.html", status=403, **shown)
    answer = RedirectResponse(setting.next, 303)
    keep_session(request, answer, found.token)
    return answer


@router.post("/me/link", dependencies=needs(Action.KNOW))
def link(request: Request, form: Sent) -> Response:
    """Link what the provider vouched for to the own account, for whoever knows its password."""
    system, me = system_of(request), principal(request)
    issuer, subject = system.linking.read_vouched(form["vouched"], me.actor_id)
    try:
        system.signing.check_password(me, form["present"])
        by = Author(me.actor_id, me.role_for(Action.KNOW), key=form["key"])
        once(lambda: system.linking.link(by, me.actor_id, issuer, subject))
    except CarepathError as error:
        return _confirm(request, subject, form["vouched"], gettext(request, str(error)))
    return RedirectResponse("/me", 303)


@router.get(FAREWELL)
def farewell(request: Request) -> Response:
    """Send a browser to sign out at the provider too: else the next one at this computer is taken for the last."""
    try:
        where = _provider(request).farewell(_address(request, "/sign-in"))
    except ProviderFailed as error:
        return _told(request, error)
    return RedirectResponse(where or "/sign-in", 303)


def label(request: Request) -> str:
    """Return what people call the provider; empty where there is none."""
    found = pages_of(request).provider
    return found.label if found is not None else ""


def _confirm(request: Request, subject: str, word: str, problem: str = "") -> Response:
    shown: dict[str, Any] = {
        "subject": subject,
        "label": _provider(request).label,
        "vouched": word,
        "problem": problem,
    }
    return render(request, "link.html", status=422 if problem else 200, **shown)


def _told(request: Request, error: Exception) -> Response:
    """Say what went wrong, where one can sign in otherwise; what whoever runs this is to mend stands in the log."""
    if isinstance(error, (ProviderFailed, SettingError)):
        _log.warning("somebody could not come in by the provider: %s", error, extra={"event": "provider-failed"})
    status = 401 if isinstance(error, NotSignedIn) else 502
    shown: dict[str, Any] = {
        "next": "/",
        "login": "",
        "provider": label(request),
        "problem": gettext(request, str(error)),
    }
    return render(request, "sign-in.html", status=status, **shown)


def _provider(request: Request) -> Provider:
    found = pages_of(request).provider
    if found is None:
        raise NotFound("nobody else vouches for people here: sign in with a password")
    return found


def _back(request: Request) -> str:
    return _address(request, BACK)


def _address(request: Request, path: str) -> str:
    """Return an address of ours as this browser knows us; the provider takes none that was not registered with it."""
    return f"{request.url.scheme}://{request.url.netloc}{path}"
