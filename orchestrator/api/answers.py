"""What comes back? The shapes of the answers, for the API's description and for tests; replies are made from rows."""

from collections.abc import Mapping
from typing import Annotated, Any

import orjson
from pydantic import BaseModel, ConfigDict, Field
from starlette.datastructures import URL
from starlette.requests import Request
from starlette.responses import Response

from orchestrator.api.problems import GATE, TITLES, Problem
from orchestrator.http.serving import system_of
from orchestrator.service.cursor import Page
from orchestrator.service.handlers import Answer

Object = dict[str, Any]
Seq = Annotated[int, Field(description="Number of the episode's last entry.")]
Tag = Annotated[str, Field(description="Stands for the episode as it is now: its entity tag, without the quotes.")]
Simulated = Annotated[bool, Field(description="True in a store for trying things out: no patient is real.")]
_FACTS = (
    "By name: value, when and in which entry; derived (it follows from others) or own (a person's entry of what the "
    "pathway would derive), and how, in words."
)
_DERIVATIONS = (
    "Facts that follow from others: value, and a row for each value with its condition in words; holds is true, false "
    "or null (unknown), now marks the row that rules, awaits_new what must be recorded after the latest treatment."
)
_FORMS = "What a person looks at before he records a fact that is missing: items, optional, rules, sources."
_CALLED = "regimen: the name that commands take; title: what people read."
_TASKS = "asks: the facts that a task is there to have recorded, and whether they were since it opened."
_CONFLICTS = frozenset({"episode-closed"})
_NO_ROLE = "no role was sent, so the token's own counts; send yours, such as Carepath-Role: clinician"


class Reply(BaseModel):
    model_config = ConfigDict(extra="allow")
    simulated: Simulated


class ProblemDetails(Reply):
    """RFC 9457. A refusal that is on the record also has episode_id and seq, the entry in which it stands."""

    model_config = ConfigDict(
        extra="allow",
        json_schema_extra={
            "examples": [
                {
                    "type": "/api/v1/problems/not-found",
                    "title": "There is no such thing",
                    "status": 404,
                    "code": "not-found",
                    "detail": "there is no such episode",
                    "simulated": False,
                }
            ]
        },
    )

    type: str
    title: str
    status: int
    code: str
    detail: str


class Done(Reply):
    """What became of a command. repeated: this key came before, and this is the first answer again."""

    episode_id: str
    seq: Seq
    state: str
    at: str
    repeated: bool


class WardChanged(Done):
    along: Annotated[list[str], Field(description="The patient's other episodes that were moved with this one.")]


class EpisodeNow(Reply):
    """An episode as it stands; an answer to 'why' beside each thing: rules, sources, the facts used."""

    episode_id: str
    patient_id: str
    pathway: str
    version: Annotated[str, Field(description="Content hash of the version that the episode runs on.")]
    ward: str
    state: str
    stage: str
    seq: Seq
    tag: Tag
    at: str
    enrolled_at: str
    next_due_at: str | None
    closed: bool
    facts: Annotated[Object, Field(description=_FACTS)]
    derivations: Annotated[list[Object], Field(description=_DERIVATIONS)]
    forms: Annotated[list[Object], Field(description=_FORMS)]
    proposals: Annotated[list[Object], Field(description=_CALLED)]
    absent: Annotated[list[Object], Field(description=_CALLED)]
    missing: list[str]
    warnings: list[Object]
    gates: list[Object]
    offers: list[Object]
    courses: Annotated[list[Object], Field(description=_CALLED)]
    tasks: Annotated[list[Object], Field(description=_TASKS)]
    reminders: list[Object]
    upcoming: list[Object]
    settings: Annotated[list[Object], Field(description="Local values of its version that the hospital set.")]


class Explanation(Reply):
    """Why the patient goes no further, and a treatment is not offered: each clause, true, false or unknown."""

    state: str
    moves: list[Object]
    gates: list[Object]
    absent: Annotated[list[Object], Field(description="Regimens without a standing now, with the rules that give one.")]
    moments: list[Object]


class Timeline(Reply):
    """The entries in order: header, command and events, and the hash that chains them. after: cursor of the next."""

    episode_id: str
    seq: Seq
    entries: list[Object]
    after: str | None


class Story(Reply):
    """What happened, why, and who decided: all that a report shows."""

    format: str
    version: int
    episode: Object


class Items(Reply):
    """A page. after: cursor of the next one, null at the end."""

    items: list[Object]
    after: str | None


class Taken(BaseModel):
    """name: empty for who has no account here.   snoozed_until: stands aside from that person's own list until then."""

    person_id: str
    name: str
    at: str
    snoozed_until: str | None


class Claim(Reply):
    """Who has taken an open item; null while nobody has."""

    episode_id: str
    kind: str
    key: str
    claim: Taken | None


class Notices(Reply):
    """A page, latest first. before: cursor of the next one, null at the end."""

    notices: list[Object]
    before: str | None


class Delivery(BaseModel):
    """A notice that has not left the house by a route. given_up_at: since when it is a dead letter; else null.

    next_try_at: null for a dead letter.   last_error: a code; empty before the first try failed, and while it is tried.
    """

    id: str
    route: str
    since: str
    attempts: int
    last_error: str
    next_try_at: str | None
    given_up_at: str | None
    notice: Object


class Deliveries(Reply):
    """A page. after: cursor of the next one, null at the end."""

    deliveries: list[Delivery]
    after: str | None


class Resent(Reply):
    resent: Annotated[int, Field(description="How many dead letters are sent again.")]


class Dropped(Reply):
    """by: who took it over.   asserted: nobody proved that it was this person."""

    dropped: str
    by: str
    asserted: bool


class GlassBroken(Reply):
    """Until when who asks may see the patient, and act. repeated: the glass was broken already."""

    episode_id: str
    until: str
    seconds: Annotated[int, Field(description="How long a glass stays broken.")]
    repeated: bool


class GlassClosed(Reply):
    """closed: false where no glass was broken."""

    episode_id: str
    closed: bool


class Look(BaseModel):
    """Who saw the record, or a ward's list that showed the patient. kind: read, list, glass …   what: which page.

    name: of the person; the id where there is no account.   ward: of a list, else empty.   glass: by somebody of
    another ward, in an emergency.   reason: why the glass was broken; null once the record is erased.
    asserted: a program with the administrator's token, or a terminal, said who it was, and nobody proved it.
    """

    at: str
    by: str
    name: str
    role: str
    asserted: bool
    kind: str
    what: str
    ward: str
    episode_id: str
    glass: bool
    reason: str | None
    seq: int


class Looks(Reply):
    """A page, latest first. before: cursor of the next one.   whole, faults: whether the record was changed."""

    looks: list[Look]
    before: str | None
    whole: bool
    faults: list[Object]


class Episodes(Reply):
    """A page. after: cursor of the next one, null at the end."""

    episodes: list[Object]
    after: str | None


class VersionRelease(BaseModel):
    """Who released a version, when and why. From then on it is immutable."""

    number: int
    released_by: str
    released_at: str
    reason: str


class LocalValue(BaseModel):
    """A value that no document gives. hospital and what follows: empty while the pathway's default holds."""

    address: str
    words: str
    value: str
    default: str
    low: str
    high: str
    range: Annotated[str, Field(description="Within which a hospital may set it, in words.")]
    rules: list[str]
    set_by: Annotated[str, Field(description="Who answers for the value, in words.")]
    hospital: str
    revision: str
    author: str
    approver: str
    approved: Annotated[str, Field(description="A date.")]
    reason: str


class PathwayVersion(BaseModel):
    """A version on which patients can be enrolled. released: null where nobody released it."""

    name: str
    version: str
    hash: str
    title: str
    newest: bool
    released: VersionRelease | None
    settings: Annotated[list[LocalValue], Field(description="Its local values.")]


class Pathways(Reply):
    pathways: list[PathwayVersion]


class BannerShown(BaseModel):
    """What everybody is to see. code: overdue, or store-unreadable.   since: by the store's clock, or the wall's when
    the store cannot be read."""

    code: str
    since: str
    text: str


class BannerNow(Reply):
    """What everybody is to see at the head of every page; null while all is well."""

    banner: BannerShown | None


class Health(Reply):
    status: str
    version: str
    store: str


def reply(
    request: Request,
    document: Mapping[str, Any],
    *,
    status: int = 200,
    tag: str | None = None,
    headers: Mapping[str, str] | None = None,
) -> Response:
    """Return a document as JSON. tag: its entity tag, without quotes."""
    body = orjson.dumps({**document, "simulated": system_of(request).simulated})
    made = dict(headers or {})
    if tag is not None:
        made["ETag"] = f'"{tag}"'
    return Response(body, status, headers=made, media_type="application/json")


def paged(
    request: Request, name: str, page: Page, *, by: str = "after", tag: str | None = None, **more: object
) -> Response:
    """Return a page as JSON: rows under a name, and the next one's cursor, to which a Link leads. by: its parameter."""
    headers = {}
    if page.after is not None:
        there = URL(scope=request.scope).include_query_params(**{by: page.after})
        headers["Link"] = f'<{there.path}?{there.query}>; rel="next"'
    return reply(request, {name: page.rows, by: page.after, **more}, tag=tag, headers=headers)


def answered(
    request: Request,
    answer: Answer,
    *,
    status: int = 200,
    headers: Mapping[str, str] | None = None,
    more: Mapping[str, Any] | None = None,
) -> Response:
    """Return what became of a command. more: what is told besides of one that was done.

    Raises Problem for a refusal, which stands in the record all the same.
    """
    told = {"episode_id": answer.episode_id, "seq": answer.seq, "state": answer.state, "at": answer.at}
    if not answer.accepted:
        by_default = answer.code == "needs-role" and "carepath-role" not in request.headers
        raise _refusal(answer, told, f"{answer.text}; {_NO_ROLE}" if by_default else answer.text)
    made = {**(headers or {}), **({"Idempotent-Replayed": "true"} if answer.repeated else {})}
    told = {**told, **(more or {}), "repeated": answer.repeated}
    return reply(request, told, status=status, tag=answer.tag, headers=made)


def _refusal(answer: Answer, told: dict[str, Any], text: str) -> Problem:
    status = 409 if answer.code in _CONFLICTS else 422
    title = TITLES.get(answer.code, GATE)  # the engine's own codes are all there: any other is a gate's name
    if not answer.seq:  # an enrolment that was refused: there is no episode in whose record it could stand
        return Problem(status, answer.code, text, title=title)
    headers = {"ETag": f'"{answer.tag}"'}
    more = {**told, "repeated": answer.repeated}
    return Problem(status, answer.code, text, title=title, headers=headers, more=more)
