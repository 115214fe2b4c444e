"""The routes about people: accounts, posts, first passwords, tokens, sessions, identities, and what was changed.

Each change is done once for a key, recorded with who made it, and refused (412) when If-Match names an older state.
What opens anything is shown in the first answer alone, and kept nowhere.
"""

from collections.abc import Callable
from datetime import datetime
from typing import Annotated, Any, TypeVar

from fastapi import APIRouter, Depends, Path, Query, Request
from starlette.responses import Response

from orchestrator.api.answers import paged, reply
from orchestrator.api.caller import Key, Looked, Saying, Seen, acting, number_of
from orchestrator.api.people_shapes import (
    Account,
    Accounts,
    AddPerson,
    ChangePerson,
    EndSessions,
    EndToken,
    Identity,
    MakeToken,
    Me,
    Nothing,
    SetPosts,
    StaffDone,
    StaffRecords,
    TakeOff,
    Tokens,
)
from orchestrator.api.reads import Cursor, Limit, Term
from orchestrator.api.refusals import Answers, commanding, listing, told
from orchestrator.api.strict import StrictRoute
from orchestrator.audit.seal import instant
from orchestrator.bootstrap import warn
from orchestrator.errors import InputError, NotAllowed
from orchestrator.http.needs import needs, principal
from orchestrator.http.serving import system_of
from orchestrator.service.cursor import cut
from orchestrator.service.people import passwords
from orchestrator.service.people.principal import Action
from orchestrator.service.people.recording import Author, DoneBefore, record

READ = listing({403: "Neither a post nor a scope allows it.", 404: "There is no such person."})
PROBLEMS = READ | commanding(
    {
        409: "The key was used with another wish, or it contradicts what holds.",
        412: "Somebody else changed the account since If-Match.",
        413: "The body is too large.",
    }
)
Route = TypeVar("Route", bound=Callable[..., Response])
_SERVICE = "service"
PersonId = Annotated[str, Path(pattern=r"^u-[0-9a-f]{16}$", description="As adding the person gave it.")]
About = Annotated[str | None, Query(pattern=r"^u-[0-9a-f]{16}$", description="Of this account alone.")]
router = APIRouter(route_class=StrictRoute, tags=["people"])
_ADMIN, _OWN = needs(Action.PEOPLE), needs(Action.KNOW)


_LOOK_FIRST = told({428: "There is no If-Match."})


def _verb(
    path: str,
    summary: str,
    allowed: list[Any],
    status: int = 200,
    *,
    more: Answers | None = None,
) -> Callable[[Route], Route]:
    return router.post(
        path, summary=summary, status_code=status, dependencies=allowed,
        responses={status: {"model": StaffDone}, **PROBLEMS, **(more or {})},
    )  # fmt: skip


class Call:
    """One change that is asked for: who asks, with which key, and what had he before his eyes?"""

    def __init__(self, request: Request, said: Saying, key: Key, seen: Seen) -> None:
        self._request, self._said, self._key, self._seen = request, said, key, seen
        self.system = system_of(request)

    def author(self, action: Action = Action.PEOPLE) -> Author:
        """Return who makes the change, in which role."""
        actor = acting(principal(self._request), self._said, action)
        seen, tag = number_of(self._seen), self._seen or ""
        return Author(actor.id, actor.role, asserted=not actor.authenticated, key=self._key, seen=seen, tag=tag)

    def carry_out(self, by: Author, work: Callable[[], dict[str, Any] | None], status: int = 200) -> Response:
        """Make the change, or find it made before, and answer with what is on record of it."""
        try:
            shown, repeated = work() or {}, False
        except DoneBefore:
            shown, repeated = {}, True
        row = self.system.people.done(by)
        if repeated and row.kind == "token":  # its name is no secret; what opens something stands nowhere
            shown = {"token_id": record(row)["detail"]["token"]}
        told = {"person_id": row.about, "record": row.seq, "at": instant(row.at), "repeated": repeated, **shown}
        headers = {"Idempotent-Replayed": "true"} if repeated else {}
        if status == 201:
            headers["Location"] = f"/api/v1/people/{row.about}"
        return reply(self._request, told, status=status, headers=headers)


class Replacing(Call):
    """A change that replaces what somebody else may have entered: If-Match says what was looked at before."""

    def __init__(self, request: Request, said: Saying, key: Key, seen: Looked) -> None:
        super().__init__(request, said, key, seen)


Calling = Annotated[Call, Depends(Call)]
Replace = Annotated[Replacing, Depends(Replacing)]


@router.get("/me", dependencies=_OWN, responses={200: {"model": Me}, **READ})
def me(request: Request) -> Response:
    """Return who asks: posts, scopes of the token, and the account; null for the administrator's token."""
    who = principal(request)
    told = None if who.asserts else system_of(request).people.person(who.actor_id)
    posts = [{"ward": ward, "role": role} for ward, role in sorted(who.posts)]
    scopes = sorted(who.scopes) if who.scopes is not None else sorted(Action)
    return reply(request, {"actor_id": who.actor_id, "posts": posts, "scopes": scopes, "account": told})


@router.get("/me/tokens", dependencies=_OWN, responses={200: {"model": Tokens}, **READ})
def my_tokens(request: Request, after: Cursor = None, limit: Limit = 100) -> Response:
    """Return the caller's own tokens, without what opens anything."""
    return _tokens(request, principal(request).actor_id, after, limit)


@_verb("/me/tokens", "Make a token of one's own", _OWN, 201)
def make_my_token(request: Request, call: Calling, body: MakeToken) -> Response:
    """Make a token for the caller; it may do no more than the one that makes it, and ends no later."""
    who = principal(request)
    if who.asserts:
        raise InputError("the administrator's token is no person: make a token for an account")
    if who.scopes is not None and not who.scopes.issuperset(body.scopes):
        raise NotAllowed("a token makes none that may do more than itself")
    return _made(call, call.author(Action.KNOW), who.actor_id, body, who.until)


@_verb("/me/tokens/end", "End a token of one's own", _OWN)
def end_my_token(request: Request, call: Calling, body: EndToken) -> Response:
    """Let one of the caller's tokens open nothing from now on."""
    by, who = call.author(Action.KNOW), principal(request)
    return call.carry_out(by, lambda: call.system.signing.end_token(by, who.actor_id, body.token_id))


@router.get("/people", dependencies=_ADMIN, responses={200: {"model": Accounts}, **READ})
def people(
    request: Request,
    *,
    find: Annotated[Term | None, Query(description="What name, login, a ward or a role holds.")] = None,
    ended: Annotated[bool, Query(description="Ended accounts too.")] = False,
    after: Cursor = None,
    limit: Limit = 100,
) -> Response:
    """Return the accounts by name, some at a time."""
    page = system_of(request).people.page(words=find or "", ended=ended, after=after, limit=limit)
    return paged(request, "people", page)


@_verb("/people", "Add a person", _ADMIN, 201)
def add(call: Calling, body: AddPerson) -> Response:
    """Make an account; its first password stands in the first answer alone, and is changed at the first signing in."""
    by, made = call.author(), passwords.generated() if body.password else ""

    def work() -> dict[str, Any]:
        posts = [(each.ward, each.role) for each in body.posts]
        call.system.people.add(by, login=body.login, name=body.name, password=made, posts=posts, language=body.language)
        return {"password": made} if made else {}

    return call.carry_out(by, work, 201)


@router.get("/people/records", dependencies=_ADMIN, responses={200: {"model": StaffRecords}, **READ})
def records(request: Request, *, about: About = None, before: Cursor = None, limit: Limit = 100) -> Response:
    """Return what was changed about people and the installation, the latest first."""
    page = system_of(request).people.recorded(about=about, before=before, limit=limit)
    return paged(request, "records", page, by="before")


@router.get("/people/{person_id}", dependencies=_ADMIN, responses={200: {"model": Account}, **READ})
def person(request: Request, person_id: PersonId) -> Response:
    """Return one account; its entity tag stands for its last change."""
    told = system_of(request).people.person(person_id)
    return reply(request, told, tag=told["tag"])


@_verb("/people/{person_id}/change", "Take another name or language", _ADMIN, more=_LOOK_FIRST)
def change(person_id: PersonId, call: Replace, body: ChangePerson) -> Response:
    """Change what is told of a person; what is left out stays."""
    by = call.author()
    return call.carry_out(by, lambda: call.system.people.change(by, person_id, name=body.name, language=body.language))


@_verb("/people/{person_id}/posts", "Set a person's posts", _ADMIN, more=_LOOK_FIRST)
def posts(person_id: PersonId, call: Replace, body: SetPosts) -> Response:
    """Let a person hold these posts and no others; it holds at once."""
    by, wanted = call.author(), [(each.ward, each.role) for each in body.posts]
    return call.carry_out(by, lambda: call.system.people.set_posts(by, person_id, wanted))


@_verb("/people/{person_id}/password", "Give a new first password", _ADMIN)
def password(person_id: PersonId, call: Calling, body: Nothing) -> Response:
    """Give a person a new first password, shown in the first answer alone; every session of that person ends."""
    del body
    by, made = call.author(), passwords.generated()

    def work() -> dict[str, Any]:
        call.system.people.set_password(by, person_id, made, made_up=True)
        return {"password": made}

    return call.carry_out(by, work)


@_verb("/people/{person_id}/unlock", "Unlock an account", _ADMIN)
def unlock(person_id: PersonId, call: Calling, body: Nothing) -> Response:
    """Let a person try passwords again at once."""
    del body
    by = call.author()
    return call.carry_out(by, lambda: call.system.people.unlock(by, person_id))


@_verb("/people/{person_id}/factor/end", "Take a second factor off", _ADMIN)
def take_off(person_id: PersonId, call: Calling, body: TakeOff) -> Response:
    """Take off what a person has lost, for a reason, and tell the person; nobody sees or sets another's factor."""
    by = call.author()

    def work() -> None:
        call.system.factors.take_off(by, person_id, body.reason)
        warn(call.system, person_id, "factor-ended")

    return call.carry_out(by, work)


@_verb("/people/{person_id}/end", "End an account", _ADMIN)
def end(person_id: PersonId, call: Calling, body: Nothing) -> Response:
    """Let nobody come in by an account from now on: sessions, tokens, posts and identities end. It is never deleted."""
    del body
    by = call.author()
    return call.carry_out(by, lambda: call.system.people.end(by, person_id))


@router.get("/people/{person_id}/tokens", dependencies=_ADMIN, responses={200: {"model": Tokens}, **READ})
def tokens(request: Request, person_id: PersonId, after: Cursor = None, limit: Limit = 100) -> Response:
    """Return a person's tokens, without what opens anything."""
    system = system_of(request)
    system.people.person(person_id)
    return _tokens(request, person_id, after, limit)


@_verb("/people/{person_id}/tokens", "Make a token for a program's account", _ADMIN, 201)
def make_token(person_id: PersonId, call: Calling, body: MakeToken) -> Response:
    """Make a token for an account that has posts of the role service alone: people make their own."""
    roles = {each["role"] for each in call.system.people.person(person_id)["posts"]}
    if roles != {_SERVICE}:
        raise NotAllowed("nobody makes a token that acts for a person but that person: see /me/tokens")
    return _made(call, call.author(), person_id, body)


@_verb("/people/{person_id}/tokens/end", "End a person's token", _ADMIN)
def end_token(person_id: PersonId, call: Calling, body: EndToken) -> Response:
    """Let a person's token open nothing from now on."""
    by = call.author()
    return call.carry_out(by, lambda: call.system.signing.end_token(by, person_id, body.token_id))


@_verb("/people/{person_id}/sessions/end", "End a person's sessions", _ADMIN)
def end_sessions(person_id: PersonId, call: Calling, body: EndSessions) -> Response:
    """End where a person is signed in: one session, or all."""
    by = call.author()
    return call.carry_out(by, lambda: call.system.signing.end_sessions(by, person_id, body.session_id))


@_verb("/people/{person_id}/identities", "Link an identity", _ADMIN)
def link(person_id: PersonId, call: Calling, body: Identity) -> Response:
    """Let a person come in as whom a provider of OpenID Connect vouches for."""
    by = call.author()
    return call.carry_out(by, lambda: call.system.linking.link(by, person_id, body.issuer, body.subject))


@_verb("/people/{person_id}/identities/end", "Take an identity away", _ADMIN)
def unlink(person_id: PersonId, call: Calling, body: Identity) -> Response:
    """Let a person come in by an identity no longer; every session of that person ends."""
    by = call.author()
    return call.carry_out(by, lambda: call.system.linking.unlink(by, person_id, body.issuer, body.subject))


def _tokens(request: Request, person_id: str, after: str | None, limit: int) -> Response:
    found = system_of(request).signing.tokens(person_id)
    return paged(request, "tokens", cut(found, lambda each: (each["made_at"], each["token_id"]), after, limit))


def _made(call: Call, by: Author, person_id: str, body: MakeToken, latest: datetime | None = None) -> Response:
    def work() -> dict[str, Any]:
        token_id, token = call.system.signing.make_token(
            by, person_id, label=body.label, scopes=list(body.scopes), days=body.days, latest=latest
        )
        return {"token_id": token_id, "token": token}

    return call.carry_out(by, work, 201)
