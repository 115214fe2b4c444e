"""Which episodes were met lately? Their state is remembered by the hash of their last entry.

The hash commits to every entry, and the entries make the episode: what is found under a hash is the state after that
entry, whoever wrote it, and a transaction that was undone leaves a hash that no row will ever show. (In this program's
own format, that is: nothing that was written in an older one belongs here.)
"""

import threading
from collections import OrderedDict
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from orchestrator.episode.items import Item
    from orchestrator.episode.model import Episode

SIZE = 1000


class Recent:
    """The episodes met last, with what is open in them; both are immutable. Any number of threads may use it."""

    def __init__(self, size: int = SIZE) -> None:
        self._size = size
        self._lock = threading.Lock()
        self._held: OrderedDict[bytes, tuple[Episode, tuple[Item, ...]]] = OrderedDict()

    def get(self, chain_hash: bytes) -> "tuple[Episode, tuple[Item, ...]] | None":
        """Return episode and open things after the entry with this hash, if they are remembered."""
        return self._held.get(chain_hash)

    def put(self, chain_hash: bytes, episode: "Episode", items: "tuple[Item, ...]") -> None:
        """Remember a state, and forget the one that was put first."""
        with self._lock:
            self._held[chain_hash] = (episode, items)
            if len(self._held) > self._size:
                self._held.popitem(last=False)
