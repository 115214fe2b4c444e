"""Who is on duty this week? A ward's rota as a table, with its gaps, and a form for who may change it."""

import datetime as dt
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

from babel.dates import format_date
from fastapi import APIRouter, Request
from starlette.responses import RedirectResponse, Response

from orchestrator.bootstrap import System
from orchestrator.errors import CarepathError, InputError
from orchestrator.http.needs import needs, principal
from orchestrator.http.serving import system_of
from orchestrator.service.people.duty import changes, check_ward, reads
from orchestrator.service.people.hours import day_of, instant_of, midnight, monday
from orchestrator.service.people.principal import EVERYWHERE, Action
from orchestrator.service.people.recording import Author
from orchestrator.web.forms import Sent
from orchestrator.web.pages import Entry, gettext, language_of, render

ENTRY = Entry("/rota", "Rota")
router = APIRouter(include_in_schema=False)
_FIELDS = ("role", "person", "starts", "ends")
_WEEK = dt.timedelta(days=7)


@router.get("/rota", dependencies=needs(Action.KNOW))
def wards(request: Request) -> Response:
    """Show of which wards this person may see the rota; the rota itself where there is one ward."""
    found = _wards(request)
    if len(found) == 1:
        return RedirectResponse(_address(found[0]), 303)
    return render(request, "rotas.html", wards=[(each, _address(each)) for each in found])


@router.get("/rota/{ward:path}", dependencies=needs(Action.KNOW))
def rota(request: Request, ward: str, week: str = "") -> Response:
    """Show a week of a ward's rota. week: any day of it; this week if not said."""
    check_ward(principal(request), ward)
    return _page(request, ward, _monday(request, week), dict.fromkeys(_FIELDS, ""))


@router.post("/rota/{ward:path}", dependencies=needs(Action.OPERATE))
def change(request: Request, ward: str, form: Sent) -> Response:
    """Put somebody on duty, or take a duty out."""
    me = principal(request)
    check_ward(me, ward, change=True)
    shown, typed = _monday(request, form["week"]), {name: form[name] for name in _FIELDS}
    by = Author(me.actor_id, me.role_for(Action.OPERATE, ward))
    system = system_of(request)
    try:
        if form["do"] == "remove":
            system.duty.rota.remove(by, ward, form["duty"])
        else:
            _add(system, by, ward, typed)
    except CarepathError as error:
        return _page(request, ward, shown, typed, problem=gettext(request, str(error)))
    return RedirectResponse(_address(ward, shown), 303)


def _add(system: System, by: Author, ward: str, typed: dict[str, str]) -> None:
    if not typed["role"] or not typed["person"]:
        raise InputError("choose a role and a person")
    starts, ends = (instant_of(typed[name], system.duty.rota.zone) for name in ("starts", "ends"))
    system.duty.rota.add(
        by, ward=ward, role=typed["role"], person_id=typed["person"], starts_at=starts, ends_at=ends
    )  # fmt: skip


def _page(request: Request, ward: str, first: dt.date, typed: dict[str, str], *, problem: str = "") -> Response:
    system = system_of(request)
    view = system.duty.rota.view(ward, first)
    others = [role for role in view["holders"] if role not in view["told"]]
    return render(
        request, "rota.html", status=422 if problem else 200, ward=ward, view=view, typed=typed, problem=problem,
        address=_address(ward), monday=first.isoformat(), number=first.isocalendar().week,
        before=_address(ward, first - _WEEK), after=_address(ward, first + _WEEK), others=others,
        days=[_day(request, view, first + dt.timedelta(days=number)) for number in range(7)],
        wards=[(each, _address(each, first)) for each in _wards(request)], people=_people(view),
        may_change=changes(principal(request), ward),
    )  # fmt: skip


def _day(request: Request, view: dict[str, Any], day: dt.date) -> dict[str, Any]:
    """Return one line of the table: for each role with a rota, who is told when."""
    system = system_of(request)
    zone = system.duty.rota.zone
    start, end = midnight(day, zone), midnight(day + dt.timedelta(days=1), zone)
    return {
        "name": format_date(day, gettext(request, "EEE d MMM"), locale=language_of(request)),
        "date": day.isoformat(),
        "today": start <= dt.datetime.fromisoformat(view["now"]) < end,
        "cells": [list(_spans(stretches, start, end, zone)) for stretches in view["told"].values()],
    }


def _spans(
    stretches: list[dict[str, Any]], start: dt.datetime, end: dt.datetime, zone: dt.tzinfo
) -> Iterator[dict[str, Any]]:
    """Yield the part of each stretch that lies in a day."""
    for each in stretches:
        first, last = (dt.datetime.fromisoformat(each[name]) for name in ("starts_at", "ends_at"))
        if first < end and last > start:
            begins = max(first, start).astimezone(zone)
            until = "24:00" if last >= end else last.astimezone(zone).strftime("%H:%M")
            yield {**each, "begins": begins.strftime("%H:%M"), "until": until}


def _people(view: dict[str, Any]) -> list[dict[str, Any]]:
    """Return everybody who holds a post there, by name, with the roles."""
    found: dict[str, dict[str, Any]] = {}
    for role, held in view["holders"].items():
        for each in held:
            found.setdefault(each["person_id"], {**each, "roles": []})["roles"].append(role)
    return sorted(found.values(), key=lambda each: (each["name"], each["person_id"]))


def _wards(request: Request) -> list[str]:
    """Return the wards whose rota this person may read; an asterisk for what concerns all."""
    me, system = principal(request), system_of(request)
    return [ward for ward in [*system.people.wards(), EVERYWHERE] if reads(me, ward)]


def _monday(request: Request, week: str) -> dt.date:
    system = system_of(request)
    return monday(day_of(week) if week else system.duty.rota.today())


def _address(ward: str, week: dt.date | None = None) -> str:
    return f"/rota/{quote(ward, safe='*')}" + (f"?week={week.isoformat()}" if week else "")
