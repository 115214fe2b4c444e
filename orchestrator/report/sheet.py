"""How does a ward's paper read, for the hours in which nothing runs? One page, to be printed and written on.

Black on white, no colour needed; every printed page repeats whose it is and of when.
"""

import datetime as dt
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, NamedTuple

from markupsafe import Markup

from orchestrator.report.html import FOLDER, environment
from orchestrator.report.moments import MONTHS, WEEKDAYS

STYLE = (FOLDER / "style" / "sheet.css").read_text(encoding="utf-8")
_KINDS = {"dose": "dose", "decision": "decision", "reminder": "reminder", "comes": "falls due"}


class Made(NamedTuple):
    """When a run was made. as_of: by the store's clock; made_at, next_at: by the wall.   where: the hospital's zone."""

    as_of: dt.datetime
    made_at: dt.datetime
    next_at: dt.datetime
    where: dt.tzinfo
    simulated: bool


class Listed(NamedTuple):
    """A ward in the index."""

    ward: str
    file: str
    patients: int


def sheet(ward: str, count: int, patients: Iterable[Mapping[str, Any]], made: Made) -> Iterator[str]:
    """Yield the page of a ward in pieces. patients: as `service.sheets` has them, read one after the other."""
    page = environment().get_template("sheet.html")
    yield from page.generate(ward=ward, count=count, patients=patients, kinds=_KINDS, **_frame(made))


def index(wards: Iterable[Listed], made: Made) -> str:
    """Return the page that lists the wards' sheets."""
    return environment().get_template("sheets.html").render(wards=wards, **_frame(made))


def _frame(made: Made) -> dict[str, Any]:
    def at(moment: dt.datetime | str, *, year: bool = False) -> str:
        """Return such as `Mon 2 Mar 08:00`."""
        read = dt.datetime.fromisoformat(moment) if isinstance(moment, str) else moment
        local = read.astimezone(made.where)
        day = f"{WEEKDAYS[local.weekday()]} {local.day} {MONTHS[local.month - 1]}"
        return f"{day}{f' {local.year}' if year else ''} {local:%H:%M}"

    return {"made": made, "at": at, "zone": made.as_of.astimezone(made.where).tzname(), "style": Markup(STYLE)}  # noqa: S704  # the program's own file
