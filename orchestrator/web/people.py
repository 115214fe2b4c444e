"""Who has an account, on which ward and in which role? The administrators' pages: find, add, change, end, look back."""

from collections.abc import Callable, Collection, Mapping
from typing import Annotated, Any

from fastapi import APIRouter, Path, Query, Request
from starlette.responses import RedirectResponse, Response

from orchestrator.bootstrap import warn
from orchestrator.errors import CarepathError, Changed, Conflict, NotAllowed, NotFound
from orchestrator.http.needs import needs, principal
from orchestrator.http.serving import system_of
from orchestrator.service.people import passwords
from orchestrator.service.people.administering import Post, looks_after
from orchestrator.service.people.principal import ADMINISTRATOR, Action
from orchestrator.service.people.recording import Author, once
from orchestrator.web import words
from orchestrator.web.again import check_own
from orchestrator.web.forms import Form, Sent
from orchestrator.web.pages import Entry, gettext, render
from orchestrator.web.provider import label
from orchestrator.web.serving import pages_of
from orchestrator.web.typed import seen_of, tag_of

ENTRY = Entry("/people", "People", Action.PEOPLE)
router = APIRouter(include_in_schema=False, dependencies=needs(Action.PEOPLE))
PersonId = Annotated[str, Path(pattern=r"^u-[0-9a-f]{16}$")]
Cursor = Annotated[str | None, Query(max_length=200)]
About = Annotated[str, Query(pattern=r"^(u-[0-9a-f]{16})?$")]
_PAGE, _NEW_POSTS = 100, 3
KINDS = {
    "added": "made the account", "changed": "changed name or language", "posts": "set the posts",
    "password": "set a password", "unlocked": "unlocked the account", "linked": "linked an identity",
    "unlinked": "took an identity away", "ended": "ended the account", "token": "made a token",
    "token-ended": "ended a token", "sessions-ended": "ended sessions", "signed-in": "signed in",
    "locked": "was locked out after wrong passwords", "factor": "set up a second factor",
    "factor-codes": "made new recovery codes", "factor-ended": "took the second factor off",
    "contact": "added a channel", "contact-removed": "removed a channel", "contact-tested": "sent a test message",
    "duty": "put the person on duty", "duty-removed": "took a duty out of the rota",
    "away": "entered an absence", "away-removed": "took an absence back",
    "letters-resent": "had dead letters sent again", "letter-dropped": "took over a dead letter",
    "keys-rotated": "added a key", "admin-token": "made a new administrator's token",
    "upgrade-finished": "finished an upgrade",
}  # fmt: skip
"""What was done to an account, or to the installation, in words; each is in the catalogues."""


@router.get("/people")
def people(request: Request, find: str = "", ended: str = "", after: str = "") -> Response:
    """Show the accounts by name, some at a time."""
    page = system_of(request).people.page(words=find, ended=bool(ended), after=after or None, limit=_PAGE)
    return render(request, "people.html", people=page.rows, after=page.after, find=find, ended=bool(ended))


@router.get("/people/new")
def new_page(request: Request) -> Response:
    """Ask whom to add."""
    return _new(request, {"login": "", "name": "", "language": "", "posts": []})


@router.post("/people/new")
def new(request: Request, form: Sent) -> Response:
    """Add a person, and show the first password, this once."""
    system = system_of(request)
    wanted = _posts(form)
    typed = {"login": form["login"], "name": form["name"], "language": form["language"], "posts": wanted}
    password = "" if form["way"] == "provider" and label(request) else passwords.generated()
    try:
        _prove(request, form, ())
        person_id = once(
            lambda: system.people.add(
                _author(request, form), login=form["login"], name=form["name"], language=_language(form),
                password=password, posts=wanted,
            )
        )  # fmt: skip
    except CarepathError as error:
        return _new(request, typed, gettext(request, str(error)), status=_status(error))
    if person_id is not None and not password:
        return RedirectResponse(f"/people/{person_id}", 303)
    shown = password if person_id is not None else ""
    return render(request, "given.html", person_id=person_id, name=typed["name"], login=typed["login"], password=shown)


@router.get("/people/records")
def records(request: Request, before: Cursor = None, about: About = "", check: str = "") -> Response:
    """Show what was changed about people and the installation, the latest first.

    check: whether that is whole, which takes a while.
    """
    found = system_of(request).people
    page = found.recorded(about=about or None, before=before, limit=_PAGE)
    faults = found.faults() if check else None
    return render(
        request, "records.html", records=page.rows, before=page.after, about=about, faults=faults, kinds=KINDS
    )


@router.get("/people/{person_id}")
def person(request: Request, person_id: PersonId) -> Response:
    """Show one account with everything that can be done to it."""
    return _shown(request, person_id)


@router.post("/people/{person_id}/change")
def change(request: Request, person_id: PersonId, form: Sent) -> Response:
    """Take another name or language."""
    typed = {"name": form["name"], "language": form["language"]}
    return _do(
        request, person_id, form, typed,
        lambda by: system_of(request).people.change(by, person_id, name=form["name"], language=_language(form)),
    )  # fmt: skip


@router.post("/people/{person_id}/posts")
def posts(request: Request, person_id: PersonId, form: Sent) -> Response:
    """Let a person hold these posts and no others."""
    wanted, system = _posts(form), system_of(request)

    def work(by: Author) -> None:
        held = [each["role"] for each in system.people.person(person_id)["posts"]]
        _prove(request, form, held)
        system.people.set_posts(by, person_id, wanted)

    return _do(request, person_id, form, {"posts": wanted}, work)


@router.post("/people/{person_id}/password")
def password(request: Request, person_id: PersonId, form: Sent) -> Response:
    """Give a person a new first password, and show it this once."""
    system, made = system_of(request), passwords.generated()
    told = system.people.person(person_id)
    if person_id == principal(request).actor_id:
        return RedirectResponse("/password", 303)

    def work() -> str:
        system.people.set_password(_author(request, form), person_id, made, made_up=True)
        return made

    try:
        shown = once(work)
    except CarepathError as error:
        return _failed(request, person_id, form, error)
    return render(request, "given.html", person_id=person_id, name=told["name"], login=told["login"], password=shown)


@router.post("/people/{person_id}/unlock")
def unlock(request: Request, person_id: PersonId, form: Sent) -> Response:
    """Let a person try passwords again at once."""
    return _do(request, person_id, form, {}, lambda by: system_of(request).people.unlock(by, person_id))


@router.post("/people/{person_id}/factor")
def factor(request: Request, person_id: PersonId, form: Sent) -> Response:
    """Take off a second factor that a person has lost, and tell the person; nobody sees or sets another's."""
    system = system_of(request)

    def work(by: Author) -> None:
        check_own(request, form["present"])
        system.factors.take_off(by, person_id, form["reason"])
        warn(system, person_id, "factor-ended")

    return _do(request, person_id, form, {"reason": form["reason"]}, work)


@router.post("/people/{person_id}/sessions")
def sessions(request: Request, person_id: PersonId, form: Sent) -> Response:
    """End one session of a person, or all."""
    ended, mine = form["session"], principal(request).session
    return _do(
        request, person_id, form, {}, lambda by: system_of(request).signing.end_sessions(by, person_id, ended, but=mine)
    )


@router.post("/people/{person_id}/token")
def token(request: Request, person_id: PersonId, form: Sent) -> Response:
    """Let a person's token open nothing from now on."""
    return _do(
        request, person_id, form, {}, lambda by: system_of(request).signing.end_token(by, person_id, form["token"])
    )


@router.post("/people/{person_id}/identity")
def identity(request: Request, person_id: PersonId, form: Sent) -> Response:
    """Link an identity of the hospital's provider to an account, or take one away."""
    linking, vouching = system_of(request).linking, pages_of(request).provider

    def work(by: Author) -> None:
        if form["end"]:
            linking.unlink(by, person_id, form["issuer"], form["subject"])
        elif vouching is None:
            raise NotFound("nobody else vouches for people here")
        else:
            linking.link(by, person_id, vouching.issuer, form["subject"])

    return _do(request, person_id, form, {"subject": form["subject"]}, work)


@router.get("/people/{person_id}/end")
def end_page(request: Request, person_id: PersonId) -> Response:
    """Say what ending an account does, before."""
    return _ending(request, person_id)


@router.post("/people/{person_id}/end")
def end(request: Request, person_id: PersonId, form: Sent) -> Response:
    """End an account: nobody comes in by it any more. It is never deleted, for entries name it."""
    try:
        once(lambda: system_of(request).people.end(_author(request, form), person_id))
    except CarepathError as error:
        return _ending(request, person_id, gettext(request, str(error)), status=_status(error))
    return RedirectResponse(f"/people/{person_id}", 303)


def _do(
    request: Request, person_id: str, form: Form, typed: Mapping[str, Any], work: Callable[[Author], None]
) -> Response:
    """Carry out what a form asks for; show the person's page again, with what was typed where it failed."""
    try:
        once(lambda: work(_author(request, form)))
    except CarepathError as error:
        return _failed(request, person_id, form, error, typed)
    return RedirectResponse(f"/people/{person_id}", 303)


def _failed(
    request: Request, person_id: str, form: Form, error: CarepathError, typed: Mapping[str, Any] | None = None
) -> Response:
    if isinstance(error, NotFound):
        raise error
    meanwhile = system_of(request).people.since(person_id, seen_of(form) or 0) if isinstance(error, Changed) else []
    text = "" if meanwhile else gettext(request, str(error))
    return _shown(request, person_id, text, typed or {}, meanwhile, status=_status(error))


def _shown(
    request: Request,
    person_id: str,
    problem: str = "",
    typed: Mapping[str, Any] | None = None,
    meanwhile: list[dict[str, Any]] | None = None,
    *,
    status: int = 200,
) -> Response:
    system = system_of(request)
    told, me = system.people.person(person_id), principal(request)
    mine = looks_after(me, person_id, [each["ward"] for each in told["posts"]])
    given = {
        "name": told["name"], "language": told["language"], "subject": "", "reason": "",
        "posts": [(each["ward"], each["role"]) for each in told["posts"]], **(typed or {}),
    }  # fmt: skip
    return render(
        request, "person.html", status=status, person=told, typed=given, problem=problem, meanwhile=meanwhile or [],
        mine=mine, sessions=system.signing.sessions(person_id, me.session), kinds=KINDS,
        tokens=[each for each in system.signing.tokens(person_id) if not each["ended"]],
        records=system.people.recorded(about=person_id, limit=10).rows, **_choices(request),
    )  # fmt: skip


def _new(request: Request, typed: Mapping[str, Any], problem: str = "", *, status: int = 200) -> Response:
    return render(request, "person-new.html", status=status, typed=typed, problem=problem, **_choices(request))


def _ending(request: Request, person_id: str, problem: str = "", *, status: int = 200) -> Response:
    signing = system_of(request).signing
    live = [each for each in signing.tokens(person_id) if not each["ended"]]
    return render(
        request, "person-end.html", status=status, person=system_of(request).people.person(person_id), problem=problem,
        sessions=len(signing.sessions(person_id)), tokens=len(live),
    )  # fmt: skip


def _choices(request: Request) -> dict[str, Any]:
    """Return what the forms choose from."""
    found = system_of(request).people
    return {
        "wards": found.wards(), "roles": found.roles, "languages": words.languages(), "provider": label(request),
        "new_posts": range(1, _NEW_POSTS + 1),
    }  # fmt: skip


def _posts(form: Form) -> list[Post]:
    """Return the posts of a form: those that stay ticked, as `role/ward`, and those in its empty rows."""
    kept = [(ward, role) for role, _, ward in (each.partition("/") for each in form.all("post"))]
    rows = [(form[f"ward-{row}"], form[f"role-{row}"]) for row in range(1, _NEW_POSTS + 1)]
    return sorted({*kept, *((ward, role) for ward, role in rows if ward or role)})


def _prove(request: Request, form: Form, held: Collection[str]) -> None:
    """Ask for the own password before somebody becomes administrator: that is more than a browser left open may do."""
    gives = any(role == ADMINISTRATOR for _, role in _posts(form)) and ADMINISTRATOR not in held
    if gives:
        check_own(request, form["present"])


def _language(form: Form) -> str:
    return form["language"] if form["language"] in words.languages() else ""


def _author(request: Request, form: Form) -> Author:
    me = principal(request)
    return Author(me.actor_id, me.role_for(Action.PEOPLE), key=form["key"], seen=seen_of(form), tag=tag_of(form))


def _status(error: CarepathError) -> int:
    return 409 if isinstance(error, Conflict) else 403 if isinstance(error, NotAllowed) else 422
