"""Who asks, with which key, and what had they before their eyes? Read from the headers of a request."""

from typing import Annotated

from fastapi import Depends, Header, Path, Request

from orchestrator.api.guard import HOLDER
from orchestrator.api.problems import Problem
from orchestrator.episode.commands import Actor
from orchestrator.service.access import Holder

# The headers of an entry are chained in plain text and can never be erased: opaque ids only, never a free text.
_ID = r"^[A-Za-z0-9][A-Za-z0-9._:@-]{0,99}$"
_ROLE = r"^[a-z][a-z0-9-]{0,39}$"
_ASSERTED = "Asserted by the caller and recorded as asserted"


def actor(
    request: Request,
    carepath_actor: Annotated[
        str | None, Header(pattern=_ID, description=f"{_ASSERTED}: an opaque id. Without it: the token's holder.")
    ] = None,
    carepath_role: Annotated[
        str | None, Header(pattern=_ROLE, description=f"{_ASSERTED}: one of the pathway's roles.")
    ] = None,
    carepath_on_behalf_of: Annotated[
        str | None, Header(pattern=_ID, description="The id of the person in whose name the actor acts.")
    ] = None,
) -> Actor:
    """Return who acts: the token's holder, unless the request asserts somebody else or another role."""
    holder: Holder = request.scope[HOLDER]
    asserted = carepath_actor is not None or carepath_role is not None
    return Actor(carepath_actor or holder.actor_id, carepath_role or holder.role, carepath_on_behalf_of, not asserted)


def key(
    idempotency_key: Annotated[
        str, Header(pattern=r"^[!-~]{1,200}$", description="New for each command; a repeat gets the first answer.")
    ],
) -> str:
    """Return the command's idempotency key."""
    return idempotency_key


def seen(
    if_match: Annotated[
        str | None,
        Header(
            pattern=r'^(\*|"[1-9][0-9]{0,9}")$',
            description='The entity tag that was read, such as "12". The command is refused (412) only if proposals, '
            "warnings, gates or courses have changed since.",
        ),
    ] = None,
) -> int | None:
    """Return the number of the entry that the person saw; None asks for no check."""
    return None if if_match in {None, "*"} else int(if_match.strip('"'))


def one_header(request: Request) -> None:
    """Refuse a request that says twice who asks or with which key: proxies and we might read different ones."""
    for name in ("authorization", "idempotency-key", "if-match", "carepath-actor", "carepath-role"):
        if len(request.headers.getlist(name)) > 1:
            raise Problem(400, "invalid-request", f"The header {name} stands in the request twice.")


EpisodeId = Annotated[str, Path(pattern=r"^[0-9a-f-]{36}$", description="As enrolling gave it.")]
Who = Annotated[Actor, Depends(actor)]
Key = Annotated[str, Depends(key)]
Seen = Annotated[int | None, Depends(seen)]
