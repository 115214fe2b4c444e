"""What is due now, and who sees to it? The first page of who works on a ward; others are told what they can do."""

from dataclasses import dataclass, replace
from typing import Any

from fastapi import APIRouter, Request
from starlette.responses import RedirectResponse, Response

from orchestrator.bootstrap import System
from orchestrator.errors import NotFound
from orchestrator.http.needs import needs, principal
from orchestrator.service.people.principal import ADMINISTRATOR, AT_THE_BEDSIDE, EVERYWHERE, Action
from orchestrator.service.worklist.agenda import Agenda
from orchestrator.web.lists import address, choice, live_address
from orchestrator.web.look import wards_asked, wards_of
from orchestrator.web.pages import Entry, render

router = APIRouter(include_in_schema=False)
ENTRY = Entry("/worklist", "Worklist", Action.SEE)
SIZE = 30
"""Lines of a page: the next ones are behind a link."""
VIEWS = {"mine": "What I have taken", "role": "My role's", "ward": "My ward's"}
KINDS = {"dose": "Doses", "task": "Tasks", "reminder": "Reminders", "decision": "Decisions"}
_WARD = "ward"


@dataclass(frozen=True)
class Filters:
    """What of the list is shown. view: one of VIEWS.   asleep: of one's own, what was put off too."""

    view: str = _WARD
    ward: str = ""
    role: str = ""
    kind: str = ""
    overdue: bool = False
    asleep: bool = False
    after: str = ""

    @property
    def address(self) -> str:
        """The address of this list."""
        chosen = {
            "view": "" if self.view == _WARD else self.view, "ward": self.ward, "role": self.role, "kind": self.kind,
            "overdue": "1" if self.overdue else "", "asleep": "1" if self.asleep else "", "after": self.after,
        }  # fmt: skip
        return address(ENTRY.address, chosen)

    @property
    def narrow(self) -> bool:
        """Tell whether it shows less than all of the wards'."""
        return bool(self.role or self.kind or self.overdue) or self.view != _WARD

    def but(self, **other: object) -> "Filters":
        """Return the first page of a list that differs in this."""
        return replace(self, **{"after": "", **other})  # type: ignore[arg-type]


@router.get("/", dependencies=needs(Action.KNOW))
def first_page(request: Request) -> Response:
    """Lead to the worklist; tell who sees no patients what there is for him."""
    me = principal(request)
    if me.may(Action.SEE):
        return RedirectResponse(ENTRY.address, 303)
    system: System = request.app.state.system
    with system.store.read() as reader:
        givers = [] if me.posts else [row.name for row in reader.colleagues(EVERYWHERE, (ADMINISTRATOR,))]
    alone = me.may(Action.PEOPLE) and len(system.people.people()) == 1
    return render(request, "first.html", givers=givers, roles=sorted(me.roles()), alone=alone)


@router.get(ENTRY.address, dependencies=needs(Action.SEE))
def worklist(request: Request) -> Response:
    """Show what is open, longest overdue first."""
    system: System = request.app.state.system
    filters, me = _filters(request), principal(request)
    wards = wards_asked(request, (filters.ward,) if filters.ward else ())
    agenda, mine = Agenda(system.desk, system.identities), filters.view == "mine"
    page = system.queries.worklist(
        wards=wards, roles=_roles(request, filters), kinds=(filters.kind,) if filters.kind else (),
        overdue=filters.overdue, holder=me.actor_id if mine else "", awake=mine and not filters.asleep,
        after=agenda.place(filters.after) if filters.after else None, limit=SIZE,
    )  # fmt: skip
    shown = [row["episode_id"] for row in page.rows]
    request.app.state.lately.record(request, wards, f"worklist, {filters.view}", filters.address, shown)
    rows, after = agenda.items(page.rows), agenda.cursor(page.after)
    return render(
        request, "worklist.html", filters=filters, views=VIEWS, kinds=KINDS, roles=system.people.roles,
        wards=wards_of(request), groups=_groups(rows), rows=rows, more=filters.but(after=after) if after else None,
        rest=None if rows else agenda.rest(wards), live=live_address(request, filters.ward),
        done=request.query_params.get("done", ""), entry=request.query_params.get("entry", ""),
    )  # fmt: skip


def _filters(request: Request) -> Filters:
    """Return what the address chooses. Raises InputError and NotFound."""
    system: System = request.app.state.system
    given = request.query_params
    return Filters(
        view=choice(request, "view", VIEWS) or _WARD, ward=_ward(request), kind=choice(request, "kind", KINDS),
        role=choice(request, "role", system.people.roles), overdue=given.get("overdue") == "1",
        asleep=given.get("asleep") == "1", after=given.get("after", "")[:200],
    )  # fmt: skip


def _ward(request: Request) -> str:
    ward = request.query_params.get("ward", "")
    if len(ward) > 200:
        raise NotFound("there is no such ward among yours")
    return ward


def _roles(request: Request, filters: Filters) -> tuple[str, ...]:
    """Return whose items are shown; empty for everybody's."""
    if filters.role:
        return (filters.role,)
    if filters.view != "role":
        return ()
    held = principal(request).roles(filters.ward or None)
    return tuple(sorted(held & AT_THE_BEDSIDE)) or tuple(sorted(held))


def _groups(rows: list[dict[str, Any]]) -> list[tuple[str, list[dict[str, Any]]]]:
    """Return the lines under headings, none of which is empty."""
    made: dict[str, list[dict[str, Any]]] = {"Overdue": [], "To come": [], "Without a time": []}
    for row in rows:
        name = "Without a time" if row["due_at"] is None else "Overdue" if row["overdue"] else "To come"
        made[name].append(row)
    return [(name, found) for name, found in made.items() if found]
