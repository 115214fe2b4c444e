"""What is mine here? My name and posts, the language of my pages, where I am signed in, and tokens for my programs."""

from collections.abc import Callable
from typing import Any

from fastapi import APIRouter, Request
from starlette.responses import RedirectResponse, Response

from orchestrator.errors import CarepathError, NotFound
from orchestrator.http.needs import needs, principal
from orchestrator.http.serving import system_of
from orchestrator.service.people.principal import Action, Principal
from orchestrator.service.people.recording import Author, once
from orchestrator.web import words
from orchestrator.web.again import check_own, has_password
from orchestrator.web.forms import Form, Sent
from orchestrator.web.pages import gettext, render
from orchestrator.web.provider import label

router = APIRouter(include_in_schema=False, dependencies=needs(Action.KNOW))
SCOPES = {
    Action.SEE: "see patients' records and lists", Action.ACT: "act on episodes, enrol",
    Action.AUDIT: "see who has seen a record", Action.OPERATE: "dead letters, what runs",
    Action.PEOPLE: "accounts of others", Action.KNOW: "pathways, and my own account",
}  # fmt: skip
"""What a token may be for, in words; each is in the catalogues."""
_DAYS = 90


@router.get("/me")
def me_page(request: Request) -> Response:
    """Show the own account."""
    return _shown(request)


@router.post("/me/language")
def language(request: Request, form: Sent) -> Response:
    """Read pages in another language from now on."""
    chosen = form["language"] if form["language"] in words.languages() else ""
    me, system = principal(request), system_of(request)
    once(lambda: system.people.change(_author(me, form), me.actor_id, language=chosen))
    return RedirectResponse("/me", 303)


@router.post("/me/sessions")
def sessions(request: Request, form: Sent) -> Response:
    """End a session elsewhere, or all but this one."""
    me, system = principal(request), system_of(request)
    return _do(
        request, lambda: system.signing.end_sessions(_author(me, form), me.actor_id, form["session"], but=me.session)
    )


@router.post("/me/tokens")
def make_token(request: Request, form: Sent) -> Response:
    """Make a token for a program of mine, and show it this once; for that a browser left open is not enough."""
    me, system = principal(request), system_of(request)
    days = int(form["days"]) if form["days"].isdecimal() and form["days"].isascii() else 0
    scopes = [each for each in form.all("scope") if each in set(Action)]
    try:
        check_own(request, form["present"])
        made = once(
            lambda: system.signing.make_token(
                _author(me, form), me.actor_id, label=form["label"], scopes=scopes, days=days
            )
        )
    except CarepathError as error:
        typed = {"label": form["label"], "days": form["days"], "scopes": scopes}
        return _shown(request, gettext(request, str(error)), typed, status=422)
    return render(request, "token.html", token=made[1] if made else "", label=form["label"])


@router.post("/me/tokens/end")
def end_token(request: Request, form: Sent) -> Response:
    """Let one of my tokens open nothing from now on."""
    me, system = principal(request), system_of(request)
    return _do(request, lambda: system.signing.end_token(_author(me, form), me.actor_id, form["token"]))


@router.post("/me/identity/end")
def end_identity(request: Request, form: Sent) -> Response:
    """Come in by an identity no longer; only where a password is left to come in by."""
    me, system = principal(request), system_of(request)
    if not has_password(request):
        problem = "without a password you could come in no more: ask an administrator"
        return _shown(request, gettext(request, problem), status=409)
    done = _do(request, lambda: system.linking.unlink(_author(me, form), me.actor_id, form["issuer"], form["subject"]))
    return RedirectResponse("/sign-in", 303) if done.status_code == 303 else done


def _do(request: Request, work: Callable[[], None]) -> Response:
    try:
        once(work)
    except NotFound as error:  # it ended by itself meanwhile, or somebody ended it
        return _shown(request, gettext(request, str(error)), status=404)
    return RedirectResponse("/me", 303)


def _shown(request: Request, problem: str = "", typed: dict[str, Any] | None = None, *, status: int = 200) -> Response:
    me, system = principal(request), system_of(request)
    given = {"label": "", "days": str(_DAYS), "scopes": [], **(typed or {})}
    return render(
        request, "me.html", status=status, person=system.people.person(me.actor_id), typed=given, problem=problem,
        sessions=system.signing.sessions(me.actor_id, me.session), tokens=system.signing.tokens(me.actor_id),
        scopes={each: text for each, text in SCOPES.items() if me.may(each)}, languages=words.languages(),
        provider=label(request),
    )  # fmt: skip


def _author(me: Principal, form: Form) -> Author:
    return Author(me.actor_id, me.role_for(Action.KNOW), key=form["key"])
