"""What is due now, and who sees to it? The first page of who works on a ward; others are told what they can do."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

from fastapi import APIRouter, Request
from starlette.responses import RedirectResponse, Response

from orchestrator.errors import NotFound
from orchestrator.http.needs import needs, principal, wards_shown
from orchestrator.http.serving import system_of
from orchestrator.service.people.principal import ADMINISTRATOR, AT_THE_BEDSIDE, EVERYWHERE, Action
from orchestrator.service.worklist.agenda import Agenda
from orchestrator.web.hand import is_due
from orchestrator.web.lists import address, choice, live_address
from orchestrator.web.look import wards_of
from orchestrator.web.pages import Entry, render
from orchestrator.web.serving import pages_of

router = APIRouter(include_in_schema=False)
ENTRY = Entry("/worklist", "Worklist", Action.SEE)
SIZE = 30
"""Lines of a page: the next ones are behind a link."""
VIEWS = {"mine": "What I have taken", "role": "My role's", "ward": "My ward's"}
KINDS = {"dose": "Doses", "task": "Tasks", "reminder": "Reminders", "decision": "Decisions"}
_WARD = "ward"


Row = Mapping[str, Any]


class Line(NamedTuple):
    """A line of the page. row: what is to be seen to.   first: the longest overdue of it and its reminders.

    reminders: those about it that nobody has answered, where they stand on the same page.
    """

    row: Row
    first: Row
    reminders: list[Row]


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
    system = system_of(request)
    with system.store.read() as reader:
        givers = [] if me.posts else [row.name for row in reader.colleagues(EVERYWHERE, (ADMINISTRATOR,))]
    alone = me.may(Action.PEOPLE) and len(system.people.people()) == 1
    return render(request, "first.html", givers=givers, roles=sorted(me.roles()), alone=alone)


@router.get(ENTRY.address, dependencies=needs(Action.SEE))
def worklist(request: Request) -> Response:
    """Show what is open, longest overdue first."""
    system = system_of(request)
    filters, me = _filters(request), principal(request)
    wards = wards_shown(principal(request), (filters.ward,) if filters.ward else ())
    agenda, mine = Agenda(system.desk, system.identities), filters.view == "mine"
    page = system.queries.worklist(
        wards=wards, roles=_roles(request, filters), kinds=(filters.kind,) if filters.kind else (),
        overdue=filters.overdue, holder=me.actor_id if mine else "", awake=mine and not filters.asleep,
        after=agenda.place(filters.after) if filters.after else None, limit=SIZE,
    )  # fmt: skip
    shown = [row["episode_id"] for row in page.rows]
    pages_of(request).lately.record(request, wards, f"worklist, {filters.view}", filters.address, shown)
    lines, after = folded(agenda.items(page.rows)), agenda.cursor(page.after)
    return render(
        request, "worklist.html", filters=filters, views=VIEWS, kinds=KINDS, roles=system.people.roles,
        wards=wards_of(request), groups=_groups(lines), more=filters.but(after=after) if after else None,
        rest=None if lines else agenda.rest(wards), live=live_address(request, filters.ward),
        done=request.query_params.get("done", ""), entry=request.query_params.get("entry", ""),
        is_due=is_due,
    )  # fmt: skip


def _filters(request: Request) -> Filters:
    """Return what the address chooses. Raises InputError and NotFound."""
    system = system_of(request)
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


def folded(rows: Sequence[Row]) -> list[Line]:
    """Return the lines of a page: a reminder about what stands on the same page is part of its line, any other is one
    by itself. rows: of `Agenda.items`, in the order of the list; each is in exactly one line, which stands where the
    first of its rows does: longest overdue first.
    """
    standing = {row["handle"]: row for row in rows}
    heads = [standing.get(row["reminds_of"], row) for row in rows]
    made: dict[str, Line] = {}
    for row, head in zip(rows, heads, strict=True):
        line = made.setdefault(head["handle"], Line(head, row, []))
        if row is not head:
            line.reminders.append(row)
    return list(made.values())


def _groups(lines: Sequence[Line]) -> list[tuple[str, list[Line]]]:
    """Return the lines under headings, none of which is empty."""
    made: dict[str, list[Line]] = {"Overdue": [], "To come": [], "Without a time": []}
    for line in lines:
        due_at, overdue = line.first["due_at"], line.first["overdue"]
        made["Without a time" if due_at is None else "Overdue" if overdue else "To come"].append(line)
    return [(name, found) for name, found in made.items() if found]
