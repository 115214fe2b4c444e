"""Why was it not done, what would let it be done, and what did others do meanwhile? An account that keeps what was
typed.
"""

from dataclasses import dataclass
from typing import Any

from orchestrator.pathway.model import Pathway
from orchestrator.service.telling import Whole
from orchestrator.web.forms import FIELD, Form

GATE, CHANGED, REASON, ROLE, OTHER = "gate", "changed", "reason", "role", "other"
TWICE, RESENT, BUSY = "twice", "resent", "busy"
_REASON_CODES = frozenset({"needs-reason", "not-proposed"})
_OURS = frozenset({FIELD, "key", "seen"})


@dataclass(frozen=True, slots=True)
class Account:
    """What was not done, and why. kind: one of those above; wish: what was asked, in words, empty where unreadable.

    code, text: of the refusal; seen: the entry that the person had before his eyes; field: whose time is unclear.
    """

    verb: str
    form: Form
    kind: str
    code: str
    text: str
    status: int
    wish: str = ""
    seen: int | None = None
    field: str = ""
    overrides: tuple[str, ...] = ()

    def at(self, place: str) -> bool:
        """Tell whether it was sent from this form of the page."""
        return bool(place) and self.form["place"] == place

    @property
    def key(self) -> str:
        """Return the key to send it with once more: its own where nobody knows whether it was done; else empty."""
        return self.form["key"] if self.kind == BUSY else ""

    def again(self, *but: str) -> list[tuple[str, str]]:
        """Return what was typed, for a form that sends it once more. but: fields that this form asks for anew."""
        return self.form.pairs({*_OURS, *but})

    def meanwhile(self, whole: Whole) -> list[dict[str, Any]]:
        """Return the entries since the one that the person saw, the first one first."""
        found: list[dict[str, Any]] = whole.story["timeline"].after(self.seen or 0)
        return found

    def gates(self, whole: Whole) -> list[dict[str, Any]]:
        """Return the gates to be passed: what refused, what would refuse next, with what would let it pass."""
        regimens = set(self.form.all("regimen")) if self.verb == "confirm" else set()
        refusing = {
            gate["gate"]: gate for each in whole.options if each["regimen"] in regimens for gate in each["gates"]
        }
        named = dict.fromkeys([*self.overrides, self.code, *refusing])
        rows = {each["gate"]: each for each in whole.now["gates"]}
        clauses = {each["gate"]: each for each in whole.gates}
        return [
            {**rows[name], "passes_clause": clauses[name]["passes"], "refuses_clause": clauses[name]["refuses"]}
            for name in named
            if name in rows
        ]


def kind_of(code: str, pathway: Pathway) -> str:
    """Return what kind of account a refusal asks for."""
    if code in pathway.gates:
        return GATE
    if code in _REASON_CODES:
        return REASON
    return ROLE if code == "needs-role" else OTHER
