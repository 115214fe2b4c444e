"""Which records are one patient's? Shown on his pages; compared, merged and separated by a lead of his ward.

A number travels in the body of a form alone. What is compared stands before the eyes of whoever decides, and comes back
with the decision: if either was changed meanwhile, nothing is done, and both are shown as they are now.
"""

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request
from starlette.responses import RedirectResponse, Response

from orchestrator.errors import Conflict, InputError, NotFound
from orchestrator.http.needs import principal
from orchestrator.http.serving import system_of
from orchestrator.service.enrolment import Identifier
from orchestrator.service.people.looking import Seen, Who
from orchestrator.service.people.merging import LONGEST_REASON
from orchestrator.service.people.principal import Action
from orchestrator.service.people.recording import Author
from orchestrator.web.finding import USUAL_SYSTEM
from orchestrator.web.forms import Form, Sent
from orchestrator.web.look import EpisodeId, Looking, OnEpisode
from orchestrator.web.pages import gettext, render

router = APIRouter(include_in_schema=False)
Showing = Annotated[Seen, Depends(Looking(Action.MERGE, "merge"))]
Merging = Annotated[Seen, Depends(OnEpisode(Action.MERGE))]
PAGE = "/episodes/{episode_id}/merge"


def merged(request: Request, seen: Seen, episode_id: str) -> dict[str, Any] | None:
    """Return a patient of several records, as `Sight.person` has him, with titles; None for one of a single record."""
    system = system_of(request)
    return _person(request, seen, episode_id) if system.sight.merging.is_merged(seen.patient_id) else None


@router.get(PAGE)
def page(request: Request, episode_id: EpisodeId, seen: Showing) -> Response:
    """Show the patient's records, and ask for the number of another."""
    return _page(request, seen, episode_id, Form.empty(), done=request.query_params.get("done", ""))


@router.post(f"{PAGE}/compare")
def compare(request: Request, episode_id: EpisodeId, form: Sent, seen: Showing) -> Response:
    """Show both records side by side, or why they cannot be merged."""
    return _compared(request, seen, episode_id, form)


@router.post(PAGE)
def merge(request: Request, episode_id: EpisodeId, form: Sent, seen: Merging) -> Response:
    """Merge what was compared, and show the patient; else show both anew with what was typed."""
    system = system_of(request)
    try:
        system.sight.merging.merge(
            principal(request), _author(request, seen), episode_id, form["replaced"], compared=form["compared"],
            reason=form["reason"],
        )  # fmt: skip
    except (Conflict, InputError, NotFound) as error:
        return _compared(request, seen, episode_id, form, problem=error)
    return RedirectResponse(f"/episodes/{episode_id}/merge?done=merged", 303)


@router.post("/episodes/{episode_id}/unmerge")
def unmerge(request: Request, episode_id: EpisodeId, form: Sent, seen: Merging) -> Response:
    """Take a merge back, and show who acted meanwhile: this once, so that no other page follows by itself."""
    system = system_of(request)
    author = _author(request, seen)
    try:
        told = system.sight.merging.unmerge(principal(request), author, episode_id, form["replaced"], form["reason"])
    except (Conflict, InputError, NotFound) as error:
        return _page(request, seen, episode_id, form, problem=error)
    return _page(request, seen, episode_id, Form.empty(), done="unmerged", acted=told["acted"])


def _page(
    request: Request,
    seen: Seen,
    episode_id: str,
    form: Form,
    *,
    problem: Exception | None = None,
    **more: Any,  # noqa: ANN401  what the template shows besides
) -> Response:
    shown: dict[str, Any] = {"done": "", "acted": [], "both": None, **more}
    return render(
        request, "merge.html", status=_status(problem), episode_id=episode_id, form=form, usual=USUAL_SYSTEM, seen=seen,
        patient=_person(request, seen, episode_id), problem=gettext(request, str(problem)) if problem else "",
        longest=LONGEST_REASON, **shown,
    )  # fmt: skip


def _compared(
    request: Request, seen: Seen, episode_id: str, form: Form, *, problem: Exception | None = None
) -> Response:  # fmt: skip
    """Return both records side by side; the number was typed, and comes back with the decision."""
    system = system_of(request)
    wanted = Identifier(form["system"] or USUAL_SYSTEM, form["value"])
    try:
        both = system.sight.compare(principal(request), _who(request, seen), episode_id, wanted)
    except (Conflict, InputError, NotFound) as error:
        return _page(request, seen, episode_id, form, problem=problem or error)
    for each in (both["kept"], both["replaced"], both):
        _title(request, each)
    return _page(request, seen, episode_id, form, problem=problem, both=both)


def _person(request: Request, seen: Seen, episode_id: str) -> dict[str, Any]:
    system = system_of(request)
    return _title(request, system.sight.person(principal(request), _who(request, seen), seen, episode_id))


def _title(request: Request, told: dict[str, Any]) -> dict[str, Any]:
    """Give pathways their titles, as people call them."""
    system = system_of(request)
    for row in told.get("episodes", ()):
        row["title"] = system.pathway(row["version"]).title
    for each in told["open_twice"]:
        known = [pathway.title for pathway in system.library.pathways if pathway.name == each["pathway"]]
        each["title"] = known[-1] if known else each["pathway"]
    return told


def _author(request: Request, seen: Seen) -> Author:
    found = principal(request)
    return Author(found.actor_id, found.role_for(Action.MERGE, seen.ward))


def _who(request: Request, seen: Seen) -> Who:
    found = principal(request)
    return Who(found.actor_id, found.role_for(Action.SEE, seen.posted))


def _status(problem: Exception | None) -> int:
    return 200 if problem is None else 409 if isinstance(problem, Conflict) else 422
