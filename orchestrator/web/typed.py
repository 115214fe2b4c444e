"""What did a person type, as a command? Values by the kind of fact and parameter, moments in the hospital's zone.

Nothing is guessed: a local time that clocks skipped is refused, and of one that they showed twice it is asked which.
"""

import datetime as dt
import re
from collections.abc import Callable, Mapping
from typing import Any

from orchestrator.episode.commands import ChangeWard, Command, command_from_json
from orchestrator.episode.parameters import choices
from orchestrator.errors import InputError, InvalidCommand
from orchestrator.pathway.kinds import Fact, typed_number
from orchestrator.pathway.model import Pathway
from orchestrator.service.handlers import KEY
from orchestrator.web.forms import Form

UNKNOWN, NOTHING = "?", "[]"
"""What a field says for 'unknown again', and of a set for 'tested, nothing found'; an empty field says nothing."""
FIRST, SECOND = "first", "second"
"""Which of the two, of a local time that clocks showed twice; in the field WHICH + its name."""
WHICH = "which."
CHANGE_WARD = ChangeWard.kind
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9 ._:#/-]{0,199}")
_ENTRY = re.compile(r"[1-9][0-9]{0,9}(-[0-9a-f]{16})?")
_BOOLS = {"true": True, "false": False}
_ONE: Mapping[str, Callable[[str], object]] = {"number": typed_number, "bool": lambda text: _BOOLS.get(text, text)}
"""What a text stands for by the kind of its fact; the engine refuses what does not fit."""


class TwiceThatNight(InputError):
    """A local time that clocks showed twice: whoever typed it must say which is meant. field: its name."""

    def __init__(self, field: str) -> None:
        self.field = field
        super().__init__("clocks showed this time twice that night: say which is meant")


def command_of(verb: str, form: Form, pathway: Pathway, zone: dt.tzinfo) -> Command:
    """Return the command that a form asks for. Raises InputError, TwiceThatNight among them."""
    body = _BODIES[verb](form, pathway, zone)
    if form["reason"]:
        body["reason"] = form["reason"]
    if passed := form.all("override"):
        body["override"] = list(dict.fromkeys(_name(each) for each in passed))
    return command_from_json(verb, body)


def key_of(form: Form) -> str:
    """Return the form's idempotency key. Raises InputError."""
    if not re.fullmatch(KEY, form["key"]):
        raise InputError("this form has no key of its own: open the page again")
    return form["key"]


def seen_of(form: Form) -> int | None:
    """Return the entry that the person had before his eyes; None where the form does not say. Raises InputError."""
    if not form["seen"]:
        return None
    if not _ENTRY.fullmatch(form["seen"]):
        raise InputError("this form does not say rightly which entry was seen: open the page again")
    return int(form["seen"].partition("-")[0])


def tag_of(form: Form) -> str:
    """Return the entity tag of that entry, as `seen_of` checked it; empty where the form says its number alone."""
    return form["seen"] if "-" in form["seen"] else ""


def moment_of(field: str, text: str, zone: dt.tzinfo, which: str = "") -> str:
    """Return a local time as ISO 8601 text with its offset. field: named by TwiceThatNight.

    which: FIRST or SECOND, of a time that clocks showed twice. Raises InputError.
    """
    try:
        local = dt.datetime.fromisoformat(text)
    except ValueError:
        raise InputError("a time is written as a day and an hour, such as 2026-03-02T08:45") from None
    if local.tzinfo is not None:
        return local.isoformat()
    first, second = (local.replace(tzinfo=zone, fold=fold) for fold in (0, 1))
    if first.utcoffset() == second.utcoffset():
        return first.isoformat()
    if first.astimezone(dt.UTC).astimezone(zone).replace(tzinfo=None) != local:
        raise InputError("there was no such time: clocks were put forward over it that night")
    if which not in {FIRST, SECOND}:
        raise TwiceThatNight(field)
    return (first if which == FIRST else second).isoformat()


# facts


def _facts(form: Form, pathway: Pathway) -> dict[str, Any]:
    made: dict[str, Any] = {}
    for name, texts in form.starting("fact.").items():
        said = [text for text in texts if text]
        if said:
            made[_name(name)] = _value(pathway.facts.get(name), said)
    if not made:
        raise InvalidCommand("nothing was filled in, so there is nothing to record")
    return made


def _value(fact: Fact | None, said: list[str]) -> object:
    """Return what was said of a fact, for the engine to check; that of an unknown fact is not looked at."""
    if UNKNOWN in said or fact is None:
        return None
    if fact.kind == "set":
        return _set(fact, said)
    return _ONE.get(fact.kind, str)(said[-1])


def _set(fact: Fact, said: list[str]) -> list[str]:
    found = [each for each in said if each != NOTHING]
    if found and NOTHING in said:
        raise InvalidCommand(f"{fact.label}: choose what was found, or that nothing was found, not both")
    return found


# parameters


def _parameters(form: Form, pathway: Pathway, zone: dt.tzinfo, regimens: list[str]) -> dict[str, Any]:
    known: dict[str, str] = {}
    for regimen in regimens:
        if regimen in pathway.regimens:
            offered = choices(pathway, pathway.regimens[regimen])
            known |= {name: str(choice["kind"]) for name, choice in offered.items()}
    sent = form.starting("parameter.")
    made = {
        _name(name): _PARAMETERS.get(known.get(name, ""), _text)(form, name, said, zone)
        for name, texts in sent.items()
        if (said := [text for text in texts if text]) and not name.startswith("steps.")
    }
    return made | _steps(sent)


def _steps(sent: Mapping[str, list[str]]) -> dict[str, Any]:
    """Return the rows of a taper that were filled in; nothing when none was."""
    days, doses = sent.get("steps.days", []), sent.get("steps.dose", [])
    rows = [pair for pair in zip(days, doses, strict=False) if any(pair)]
    return {"steps": [{"days": _whole(day), "dose": typed_number(dose)} for day, dose in rows]} if rows else {}


def _whole(text: str) -> int | str:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else text


def _text(_form: Form, _name: str, said: list[str], _zone: dt.tzinfo) -> str:
    return said[-1]


def _moment(form: Form, name: str, said: list[str], zone: dt.tzinfo) -> str:
    return moment_of(f"parameter.{name}", said[-1], zone, form[f"{WHICH}parameter.{name}"])


def _moments(form: Form, name: str, said: list[str], zone: dt.tzinfo) -> list[str]:
    return [moment_of(f"parameter.{name}", text, zone, form[f"{WHICH}parameter.{name}"]) for text in said]


_PARAMETERS: Mapping[str, Callable[[Form, str, list[str], dt.tzinfo], Any]] = {
    "count": lambda _form, _name, said, _zone: _whole(said[-1]),
    "amount": lambda _form, _name, said, _zone: typed_number(said[-1]),
    "moment": _moment,
    "moments": _moments,
}


# commands


def _name(text: str) -> str:
    """Return a name. Raises InvalidCommand for what is shaped like none: a refusal repeats it."""
    if not _NAME.fullmatch(text):
        raise InvalidCommand("this form names nothing that there is: open the page again")
    return text


def _confirm(form: Form, pathway: Pathway, zone: dt.tzinfo) -> dict[str, Any]:
    regimens = [_name(each) for each in form.all("regimen")]
    if not regimens:
        raise InvalidCommand("nothing was chosen, so there is nothing to confirm")
    parameters = _parameters(form, pathway, zone, regimens)
    return {"regimens": regimens, **({"parameters": parameters} if parameters else {})}


def _give(form: Form, _: Pathway, zone: dt.tzinfo) -> dict[str, Any]:
    made = {"regimen": _name(form["regimen"])}
    if form["given_at"]:
        made["given_at"] = moment_of("given_at", form["given_at"], zone, form[f"{WHICH}given_at"])
    return made


def _naming(field: str) -> Callable[[Form, Pathway, dt.tzinfo], dict[str, Any]]:
    return lambda form, _pathway, _zone: {field: _name(form[field])}


def _ward(form: Form, _: Pathway, __: dt.tzinfo) -> dict[str, Any]:
    """Return a ward as it was typed: a name that people gave it."""
    return {"ward": form["ward"], **({"anyway": True} if form["anyway"] == "yes" else {})}


_BODIES: Mapping[str, Callable[[Form, Pathway, dt.tzinfo], dict[str, Any]]] = {
    "record": lambda form, pathway, _zone: {"facts": _facts(form, pathway)},
    "confirm": _confirm,
    "give": _give,
    "miss": _naming("regimen"),
    "decline": _naming("regimen"),
    "stop": _naming("regimen"),
    "retract": _naming("target"),
    "complete": _naming("task"),
    "acknowledge": _naming("reminder"),
    "close": _naming("outcome"),
    CHANGE_WARD: _ward,
}
VERBS = tuple(_BODIES)
