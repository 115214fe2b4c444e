"""How do notices reach me? The channels that a person chose, when she is away, and who is told instead."""

import re
from collections.abc import Callable

from fastapi import APIRouter, Request
from starlette.responses import RedirectResponse, Response

from orchestrator.bootstrap import System
from orchestrator.errors import CarepathError
from orchestrator.http.needs import needs, principal
from orchestrator.http.serving import system_of
from orchestrator.notify.channel import Result
from orchestrator.service.people.hours import instant_of
from orchestrator.service.people.principal import Action
from orchestrator.service.people.recording import Author
from orchestrator.web.forms import Form, Sent
from orchestrator.web.pages import gettext, render

router = APIRouter(include_in_schema=False, dependencies=needs(Action.KNOW))
PAGE = "/me/reach"
CHANNELS = {"e-mail": "E-mail", "webhook": "Webhook"}
KINDS = {
    "reminder": "Reminders",
    "set-aside": "Alarms that could not fire",
    "clock": "The clock cannot be trusted",
    "overdue": "Reminders are late",
    "restored": "The store was restored from a backup",
    "undelivered": "Notices that could not be delivered",
    "unassigned": "Reminders that reach nobody",
    "glass": "Emergency access to a record",
    "merge": "Records of a patient were merged, or separated",
    "ward-changed": "Patients moved to the ward",
}
_CONTACT = ("channel", "address", "quiet_from", "quiet_until")
_AWAY = ("deputy", "starts", "ends")
_CODE = re.compile(r"[a-z-]{1,40}")
SENT = "sent"


@router.get(PAGE)
def reach(request: Request, test: str = "") -> Response:
    """Show by which channels this person is told, and when she is away. test: what became of a test message."""
    return _page(request, test=test if _CODE.fullmatch(test) else "")


@router.post(f"{PAGE}/contact")
def add_contact(request: Request, form: Sent) -> Response:
    """Take one more channel."""
    hours = [form["quiet_from"], form["quiet_until"]]

    def work(system: System, by: Author) -> None:
        system.duty.contacts.add(
            by, by.id, channel=form["channel"], address=form["address"], kinds=form.all("kind"),
            quiet="-".join(hours) if any(hours) else "",
        )  # fmt: skip

    return _done(request, form, work)


@router.post(f"{PAGE}/contact/remove")
def remove_contact(request: Request, form: Sent) -> Response:
    """Remove a channel."""
    return _done(request, form, lambda system, by: system.duty.contacts.remove(by, by.id, form["name"]))


@router.post(f"{PAGE}/contact/test")
def test_contact(request: Request, form: Sent) -> Response:
    """Send a test message, and tell what became of it."""
    found: list[str] = []

    def work(system: System, by: Author) -> None:
        place = system.duty.contacts.begin_test(by, by.id, form["name"])
        sent = system.post.test(*place, system.clock.now())
        found.append(SENT if sent.result is Result.DELIVERED else sent.code)

    return _done(request, form, work, found)


@router.post(f"{PAGE}/away")
def add_away(request: Request, form: Sent) -> Response:
    """Let this person be away."""

    def work(system: System, by: Author) -> None:
        starts, ends = (instant_of(form[name], system.duty.rota.zone) for name in ("starts", "ends"))
        system.duty.aways.add(by, by.id, deputy_id=form["deputy"] or None, starts_at=starts, ends_at=ends)

    return _done(request, form, work)


@router.post(f"{PAGE}/away/remove")
def remove_away(request: Request, form: Sent) -> Response:
    """Take back an absence."""
    return _done(request, form, lambda system, by: system.duty.aways.remove(by, by.id, form["away"]))


def _done(
    request: Request, form: Form, work: Callable[[System, Author], None], test: list[str] | None = None
) -> Response:  # fmt: skip
    """Do what was asked and show the page; with the problem, and with what was typed, where it cannot be done."""
    me = principal(request)
    try:
        work(system_of(request), Author(me.actor_id, me.role_for(Action.KNOW)))
    except CarepathError as error:
        return _page(request, form, problem=gettext(request, str(error)))
    return RedirectResponse(f"{PAGE}?test={test[0]}" if test else PAGE, 303)


def _page(request: Request, form: Form | None = None, *, problem: str = "", test: str = "") -> Response:
    system = system_of(request)
    me = principal(request).actor_id
    typed = {name: form[name] if form else "" for name in (*_CONTACT, *_AWAY)}
    return render(
        request, "reach.html", status=422 if problem else 200, problem=problem, test=test, typed=typed,
        chosen=form.all("kind") if form else [], contacts=system.duty.contacts.of(me), aways=system.duty.aways.of(me),
        deputies=system.duty.aways.deputies(me),
        channels=[(each, CHANNELS.get(each, each)) for each in system.duty.contacts.ways.channels],
        kinds=[(each, KINDS.get(each, each)) for each in system.duty.contacts.ways.kinds],
        channel_words=CHANNELS, kind_words=KINDS, sent=SENT,
    )  # fmt: skip
