"""The routes about who is told: the rota of a ward, a person's own channels and absences.

Each list has an entity tag: with If-Match a change is refused (412) when somebody else changed the list since.
"""

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Depends, Path, Query, Request
from pydantic import BaseModel, Field
from starlette.responses import Response

from orchestrator.api.answers import Object, Reply, paged, reply
from orchestrator.api.bodies import Body, Name
from orchestrator.api.caller import ID_SHAPE, Held
from orchestrator.api.once import Once
from orchestrator.api.reads import Cursor, Limit
from orchestrator.api.refusals import commanding, listing
from orchestrator.api.strict import StrictRoute
from orchestrator.http.needs import needs, principal
from orchestrator.http.serving import system_of
from orchestrator.notify.channel import Result
from orchestrator.service.cursor import cut
from orchestrator.service.once import state_tag
from orchestrator.service.people.duty import check_ward
from orchestrator.service.people.hours import day_of, instant_of
from orchestrator.service.people.principal import Action
from orchestrator.service.people.rota import LONGEST_VIEW

_PROBLEMS = commanding(
    {
        403: "No role of the caller's there allows it.",
        404: "It is not there, or not the caller's to see.",
        409: "It contradicts what is entered already, or the key was used.",
        412: "Somebody else changed the list since If-Match.",
    }
)
_READ = listing({404: "It is not there, or not the caller's to see."})
_WHEN = "ISO 8601, with an offset or by the hospital's clocks, such as 2026-11-23T08:00."
Ward = Annotated[str, Path(min_length=1, max_length=200, description="The ward; * for all.")]
PersonId = Annotated[str, Path(pattern=ID_SHAPE)]
From = Annotated[str, Field(max_length=40, description=f"{_WHEN} This moment counts.")]
Until = Annotated[str, Field(max_length=40, description=f"{_WHEN} This moment counts no more.")]
Id = Annotated[str, Field(min_length=1, max_length=100, pattern=r"^[!-~]+$")]
router = APIRouter(route_class=StrictRoute, tags=["rota"])
_KNOW, _OPERATE = needs(Action.KNOW), needs(Action.OPERATE)


def _own(request: Request, person_id: PersonId) -> None:
    """Let through who asks of himself, or looks after the account. Raises NotFound."""
    system_of(request).duty.check_person(principal(request), person_id)


_OWN = [*_KNOW, Depends(_own)]


class AddDuty(Body):
    role: Name
    person_id: Id
    starts_at: From
    ends_at: Until


class RemoveDuty(Body):
    duty_id: Id


class AddContact(Body):
    channel: Annotated[Name, Field(description="One that the file of channels configures.")]
    address: Annotated[str, Field(min_length=1, max_length=500)]
    kinds: Annotated[list[Name], Field(max_length=20, description="Kinds of notices; none for all.")] = []
    quiet: Annotated[str, Field(max_length=20, description="Hours to be left alone, such as 22:00-06:30.")] = ""


class ContactName(Body):
    name: Id


class AddAbsence(Body):
    deputy_id: Annotated[Id | None, Field(description="Who is told instead; null for nobody.")] = None
    starts_at: From
    ends_at: Until


class RemoveAbsence(Body):
    away_id: Id


class Person(BaseModel):
    person_id: str
    name: str


class DutyShown(BaseModel):
    """A duty. reached: whether that person has a channel of their own."""

    duty_id: str
    ward: str
    role: str
    person_id: str
    name: str
    starts_at: str
    ends_at: str
    reached: bool


class Stretch(BaseModel):
    """A stretch of time. on_duty: false where the rota names nobody who is there: all who hold the post are told."""

    starts_at: str
    ends_at: str
    on_duty: bool
    people: list[Person]


class RotaShown(Reply):
    """A ward's rota. now: by the store's clock.

    told: by role, who is told when.   holders: by role, who holds the post.
    """

    ward: str
    first: Annotated[str, Field(alias="from")]
    days: int
    now: str
    duties: list[DutyShown]
    told: dict[str, list[Stretch]]
    holders: dict[str, list[Person]]


class DutyAdded(Reply):
    duty_id: str


class Contact(BaseModel):
    """A person's own channel. configured: whether notices can leave by it now."""

    name: str
    channel: str
    address: str
    kinds: list[str]
    quiet: str
    configured: bool


class ContactsShown(Reply):
    contacts: list[Contact]


class ContactAdded(Reply):
    name: str


class ContactTested(Reply):
    """What became of a test message. code: why it did not leave; empty where it did."""

    sent: bool
    code: str


class Post(BaseModel):
    ward: str
    role: str


class Absence(BaseModel):
    """An absence. uncovered: the posts in which nobody stands in."""

    away_id: str
    starts_at: str
    ends_at: str
    deputy: Person | None
    uncovered: list[Post]


class AbsencesShown(Reply):
    """A page, the first to start first. after: cursor of the next one, null at the end."""

    absences: list[Absence]
    after: str | None


class AbsenceAdded(Reply):
    away_id: str


class Removed(Reply):
    removed: str


@router.get("/rota/{ward}", dependencies=_KNOW, responses={200: {"model": RotaShown}, **_READ})
def rota(
    request: Request,
    ward: Ward,
    first: Annotated[
        str | None, Query(alias="from", max_length=10, description="The first day; today if not said.")
    ] = None,
    days: Annotated[int, Query(ge=1, le=LONGEST_VIEW)] = 7,
) -> Response:
    """Return who is told on a ward, in stretches of time, and the duties that were entered."""
    check_ward(principal(request), ward)
    shown = system_of(request).duty.rota
    told = shown.view(ward, shown.today() if first is None else day_of(first), days)
    return reply(request, told, tag=state_tag(shown.ahead(ward)))


@router.post(
    "/rota/{ward}/add", dependencies=_OPERATE, status_code=201, responses={201: {"model": DutyAdded}, **_PROBLEMS}
)
def add_duty(request: Request, ward: Ward, body: AddDuty, once: Once, seen: Held) -> Response:
    """Put a person on duty; others may be on duty at the same time."""
    check_ward(principal(request), ward, change=True)
    shown, by = once.system.duty.rota, once.author(Action.OPERATE, ward)
    starts_at, ends_at = _moment(request, body.starts_at), _moment(request, body.ends_at)

    def work() -> Object:
        whom = {"role": body.role, "person_id": body.person_id}
        return {"duty_id": shown.add(by, ward=ward, **whom, starts_at=starts_at, ends_at=ends_at)}

    return once.out(by, work, status=201, seen=seen, state=lambda: shown.ahead(ward))


@router.post("/rota/{ward}/remove", dependencies=_OPERATE, responses={200: {"model": Removed}, **_PROBLEMS})
def remove_duty(request: Request, ward: Ward, body: RemoveDuty, once: Once, seen: Held) -> Response:
    """Take a duty that has not ended out of the rota."""
    check_ward(principal(request), ward, change=True)
    shown, by = once.system.duty.rota, once.author(Action.OPERATE, ward)

    def work() -> Object:
        shown.remove(by, ward, body.duty_id)
        return {"removed": body.duty_id}

    return once.out(by, work, seen=seen, state=lambda: shown.ahead(ward))


@router.get("/people/{person_id}/contacts", dependencies=_OWN, responses={200: {"model": ContactsShown}, **_READ})
def contacts(request: Request, person_id: PersonId) -> Response:
    """Return by which channels of their own a person is told: one's own, or anybody's for an administrator."""
    told = system_of(request).duty.contacts.of(person_id)
    return reply(request, {"contacts": told}, tag=state_tag(told))


@router.post(
    "/people/{person_id}/contacts/add",
    dependencies=_OWN,
    status_code=201,
    responses={201: {"model": ContactAdded}, **_PROBLEMS},
)
def add_contact(person_id: PersonId, body: AddContact, once: Once, seen: Held) -> Response:
    """Let notices reach a person by one more channel."""
    own, by = once.system.duty.contacts, once.author(Action.KNOW)

    def work() -> Object:
        where = {"channel": body.channel, "address": body.address, "quiet": body.quiet}
        return {"name": own.add(by, person_id, **where, kinds=body.kinds)}

    return once.out(by, work, status=201, seen=seen, state=lambda: own.of(person_id))


@router.post("/people/{person_id}/contacts/remove", dependencies=_OWN, responses={200: {"model": Removed}, **_PROBLEMS})
def remove_contact(person_id: PersonId, body: ContactName, once: Once, seen: Held) -> Response:
    """Tell a person by one channel less. What waits to go there becomes a dead letter, of which the owners are told."""
    own, by = once.system.duty.contacts, once.author(Action.KNOW)

    def work() -> Object:
        own.remove(by, person_id, body.name)
        return {"removed": body.name}

    return once.out(by, work, seen=seen, state=lambda: own.of(person_id))


@router.post(
    "/people/{person_id}/contacts/test", dependencies=_OWN, responses={200: {"model": ContactTested}, **_PROBLEMS}
)
def test_contact(person_id: PersonId, body: ContactName, once: Once) -> Response:
    """Send a message that says that it is a test, now and once."""
    system, by = once.system, once.author(Action.KNOW)
    where = []

    def begin() -> Object:
        where.append(system.duty.contacts.begin_test(by, person_id, body.name))
        return {"sent": False, "code": "unknown"}

    def send() -> Object:
        sent = system.post.test(*where[-1], system.clock.now())
        return {"sent": sent.result is Result.DELIVERED, "code": sent.code}

    return once.out_after(by, begin, send)


@router.get("/people/{person_id}/absences", dependencies=_OWN, responses={200: {"model": AbsencesShown}, **_READ})
def absences(request: Request, person_id: PersonId, after: Cursor = None, limit: Limit = 100) -> Response:
    """Return when a person is away, and who is told instead: one's own, or anybody's for an administrator."""
    told = system_of(request).duty.aways.of(person_id)
    page = cut(told, lambda each: (each["starts_at"], each["away_id"]), after, limit)
    return paged(request, "absences", page, tag=state_tag(told))


@router.post(
    "/people/{person_id}/absences/add",
    dependencies=_OWN,
    status_code=201,
    responses={201: {"model": AbsenceAdded}, **_PROBLEMS},
)
def add_absence(request: Request, person_id: PersonId, body: AddAbsence, once: Once, seen: Held) -> Response:
    """Let a person be away, with or without somebody who is told instead."""
    aways, by = once.system.duty.aways, once.author(Action.KNOW)
    starts_at, ends_at = _moment(request, body.starts_at), _moment(request, body.ends_at)

    def work() -> Object:
        away_id = aways.add(by, person_id, deputy_id=body.deputy_id, starts_at=starts_at, ends_at=ends_at)
        return {"away_id": away_id}

    return once.out(by, work, status=201, seen=seen, state=lambda: aways.of(person_id))


@router.post("/people/{person_id}/absences/remove", dependencies=_OWN, responses={200: {"model": Removed}, **_PROBLEMS})
def remove_absence(person_id: PersonId, body: RemoveAbsence, once: Once, seen: Held) -> Response:
    """Take back an absence that has not ended."""
    aways, by = once.system.duty.aways, once.author(Action.KNOW)

    def work() -> Object:
        aways.remove(by, person_id, body.away_id)
        return {"removed": body.away_id}

    return once.out(by, work, seen=seen, state=lambda: aways.of(person_id))


def _moment(request: Request, text: str) -> datetime:
    return instant_of(text, system_of(request).duty.rota.zone)
