"""How does somebody come to a patient of another ward in an emergency? By a number, a reason and the own password.

Another ward's patient is not there, so that no page leads here: the number is typed, and stands in no address.
"""

from fastapi import APIRouter, Depends, Request
from starlette.responses import RedirectResponse, Response

from orchestrator.bootstrap import System
from orchestrator.errors import CarepathError, NotFound, StoreError
from orchestrator.http.needs import needs, principal
from orchestrator.http.serving import system_of
from orchestrator.service.enrolment import Identifier
from orchestrator.service.people.glass import LONGEST_REASON, reason_of
from orchestrator.service.people.looking import Who
from orchestrator.service.people.principal import Action, Principal
from orchestrator.web.again import check_again, count_failure
from orchestrator.web.finding import USUAL_SYSTEM
from orchestrator.web.forms import Form, Sent
from orchestrator.web.look import EpisodeId, OnEpisode
from orchestrator.web.pages import Entry, gettext, render

ENTRY = Entry("/glass", "Emergency access", Action.ACT)
router = APIRouter(include_in_schema=False)


@router.get("/glass", dependencies=needs(Action.ACT))
def glass_page(request: Request) -> Response:
    """Ask for whom, why, and the own password again."""
    return _asked(request, {"system": USUAL_SYSTEM, "number": "", "reason": ""})


@router.post("/glass", dependencies=needs(Action.ACT))
def break_glass(request: Request, form: Sent) -> Response:
    """Open the patient for an hour; who is guessed wrongly, or is not there, slows down whoever tries."""
    typed = {name: form[name] for name in ("system", "number", "reason")}
    try:
        check_again(request, form["password"])
        episode_id = _opened(system_of(request), principal(request), form)
    except StoreError:
        raise
    except CarepathError as error:
        if isinstance(error, NotFound):
            count_failure(request)
        return _asked(request, typed, problem=gettext(request, str(error)))
    return RedirectResponse(f"/episodes/{episode_id}", 303)


@router.post("/episodes/{episode_id}/glass/close", dependencies=[Depends(OnEpisode(Action.SEE))])
def close_glass(request: Request, episode_id: EpisodeId, form: Sent) -> Response:
    """Close what was opened before its hour is over; the patient is not there any more then."""
    del form
    me, system = principal(request), system_of(request)
    system.sight.glass.close(me, _who(me), episode_id)
    return RedirectResponse("/", 303)


def _opened(system: System, me: Principal, form: Form) -> str:
    """Return the episode that is open now. Raises NotFound, InputError and Conflict."""
    reason_of(form["reason"])  # first: who is here is told to nobody who does not mean to open the record
    episode_id = system.sight.glass.find(Identifier(form["system"], form["number"]))
    try:
        system.sight.check(me, episode_id, Action.SEE)  # a patient of an own ward needs no glass
    except NotFound:
        system.sight.glass.open(me, _who(me), episode_id, form["reason"])
    return episode_id


def _asked(request: Request, typed: dict[str, str], *, problem: str = "") -> Response:
    status = 422 if problem else 200
    return render(request, "glass.html", status=status, typed=typed, problem=problem, longest=LONGEST_REASON)


def _who(me: Principal) -> Who:
    return Who(me.actor_id, me.role_for(Action.ACT))
