"""How does a patient come onto a pathway? By a number, a pathway and a ward; who is on it already is found instead."""

from typing import Any

from fastapi import APIRouter, Request
from starlette.responses import RedirectResponse, Response

from orchestrator.errors import AlreadyEnrolled, Conflict, InputError, NotAllowed, NotFound
from orchestrator.http.needs import needs, principal
from orchestrator.http.serving import serving, system_of
from orchestrator.pathway.model import Pathway
from orchestrator.service.enrolment import EnrolRequest, Identifier
from orchestrator.service.people.principal import Action
from orchestrator.web.finding import USUAL_SYSTEM, found_of
from orchestrator.web.forms import Form, Sent
from orchestrator.web.look import acting, wards_of
from orchestrator.web.pages import Entry, gettext, render
from orchestrator.web.typed import key_of

router = APIRouter(include_in_schema=False)
ENTRY = Entry("/enrol", "Enrol", Action.ACT)
_ROWS = 2
"""So many numbers can be typed; one is enough."""


@router.get("/enrol", dependencies=needs(Action.ACT))
def enrol_page(request: Request) -> Response:
    """Ask who is to be enrolled, on what and where."""
    return _page(request, Form.empty())


@router.post("/enrol", dependencies=needs(Action.ACT))
def enrol(request: Request, form: Sent) -> Response:
    """Enrol the patient and open his page, or tell why not."""
    system = system_of(request)
    try:
        answer = system.enrolments.enrol(_wish(request, form))
    except AlreadyEnrolled as error:
        there = [
            row
            for each in _identifiers(form)
            for row in found_of(request, each)
            if row["pathway"] == form["pathway"] and not row["closed"]
        ]
        return _page(request, form, problem=str(error), there=there[0] if there else None, status=409)
    except (InputError, Conflict, NotFound) as error:
        return _page(request, form, problem=str(error), status=422)
    if not answer.accepted:
        return _page(request, form, problem=answer.text, status=422)
    return RedirectResponse(f"/episodes/{answer.episode_id}?done=enrol&entry={answer.seq}", 303)


def _wish(request: Request, form: Form) -> EnrolRequest:
    """Return what the form asks for. Raises InputError and NotAllowed."""
    ward, pathway = form["ward"], form["pathway"]
    if ward not in wards_of(request, Action.ACT) and not principal(request).may(Action.ACT, ward):
        raise NotAllowed("you have no post on this ward: enrol on one of yours")
    if pathway not in {each.name for each in _pathways(request)}:
        raise InputError("choose a pathway")
    actor = acting(request, ward, role=form["role"])
    return EnrolRequest(pathway, tuple(_identifiers(form)), ward, serving(request).timezone, actor, key_of(form))


def _identifiers(form: Form) -> list[Identifier]:
    systems, values = (form.starting(name).get("", []) for name in ("system", "value"))
    pairs = zip(systems, values, strict=False)
    return [Identifier(system, value) for system, value in pairs if value]


def _pathways(request: Request) -> list[Pathway]:
    """Return the newest version of each pathway on which patients can be enrolled here, by title."""
    system = system_of(request)
    newest = {each.name: system.library.newest(each.name) for each in system.library.pathways}
    released = {each.version for each in system.releases.record()} if system.enrolments.released_only else None
    usable = (each for each in newest.values() if released is None or each.hash in released)
    return sorted(usable, key=lambda each: each.title)


def _page(
    request: Request, form: Form, *, problem: str = "", there: dict[str, Any] | None = None, status: int = 200
) -> Response:
    rows = [(each.system, each.value) for each in _identifiers(form)]
    rows += [("" if number else USUAL_SYSTEM, "") for number in range(len(rows), _ROWS)]
    return render(
        request, "episode/enrol.html", status=status, form=form, rows=rows, pathways=_pathways(request),
        wards=wards_of(request, Action.ACT), problem=gettext(request, problem) if problem else "", there=there,
    )  # fmt: skip
