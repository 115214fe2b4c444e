"""Are the accounts in order? The record of them is whole, somebody looks after them, and each has a post."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from orchestrator.cli.checking import FAIL, OK, WARN, Line
from orchestrator.saying import counted

if TYPE_CHECKING:
    from orchestrator.bootstrap import System

_SHOWN = 5
_LATEST = 20_000
"""So many changes are checked, for a doctor answers soon; `carepath user records` checks all."""


def people(system: "System") -> Iterator[Line]:
    """Yield what there is to say of accounts."""
    faults = system.people.faults(_LATEST)
    if faults:
        broken = f"the record of accounts was changed: {faults[0].what}, at {faults[0].seq}"
        yield Line(FAIL, "accounts", f"{broken}: compare with a backup; carepath user records lists it")
        return
    there = [each for each in system.people.people() if not each["ended_at"]]
    if not there:
        yield Line(OK, "accounts", "nobody has one yet: the page of carepath says how to begin")
        return
    if not any(post["role"] == "administrator" for each in there for post in each["posts"]):
        yield Line(FAIL, "accounts", "nobody is administrator: carepath user posts LOGIN --post administrator@*")
    idle = [each["login"] for each in there if not each["posts"]]
    if idle:
        named = ", ".join(idle[:_SHOWN]) + (" …" if len(idle) > _SHOWN else "")
        yield Line(WARN, "accounts", f"{len(idle)} have no post and see nothing: {named}")
    else:
        yield Line(OK, "accounts", f"{counted(len(there), 'account')}, each with a post; the latest changes are whole")
