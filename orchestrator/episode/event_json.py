"""How does an event become JSON and come back? With its ``type``, such as ``fact-recorded``."""

import re
from collections.abc import Mapping
from typing import Any

import orjson

from orchestrator.episode.codec import decode, encode
from orchestrator.episode.events import Event


def _tag(cls: type[Event]) -> str:
    return re.sub(r"(?<!^)(?=[A-Z])", "-", cls.__name__).lower()


TAGS = {cls: _tag(cls) for cls in Event.__subclasses__()}
_CLASSES = {tag: cls for cls, tag in TAGS.items()}


def event_to_json(event: Event) -> dict[str, Any]:
    """Return the event as canonical-safe JSON with its ``type``, such as ``fact-recorded``."""
    made: dict[str, Any] = orjson.loads(orjson.dumps({"type": TAGS[type(event)], **encode(event)}))
    return made


def event_from_json(value: Mapping[str, Any]) -> Event:
    """Return the event that ``event_to_json`` made JSON of; KeyError for an unknown type."""
    return decode(_CLASSES[value["type"]], {key: each for key, each in value.items() if key != "type"})
