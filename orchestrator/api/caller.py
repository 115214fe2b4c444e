"""Who asks, with which key, and what had they before their eyes? Read from the headers of a request."""

from typing import Annotated, NamedTuple

from fastapi import Depends, Header, Path, Request

from orchestrator.api.problems import Problem
from orchestrator.api.strict import BEHALF
from orchestrator.episode.commands import ACTOR_ID, ROLE, Actor
from orchestrator.errors import NotAllowed
from orchestrator.service.handlers import KEY
from orchestrator.service.people.looking import Who
from orchestrator.service.people.principal import Action, Principal

ID_SHAPE, _ROLE = f"^{ACTOR_ID}$", f"^{ROLE}$"
_ASSERTED = "With the administrator's token: asserted by the caller and recorded as asserted"


class Said(NamedTuple):
    """What a request says of who acts; None where it says nothing."""

    actor: str | None
    role: str | None
    on_behalf_of: str | None = None


def said(
    carepath_actor: Annotated[
        str | None,
        Header(pattern=ID_SHAPE, description=f"{_ASSERTED}: an opaque id. Without it: the token's holder."),
    ] = None,
    carepath_role: Annotated[
        str | None, Header(pattern=_ROLE, description="One of the roles that the token's holder has there.")
    ] = None,
) -> Said:
    """Return what the request says of who acts."""
    return Said(carepath_actor, carepath_role)


def entering(
    said: Annotated[Said, Depends(said)],
    carepath_on_behalf_of: Annotated[
        str | None, Header(pattern=ID_SHAPE, description="The id of the person in whose name the actor acts.")
    ] = None,
) -> Said:
    """Return what a request says of who acts that makes an episode's entry, which names for whom too.

    Any other request with that header is refused: see `strict`.
    """
    return said._replace(on_behalf_of=carepath_on_behalf_of)


def acting(
    principal: Principal, said: Said, action: Action, ward: str | None = None, *, leading: bool = False
) -> Actor:
    """Return who acts: the token's holder, in a role that he holds on the ward.

    Only the administrator's token may assert somebody else or any role; then that is recorded as asserted.
    leading: what only a lead may do. Raises NotAllowed.
    """
    if principal.asserts:
        asserted = said.actor is not None or said.role is not None
        role = said.role or principal.role_for(Action.KNOW)
        return Actor(said.actor or principal.actor_id, role, said.on_behalf_of, not asserted)
    if said.actor not in {None, principal.actor_id}:
        raise NotAllowed("this token acts for its own holder alone: leave Carepath-Actor out")
    if said.role is not None and said.role not in principal.roles(ward):
        raise NotAllowed(f"you do not hold the role {said.role} there")
    role = said.role or principal.role_for(action, ward, leading=leading)
    return Actor(principal.actor_id, role, said.on_behalf_of, authenticated=True)


def looking(actor: Actor) -> Who:
    """Return who looks, or takes something upon himself."""
    return Who(actor.id, actor.role, asserted=not actor.authenticated)


def key(
    idempotency_key: Annotated[
        str, Header(pattern=f"^{KEY}$", description="New for each command; a repeat gets the first answer.")
    ],
) -> str:
    """Return the command's idempotency key."""
    return idempotency_key


def seen(
    if_match: Annotated[
        str | None,
        Header(
            pattern=r'^(\*|"[1-9][0-9]{0,9}-[0-9a-f]{16}")$',
            description='The entity tag that was read, such as "12-9f86d081884c7d65". The command is refused (412) '
            "only if proposals, warnings, gates or courses have changed since.",
        ),
    ] = None,
) -> str | None:
    """Return the tag of the entry that the person saw; None asks for no check."""
    return None if if_match in {None, "*"} else if_match.strip('"')


def looked(
    if_match: Annotated[
        str,
        Header(
            pattern=r'^(\*|"[1-9][0-9]{0,9}-[0-9a-f]{16}")$',
            description="The entity tag that was read. What is sent replaces what is there: it is refused (412) if "
            "anybody changed the account since, and (428) without this header; * replaces whatever is there.",
        ),
    ],
) -> str | None:
    """Return the tag of what the person saw, who must have looked; None where whatever is there is to go."""
    return None if if_match == "*" else if_match.strip('"')


def number_of(tag: str | None) -> int | None:
    """Return the number of the entry that an entity tag names."""
    return None if tag is None else int(tag.partition("-")[0])


def held(
    if_match: Annotated[
        str | None,
        Header(
            pattern=r'^(\*|"[0-9a-f]{32}")$',
            description="The entity tag that was read. The change is refused (412) if anything else changed it since.",
        ),
    ] = None,
) -> str | None:
    """Return the tag of the state that the person saw; None asks for no check."""
    return None if if_match in {None, "*"} else if_match.strip('"')


def one_header(request: Request) -> None:
    """Refuse a request that says twice who asks or with which key: proxies and we might read different ones."""
    for name in ("authorization", "idempotency-key", "if-match", "carepath-actor", "carepath-role", BEHALF):
        if len(request.headers.getlist(name)) > 1:
            raise Problem(400, "invalid-request", f"The header {name} stands in the request twice.")


EpisodeId = Annotated[str, Path(pattern=r"^[0-9a-f-]{36}$", description="As enrolling gave it.")]
Saying = Annotated[Said, Depends(said)]
Entering = Annotated[Said, Depends(entering)]
Key = Annotated[str, Depends(key)]
Seen = Annotated[str | None, Depends(seen)]
Looked = Annotated[str | None, Depends(looked)]
Held = Annotated[str | None, Depends(held)]
