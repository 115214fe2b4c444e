"""What can happen next to a patient, all told?

One step is one of: a person records facts, confirms regimens, completes a task, stops a course, takes something back,
closes; a check falls due, a taper ends, the doses of a course are over; or, before anything else, the one move that
any change enables. What an engine's entry does is one or several such steps. The steps allow more than the engine
does (a dose may end at any time, what was taken back may leave any stage that was reached), never less: so what is
proved of them holds of it.
"""

import z3

from orchestrator.pathway.kinds import CLOSED_STAGE
from orchestrator.pathway.proof import world
from orchestrator.pathway.proof.guards import Moment
from orchestrator.pathway.proof.moves import applied, enabled, settled
from orchestrator.pathway.proof.passing import passing
from orchestrator.pathway.proof.people import people
from orchestrator.pathway.proof.system import Option, System
from orchestrator.pathway.proof.world import Situation


def options(system: System, now: Situation, choose: world.Choose) -> list[Option]:
    """Return all that can happen next."""
    at_rest = settled(system, now, choose)
    open_ = z3.Not(now[world.stage(CLOSED_STAGE)])
    outside = [*people(system, now, choose), *passing(system, now, choose)]
    moves = (row for row in system.pathway.transitions if row.on == "any")
    at = Moment(now, choose)
    made = [Option(f"move {row.name}", enabled(system, row, at), applied(system, row, at)) for row in moves]
    return made + [Option(each.name, z3.And(open_, at_rest, each.may), each.changes) for each in outside]
