"""How is an episode kept in its row? As JSON bytes; the store compresses and encrypts them."""

import orjson

from orchestrator.episode.codec import decode, encode
from orchestrator.episode.model import Episode


def dump(episode: Episode) -> bytes:
    """Return the episode as canonical JSON bytes."""
    return orjson.dumps(encode(episode), option=orjson.OPT_SORT_KEYS | orjson.OPT_UTC_Z)


def load(data: bytes) -> Episode:
    """Return the episode that ``dump`` wrote."""
    return decode(Episode, orjson.loads(data))
