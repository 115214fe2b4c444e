"""Who is told, and who is on duty? Every notice leaves by every route; what roles nobody holds may change each week."""

from collections.abc import Sequence
from datetime import datetime

from tests.simulation.faults import Plan
from tests.simulation.gateway import ROUTES


class Rota:
    """The directory of a simulated house."""

    def __init__(self, plan: Plan) -> None:
        self._plan = plan

    def routes(self, kind: str, role: str, ward: str, at: datetime) -> Sequence[str]:
        return ROUTES

    def unheld(self, ward: str, at: datetime) -> frozenset[str]:
        return self._plan.unheld_at(at)
