"""The in-app inbox, where every notice lands: the only channel that needs nothing outside."""

from orchestrator.notify.inbox.channel import InboxChannel

__all__ = ["InboxChannel"]
