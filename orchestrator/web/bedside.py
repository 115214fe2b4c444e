"""What does a patient's page show? The episode of one moment, laid out for who looks, in the role that he has."""

import datetime as dt
from collections.abc import Mapping
from functools import partial
from itertools import groupby
from typing import Any
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from fastapi import Request
from markupsafe import Markup

from orchestrator.audit.story import Lines, is_quiet
from orchestrator.episode.codec import rich
from orchestrator.episode.refusal import permitted
from orchestrator.http.needs import principal
from orchestrator.http.serving import serving, system_of
from orchestrator.pathway.naming import fact_is, fact_label, fact_value
from orchestrator.report import chart, plot, svg
from orchestrator.report.html import picture_of
from orchestrator.service.people.looking import Seen
from orchestrator.service.people.principal import ROLES, Action
from orchestrator.service.telling import Whole
from orchestrator.web import fields, hand
from orchestrator.web.account import Account
from orchestrator.web.pages import moments_of, speaker
from orchestrator.web.patient import merged
from orchestrator.web.typed import VERBS

Json = Mapping[str, Any]
_DONE = frozenset({*VERBS, "enrol"})
_NEWEST, _NEWEST_FIRED = 25, 10
"""So many groups of entries, and reminders that have fired, stand on the page; the others are one click away."""
_MOST = 100
"""Entries of these groups at most: a clock that nobody answers fills a group with hundreds."""
_KEPT = ("role", "reminders", "timeline")
"""What an address of the page keeps when more of it is asked for."""


def parts(request: Request, seen: Seen, whole: Whole, account: Account | None) -> dict[str, Any]:
    """Return what the templates of a patient's page show. account: of what was not done, if anything."""
    return {
        **head(request, seen, whole, "" if account is None else account.form["role"]),
        **_drawn(request, whole),
        **_work(whole),
        "fired": _fired(request, whole),
        "account": account,
        "at": lambda place: account is not None and account.at(place),
        "typed": lambda place, name, otherwise="": (
            account.form[name] if account is not None and account.at(place) else otherwise
        ),
        "ticked": lambda place, name, otherwise=(): (
            account.form.all(name) if account is not None and account.at(place) else list(otherwise)
        ),
        "done": _done(request, whole),
        "timeline": _timeline(request, whole),
    }


def head(request: Request, seen: Seen, whole: Whole, chosen: str = "") -> dict[str, Any]:
    """Return who the patient is, who looks in which role, and how things are called. chosen: a role, if one was."""
    system = system_of(request)
    pathway = whole.pathway
    return {
        "whole": whole,
        "now": whole.now,
        "story": whole.story,
        "pathway": pathway,
        "row": whole.row,
        "person": merged(request, seen, whole.row["episode_id"]),
        "patient": system.identities.of([seen.patient_id])[seen.patient_id],
        "names": system.people.names(whole.story["actors"]),
        **_rights(request, seen, whole, chosen or request.query_params.get("role", "")),
        "fact_label": lambda name: fact_label(pathway, name),
        "fact_words": lambda name, value: fact_is(pathway, name, rich(value)),
        "fact_value": lambda name, value: fact_value(pathway, name, value),
        "source_title": lambda key: pathway.sources.get(key, key),
    }


def zone_of(request: Request) -> dt.tzinfo:
    """Return the hospital's zone, in which pages show and take times."""
    return ZoneInfo(serving(request).timezone)


def _rights(request: Request, seen: Seen, whole: Whole, chosen: str) -> dict[str, Any]:
    """Return in which role who looks would act, which others he holds there, what each may do, and which other wards
    the patient could be moved to.
    """
    me, ward = principal(request), seen.posted
    held = sorted(me.roles(ward) & ROLES[Action.ACT]) if me.may(Action.ACT, ward) else []
    role = chosen if chosen in held else me.role_for(Action.ACT, ward) if held else ""
    system = system_of(request)
    may, closed = partial(permitted, whole.pathway), whole.row["closed"]
    return {
        "role": role,
        "chosen": chosen if chosen in held else "",
        "roles": held,
        "can": lambda verb: not closed and role in may(verb),
        "leads": not closed and any(each in may("override") for each in held),
        "others_may": lambda verb: [each for each in held if each != role and each in may(verb)],
        "who_may": lambda verb: [each for each in whole.pathway.roles if each in may(verb)],
        "wards": [] if closed or seen.glass else [each for each in system.duty.reach.wards() if each != seen.ward],
    }


def _drawn(request: Request, whole: Whole) -> dict[str, Any]:
    """Return the pictures; the renderers escape every text in them."""
    zone, story, say, day = zone_of(request), whole.story, speaker(request), moments_of(request).day
    drawn = svg.draw(picture_of(story, whole.pathway), story["way"], story["state"], style=False, say=say)
    charts = {
        each["id"]: chart.draw(each, zone, prefix=f"taper-{each['id']}", say=say, named=day, now=whole.at)
        for each in story["courses"]
    }
    plots = [
        plot.draw(each, zone, prefix=f"plot-{n}", say=say, named=day) for n, each in enumerate(story["plots"], start=1)
    ]
    return {
        "picture": Markup(drawn),  # noqa: S704  escaped there
        "charts": {key: Markup(each) for key, each in charts.items()},  # noqa: S704  escaped there
        "plots": [Markup(each) for each in plots],  # noqa: S704  escaped there
    }


def _work(whole: Whole) -> dict[str, Any]:
    running = {each["course"]: each for each in whole.now["courses"] if each["in_force"]}
    recorded = [each for each in whole.story["facts"] if each["status"] == "stands"]
    return {
        "hand": hand.items(whole),
        "to_come": hand.to_come(whole),
        "is_due": lambda dose: hand.is_due(dose, whole.at),
        "by_steps": lambda regimen: (
            (plan := whole.pathway.regimens[regimen].schedule) is not None and plan.kind == "taper"
        ),
        "proposals": {each["regimen"]: each for each in whole.now["proposals"]},
        "options": whole.options,
        "missing": fields.missing(whole),
        "known": fields.known(whole),
        "others": fields.others(whole),
        "recorded": {each["fact"]: each for each in recorded},
        "running": running,
        "last_charted": hand.last_charted(whole),
        "next_dose": hand.next_dose,
        "courses": sorted(whole.story["courses"], key=lambda each: (each["id"] not in running, -each["id"])),
    }


def reminders_wanted(request: Request) -> int | None:
    """Return how many of the reminders that have fired are shown, None for all, as the address says."""
    return None if request.query_params.get("reminders") == "all" else _NEWEST_FIRED


def _fired(request: Request, whole: Whole) -> dict[str, Any]:
    """Return the reminders that have fired, the last first; unless all are wanted the newest, and how many more."""
    rows, count = list(reversed(whole.story["reminders"])), whole.story["fired"]
    everything = reminders_wanted(request) is None
    address = _address(request, reminders="all")
    return {"rows": rows, "count": count, "more": count - len(rows), "open": everything, "all": address}


def _address(request: Request, **wanted: str) -> str:
    """Return the page's own address with more of it wanted, and as it was otherwise."""
    kept = {name: request.query_params[name] for name in _KEPT if name in request.query_params}
    return f"/episodes/{request.path_params['episode_id']}?{urlencode({**kept, **wanted})}"


def _done(request: Request, whole: Whole) -> Json | None:
    """Return the entry that a person has just made, as the address says it; None where it says nothing of the kind."""
    verb, entry = request.query_params.get("done", ""), request.query_params.get("entry", "")
    if verb not in _DONE:
        return None
    row: Json | None = whole.story["timeline"].numbered(int(entry)) if entry.isdecimal() else None
    return row if row is not None and row["kind"] == verb else None


def _timeline(request: Request, whole: Whole) -> dict[str, Any]:
    """Return the entries in groups, newest first: runs in which the clock only told somebody something are one.

    more: how many entries are not shown; all: the address at which they are.
    """
    lines: Lines = whole.story["timeline"]
    count = len(lines) if request.query_params.get("timeline") == "all" else _newest(lines)
    groups: list[tuple[bool, list[Json]]] = []
    for quiet, rows in groupby(reversed(lines[len(lines) - count :]), key=is_quiet):
        run = list(rows)
        groups += [(True, run)] if quiet and len(run) > 1 else [(False, [row]) for row in run]
    return {"groups": groups, "more": len(lines) - count, "all": _address(request, timeline="all")}


def _newest(lines: Lines) -> int:
    """Return how many entries the newest groups have."""
    groups, before = 0, False
    for number, quiet in enumerate(lines.quiet()):
        groups += not (quiet and before)
        before = quiet
        if groups > _NEWEST or number >= _MOST:
            return number
    return len(lines)
