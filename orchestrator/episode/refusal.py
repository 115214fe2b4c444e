"""How is a command refused? By a code of the contract; ``decide`` turns it into a value."""

from orchestrator.episode.commands import Actor, ChangeWard, Command
from orchestrator.pathway.model import Pathway


class Refusal(Exception):  # noqa: N818  (a refusal is an answer, not an error; it never leaves ``decide``)
    """A guard said no. code: a gate's name or a code of the contract; text: one line without a patient's values."""

    def __init__(self, code: str, text: str) -> None:
        self.code, self.text = code, text
        super().__init__(text)


def permitted(pathway: Pathway, action: str) -> frozenset[str]:
    """Return the roles that may do ``action``. Whoever may end our care may give it into other hands (local)."""
    return pathway.permissions.get("close" if action == ChangeWard.kind else action, frozenset())


def need_role(pathway: Pathway, actor: Actor, action: str) -> None:
    """Refuse unless the actor's role may do ``action``."""
    allowed = permitted(pathway, action)
    if actor.role not in allowed:
        raise Refusal(
            "needs-role",
            f"{actor.role} may not {action.replace('-', ' ')}; {', '.join(sorted(allowed)) or 'nobody'} may",
        )


def need_reason(command: Command, what: str) -> None:
    """Refuse unless a reason is given."""
    if command.reason is None or not command.reason.strip():
        raise Refusal("needs-reason", f"{what} needs a reason")
