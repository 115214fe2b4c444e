"""The routes that show much at a glance: a ward's board, a shift's sheet, alarm load, pathways in words, operations.

The same read models as the pages have. Whose records a hand-over shows is on record for each patient.
"""

import datetime as dt
from typing import Annotated
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Path, Query, Request
from pydantic import AwareDatetime, BaseModel, Field
from starlette.responses import Response

from orchestrator.api.answers import Object, Reply, paged, reply
from orchestrator.api.caller import Said, Saying, acting, looking
from orchestrator.api.needs import wards_within
from orchestrator.api.reads import Cursor, Term
from orchestrator.api.refusals import listing, reading
from orchestrator.api.strict import StrictRoute
from orchestrator.errors import NotFound
from orchestrator.http.needs import needs, principal
from orchestrator.http.serving import serving, system_of
from orchestrator.service.cursor import Page
from orchestrator.service.overview.shift import Span
from orchestrator.service.people.principal import Action

_PROBLEMS = listing({404: "There is no such ward among the caller's, or no such version."})
Ward = Annotated[Term, Query(description="One ward of the caller's.")]
Moment = Annotated[
    AwareDatetime, Field(ge=dt.datetime(2000, 1, 1, tzinfo=dt.UTC), lt=dt.datetime(2200, 1, 1, tzinfo=dt.UTC))
]
Name = Annotated[str, Path(pattern=r"^[A-Za-z0-9][A-Za-z0-9._+-]{0,99}$")]

router = APIRouter(route_class=StrictRoute)


class BoardNow(Reply):
    """A ward's open episodes by stage, what is due first first; of a large ward the most urgent, and how many more."""

    ward: str
    at: str
    open: int
    late: Annotated[int, Field(description="In how many episodes something is late.")]
    folded: Annotated[bool, Field(description="Not all are told: a stage says how many more there are.")]
    stages: list[Object]


class HandOverSheet(Reply):
    """What a shift did for each patient, and what it hands over; a page. total: patients in all.

    left: who went to another ward in the shift, and where to; on the first page.
    after: cursor of the next page, null at the end.
    """

    ward: str
    at: str
    total: int
    left: list[Object]
    patients: list[Object]
    after: str | None


class AlarmLoad(Reply):
    """What roles and people were asked, how soon they answered, and nights. cut: only the latest are counted."""

    ward: str
    at: str
    cut: bool
    most: int
    spans: list[Object]


class ShownVersion(BaseModel):
    """A version of a pathway. in_files: false where the store alone has it.   open: episodes on it; null where the
    caller sees no patients."""

    version: str
    hash: str
    in_files: bool
    open: int | None
    released: Object | None


class PathwayInWords(Reply):
    """A version as tables of words; beside it all versions."""

    name: str
    title: str
    current: str
    shown: str
    versions: list[ShownVersion]
    pathway: Object


class OperationsNow(Reply):
    """Figures, episodes set aside, processes, the format that is written. No patient."""

    figures: Object
    set_aside: list[Object]
    processes: list[Object]
    format: int
    own: int


@router.get("/board", dependencies=needs(Action.SEE), tags=["wards"], responses={200: {"model": BoardNow}, **_PROBLEMS})
def board(request: Request, said: Saying, ward: Ward) -> Response:
    """Return a ward's board: each patient by stage, what comes next, what is late."""
    _seeing(request, said, ward, "board")
    return reply(request, system_of(request).overview.board.show(ward))


@router.get(
    "/handover", dependencies=needs(Action.SEE), tags=["wards"], responses={200: {"model": HandOverSheet}, **_PROBLEMS}
)
def handover(
    request: Request,
    said: Saying,
    ward: Ward,
    *,
    begin: Annotated[Moment, Query(alias="from", description="When the shift began, with its zone.")],
    end: Annotated[Moment, Query(alias="to", description="When it ends; at most 48 hours later.")],
    after: Cursor = None,
) -> Response:
    """Return the sheet of a shift: what happened, what is due in the next as long, what is late or undecided."""
    span = Span(begin.astimezone(dt.UTC), end.astimezone(dt.UTC))
    _seeing(request, said, ward, "hand-over")
    actor = acting(principal(request), said, Action.SEE, ward)
    told = system_of(request).overview.shifts.sheet(looking(actor), ward, span, after=after)
    page = Page(told.pop("patients"), told.pop("after"))
    beside = {name: value for name, value in told.items() if name not in {"page", "pages"}}
    return paged(request, "patients", page, **beside)


@router.get("/load", dependencies=needs(Action.SEE), tags=["wards"], responses={200: {"model": AlarmLoad}, **_PROBLEMS})
def load(request: Request, said: Saying, ward: Ward) -> Response:
    """Return the alarm load of a ward in the last day and week."""
    _seeing(request, said, ward, "load")
    return reply(request, system_of(request).overview.load.show(ward, ZoneInfo(serving(request).timezone)))


@router.get(
    "/pathways/{name}",
    dependencies=needs(Action.KNOW),
    tags=["pathways"],
    responses={200: {"model": PathwayInWords}, **_PROBLEMS},
)
def pathway(request: Request, name: Name) -> Response:
    """Return the version on which patients are enrolled, in words."""
    return _words(request, name)


@router.get(
    "/pathways/{name}/{version}",
    dependencies=needs(Action.KNOW),
    tags=["pathways"],
    responses={200: {"model": PathwayInWords}, **_PROBLEMS},
)
def pathway_version(request: Request, name: Name, version: Name) -> Response:
    """Return one version, from the files or from what the store keeps, in words."""
    return _words(request, name, version)


@router.get(
    "/operations",
    dependencies=needs(Action.OPERATE),
    tags=["operations"],
    responses={200: {"model": OperationsNow}, **reading()},
)
def operations(request: Request) -> Response:
    """Return what is due, late and set aside, what waits to leave, and which programs run."""
    return reply(request, system_of(request).overview.operations.show(principal(request).wards(Action.OPERATE)))


def _seeing(request: Request, said: Said, ward: str, what: str) -> None:
    """Record that a ward's list is seen. Raises NotFound for a ward that is not, or not the caller's.

    A misspelt ward must not look like one on which nothing is due.
    """
    wards = principal(request).wards(Action.SEE)
    if ward not in (system_of(request).people.wards() if wards is None else wards):
        raise NotFound("there is no such ward among yours")
    wards_within(request, said, (ward,), what)


def _words(request: Request, name: str, version: str | None = None) -> Response:
    told = system_of(request).overview.catalogue.tell(name, version)
    if not principal(request).may(Action.SEE):
        told["versions"] = [{**each, "open": None} for each in told["versions"]]
    return reply(request, told)
