"""How do notices leave for people's own addresses? By the channels of the file, to the hosts that it lists."""

from collections.abc import Mapping

from orchestrator.errors import InputError
from orchestrator.notify.channel import Channel
from orchestrator.notify.email.channel import EmailChannel
from orchestrator.notify.email.settings import ADDRESS
from orchestrator.notify.webhook.settings import HookSettings, key
from orchestrator.notify.wording import KINDS
from orchestrator.wire.target import target

LONGEST_ADDRESS = 500


class Personal:
    """The service's port: which channels people may choose, and which addresses. hooks: None where none are listed."""

    kinds = KINDS

    def __init__(self, channels: Mapping[str, Channel], hooks: HookSettings | None) -> None:
        self._channels, self._hooks = channels, hooks

    @property
    def channels(self) -> tuple[str, ...]:
        """The names of the channels that are configured."""
        return tuple(self._channels)

    def check(self, channel: str, address: str) -> None:
        """Raise InputError for a channel that is not configured, or an address that it could not send to."""
        if channel not in self._channels:
            known = f"configured are {', '.join(self._channels)}" if self._channels else "none is configured"
            raise InputError(f"no notice leaves by '{channel[:40]}': {known}, in the file of channels")
        if len(address) > LONGEST_ADDRESS:
            raise InputError(f"an address has at most {LONGEST_ADDRESS} characters")
        if channel == EmailChannel.name:
            if not ADDRESS.fullmatch(address):
                raise InputError("this is no mail address: write it plainly, such as ward@hospital.example")
            return
        self._check_hook(address)

    def _check_hook(self, address: str) -> None:
        try:
            where = target(address)
        except ValueError as error:
            raise InputError(f"this address {error}") from None
        if self._hooks is None or self._hooks.find(where) is None:
            raise InputError(f"the file of channels does not list this host: {where.scheme}://{key(where)}")


def server_of(channel: str, to: str) -> str:
    """Return which addresses share a server: all of mail, and those of a host."""
    return channel if channel == EmailChannel.name else key(target(to))
