"""May a person pass a gate that refuses? A lead may, with a written reason, and the override is on the record.

Open work holds no treatment back but where a gate asks for it (X-04): nothing here looks at a task by itself.
"""

from orchestrator.episode import events as ev
from orchestrator.episode.commands import Actor, Command
from orchestrator.episode.draft import Draft
from orchestrator.episode.proposals import UNKNOWN
from orchestrator.episode.refusal import Refusal, need_reason, need_role
from orchestrator.errors import InvalidCommand
from orchestrator.pathway.model import Gate


def known_gates(draft: Draft, command: Command) -> None:
    """Refuse an override that names no gate."""
    names = {*draft.pathway.gates, *draft.pathway.gate_names}
    for name in command.override:
        if name not in names:
            raise InvalidCommand(f"unknown gate '{name[:60]}'; known are {', '.join(sorted(names))}")


def pass_gates(draft: Draft, refusing: list[tuple[Gate, str]], command: Command, actor: Actor) -> None:
    """Pass the gates that refuse by the command's override;
    refuse at the first that is not overridden, then by role and reason.
    """
    known_gates(draft, command)
    for gate, why in refusing:
        if gate.name not in command.override:
            raise Refusal(gate.name, _words(gate, why))
    if not refusing:
        return
    need_role(draft.pathway, actor, "override")
    need_reason(command, "passing a gate")
    for gate, why in dict(refusing).items():
        draft.emit(ev.GateOverridden(gate.name, command.reason or "", why))


def _words(gate: Gate, why: str) -> str:
    name, rules = gate.name, ", ".join(gate.mark.rules)
    if gate.minimum_days:
        return f"{name} refuses: fewer than {gate.minimum_days} days ({rules}); a lead may override with a reason"
    if gate.passes is None:
        return f"{name} refuses ({rules}); a lead may override with a reason"
    clause = gate.passes.words
    if why == UNKNOWN:
        return f"{name} refuses: it is unknown whether {clause} ({rules}); a lead may override with a reason"
    return f"{name} refuses: it does not hold that {clause} ({rules}); a lead may override with a reason"
