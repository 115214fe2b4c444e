"""How is an episode kept in its row? As JSON bytes; the store compresses and encrypts them.

Its format has a number. Format 1 is the episode itself. A later one is a list of the number and the episode.
"""

from typing import Any

import orjson

from orchestrator.episode import formats
from orchestrator.episode.codec import decode, encode
from orchestrator.episode.model import Episode


def dump(episode: Episode, form: int | None = None) -> bytes:
    """Return the episode as canonical JSON bytes. form: the format's number; None for this program's own."""
    wanted = formats.OWN if form is None else form
    made = encode(episode)
    if wanted != formats.OWN:  # the steps speak of plain JSON
        made = formats.episode_down(orjson.loads(_bytes(made)), wanted)
    return _bytes(made if wanted == 1 else [wanted, made])


def load(data: bytes) -> Episode:
    """Return the episode that ``dump`` wrote, in whichever format. Raises NewerFormat."""
    form, made = _read(data)
    return decode(Episode, made if form == formats.OWN else formats.episode_up(made, form))


def form_of(data: bytes) -> int:
    """Return the format in which ``dump`` wrote."""
    return _read(data)[0]


def _bytes(made: Any) -> bytes:  # noqa: ANN401  any JSON
    return orjson.dumps(made, option=orjson.OPT_SORT_KEYS | orjson.OPT_UTC_Z)


def _read(data: bytes) -> tuple[int, Any]:
    made = orjson.loads(data)
    return (made[0], made[1]) if type(made[0]) is int else (1, made)
