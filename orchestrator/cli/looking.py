"""Who looks, at this command line? Whom CAREPATH_ACTOR names: asserted, as every actor here is, and on record."""

import os
import re
from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from orchestrator.bootstrap import System
    from orchestrator.service.people.looking import Who

_NOBODY = "command-line"


def look(system: "System", episode: str, what: str) -> None:
    """Record that somebody looks at an episode; one that is not there is nobody's to look at."""
    system.sight.peek(who(), episode, what)


def look_at_lists(system: "System", wards: Sequence[str], what: str) -> None:
    """Record that somebody sees the lists of wards; of all for none."""
    from orchestrator.service.people.principal import EVERYWHERE  # noqa: PLC0415  not for --help

    system.sight.listed(who(), wards or (EVERYWHERE,), what)


def who() -> "Who":
    """Return who sits here, as the environment says."""
    from orchestrator.episode.commands import ACTOR_ID  # noqa: PLC0415  not for --help
    from orchestrator.service.people.looking import Who  # noqa: PLC0415

    named, role = os.environ.get("CAREPATH_ACTOR", ""), os.environ.get("CAREPATH_ROLE", "")
    named = named if re.fullmatch(ACTOR_ID, named) else _NOBODY
    return Who(named, role if re.fullmatch(ACTOR_ID, role) else "", asserted=True)
