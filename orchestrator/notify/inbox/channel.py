"""How does a notice land in the inbox? Through the service, which writes it once however often it is told."""

from typing import Protocol

from orchestrator.errors import StoreError
from orchestrator.notify.channel import DELIVERED, Result, Sent
from orchestrator.service.rows import Lease


class Inbox(Protocol):
    """The service's port: `service.deliveries.Deliveries`."""

    def put_in_inbox(self, lease: Lease) -> None: ...


class InboxChannel:
    """Writes notices into the store's own inbox."""

    name = "inbox"

    def __init__(self, inbox: Inbox) -> None:
        self._inbox = inbox

    def send(self, notice: Lease, key: str) -> Sent:
        """Put the notice there. The inbox knows it again by episode, entry and number, which is what `key` says too."""
        try:
            self._inbox.put_in_inbox(notice)
        except StoreError as error:
            return Sent(Result.PASSING, error.code)
        return DELIVERED
