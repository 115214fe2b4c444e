"""The routes that only read. No patient's data stands in an address: ids are opaque, identifiers travel in bodies."""

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, Query, Request
from fastapi.exceptions import RequestValidationError
from pydantic import StringConstraints
from starlette.responses import HTMLResponse, Response

from orchestrator.api.answers import (
    EpisodeNow,
    Episodes,
    Explanation,
    Items,
    Notices,
    Pathways,
    Story,
    Timeline,
    VersionRelease,
    paged,
    reply,
)
from orchestrator.api.bodies import Find
from orchestrator.api.caller import EpisodeId, Saying
from orchestrator.api.needs import Looking, wards_within
from orchestrator.api.refusals import listing, reading, told
from orchestrator.api.strict import StrictRoute
from orchestrator.http.needs import needs, principal
from orchestrator.http.page import headers_for
from orchestrator.http.serving import serving, system_of
from orchestrator.pathway.loader import version_key
from orchestrator.report import as_html
from orchestrator.service.cursor import LARGEST_PAGE, cut
from orchestrator.service.people.principal import Action

_NOT_FOUND = reading({404: "There is no such episode."})
_PAGE = listing()
Term = Annotated[str, StringConstraints(pattern=r"^[^\x00-\x1f\x7f]{1,600}$")]
Wards = Annotated[tuple[Term, ...], Query(alias="ward", max_length=100, description="Only these wards.")]
Roles = Annotated[
    tuple[Term, ...], Query(alias="role", max_length=20, description="Only what these roles owe or are told.")
]
Kind = Literal["task", "dose", "decision", "reminder"]
Kinds = Annotated[tuple[Kind, ...], Query(max_length=4, description="Only items of these kinds.")]
Limit = Annotated[int, Query(ge=1, le=LARGEST_PAGE)]
Cursor = Annotated[Term | None, Query(description="The cursor that the page before gave.")]

router = APIRouter(route_class=StrictRoute)


def _look(what: str) -> list[Any]:
    return [Depends(Looking(Action.SEE, what))]


@router.get(
    "/episodes/{episode_id}",
    dependencies=_look("episode"),
    tags=["episodes"],
    responses={200: {"model": EpisodeNow}, **_NOT_FOUND},
)
def episode(request: Request, episode_id: EpisodeId) -> Response:
    """Return an episode as it stands now."""
    document = system_of(request).queries.show(episode_id)
    return reply(request, document, tag=document["tag"])


@router.get(
    "/episodes/{episode_id}/explain",
    dependencies=_look("explain"),
    tags=["episodes"],
    responses={200: {"model": Explanation}, **_NOT_FOUND},
)
def explain(request: Request, episode_id: EpisodeId) -> Response:
    """Return why the episode goes no further."""
    document = system_of(request).telling.explain(episode_id)
    return reply(request, document, tag=document["tag"])


@router.get(
    "/episodes/{episode_id}/timeline",
    dependencies=_look("timeline"),
    tags=["episodes"],
    responses={200: {"model": Timeline}, **_NOT_FOUND, **_PAGE},
)
def timeline(request: Request, episode_id: EpisodeId, after: Cursor = None, limit: Limit = LARGEST_PAGE) -> Response:
    """Return the episode's entries, the first one first."""
    page, row = system_of(request).queries.entries(episode_id, after=after, limit=limit)
    at = {"episode_id": episode_id, "seq": row["seq"]}
    return paged(request, "entries", page, tag=row["tag"], **at)


@router.get(
    "/episodes/{episode_id}/story",
    dependencies=_look("story"),
    tags=["episodes"],
    responses={200: {"model": Story}, **_NOT_FOUND},
)
def story(request: Request, episode_id: EpisodeId) -> Response:
    """Return the episode's story, with the verdict of its chain."""
    return reply(request, _story(request, episode_id))


@router.get(
    "/episodes/{episode_id}/report",
    dependencies=_look("report"),
    tags=["episodes"],
    response_class=HTMLResponse,
    responses={200: {"description": "One page that needs nothing else."}, **_NOT_FOUND},
)
def report(request: Request, episode_id: EpisodeId) -> Response:
    """Return the episode's story as a page to read, keep and print."""
    system = system_of(request)
    told, banner = _story(request, episode_id), serving(request).banner()
    merges = system.sight.looked.merges(episode_id)
    page = as_html(told, system.pathway(told["episode"]["hash"]), banner and banner.to_json(), merges)
    return HTMLResponse(page, headers=headers_for(page))


def _story(request: Request, episode_id: str) -> dict[str, Any]:
    system = system_of(request)
    return system.telling.story(episode_id, simulated=system.simulated)


@router.post(
    "/episodes/find",
    dependencies=needs(Action.SEE),
    tags=["episodes"],
    responses={200: {"model": Episodes}, **_PAGE, **told({415: "Not JSON."})},
)
def find(request: Request, body: Find, said: Saying, after: Cursor = None, limit: Limit = 100) -> Response:
    """Return the episodes of the patient with an identifier, first enrolled first, on the caller's wards."""
    found = system_of(request).queries.episodes_of(body.identifier.identifier())
    rows = [row for row in found if principal(request).may(Action.SEE, row["ward"])]
    if rows:
        wards_within(request, said, sorted({row["ward"] for row in rows}), "find")
    return paged(request, "episodes", cut(rows, lambda row: (row["enrolled_at"], row["episode_id"]), after, limit))


@router.get("/worklist", dependencies=needs(Action.SEE), tags=["wards"], responses={200: {"model": Items}, **_PAGE})
def worklist(
    request: Request,
    said: Saying,
    *,
    ward: Wards = (),
    role: Roles = (),
    kind: Kinds = (),
    overdue: Annotated[bool, Query(description="Only what is overdue.")] = False,
    holder: Annotated[Term | None, Query(description="Only what this person has taken.")] = None,
    after: Cursor = None,
    limit: Limit = 100,
) -> Response:
    """Return what is open, longest overdue first; what has no time comes last. claim: who has taken it."""
    wards = wards_within(request, said, ward, "worklist")
    page = system_of(request).queries.worklist(
        wards=wards, roles=_known(request, role), kinds=kind, overdue=overdue, holder=holder or "", after=after,
        limit=limit,
    )  # fmt: skip
    return paged(request, "items", page)


@router.get("/inbox", dependencies=needs(Action.SEE), tags=["wards"], responses={200: {"model": Notices}, **_PAGE})
def inbox(
    request: Request,
    said: Saying,
    *,
    ward: Wards = (),
    role: Roles = (),
    before: Cursor = None,
    limit: Limit = 100,
) -> Response:
    """Return the notices, latest first: who was told what, when, and how late."""
    wards = wards_within(request, said, ward, "inbox")
    page = system_of(request).queries.inbox(wards=wards, roles=_known(request, role), before=before, limit=limit)
    return paged(request, "notices", page, by="before")


def _known(request: Request, roles: tuple[str, ...]) -> tuple[str, ...]:
    """Return the roles, each one of a pathway's: a misspelt one would show an empty list, as if nothing were due."""
    known = {name for pathway in system_of(request).library.pathways for name in pathway.roles}
    if not known.issuperset(roles):
        text = f"there is no such role; known are {', '.join(sorted(known))}"
        raise RequestValidationError([{"type": "unknown-role", "loc": ("query", "role"), "msg": text}])
    return roles


@router.get("/pathways", dependencies=needs(Action.KNOW), tags=["pathways"], responses={200: {"model": Pathways}})
def pathways(request: Request) -> Response:
    """Return the pathways on which patients can be enrolled, all versions, and who released them."""
    released = {each.version: each.to_json() for each in system_of(request).releases.record()}
    library = system_of(request).library
    newest = {each.name: library.newest(each.name).hash for each in library.pathways}
    rows = [
        {
            "name": each.name,
            "version": each.version,
            "hash": each.hash,
            "title": each.title,
            "newest": newest[each.name] == each.hash,
            "released": _release(released.get(each.hash)),
            "settings": [setting.to_json() for setting in each.settings],
        }
        for each in sorted(library.pathways, key=lambda each: (each.name, version_key(each.version)))
    ]
    return reply(request, {"pathways": rows})


def _release(told: dict[str, Any] | None) -> dict[str, Any] | None:
    return None if told is None else {name: told[name] for name in VersionRelease.model_fields}
