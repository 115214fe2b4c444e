"""How does a pathway read as Mermaid? A state diagram whose arrows carry the numbers of the moves, for pages of text.

Mermaid reads a text of its own: whatever it could take for grammar is written as an entity.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from orchestrator.pathway.kinds import CLOSED_STAGE
from orchestrator.pathway.language.grammar import listed, together
from orchestrator.pathway.legend import origin

Json = Mapping[str, Any]
_PLAIN = frozenset(" ,.()/'’‘-·→")
_CAUSES = {"confirmation": "by confirmation", "due": "by time", "any": "by facts"}


def draw(told: Json, *, legend: bool = False) -> str:
    """Return the diagram as Mermaid's text. told: the pathway in words.

    legend: say as comments what the numbers mean.
    """
    lines = ["stateDiagram-v2", "    direction LR"]
    lines += [f"    %% {_comment(move)}" for move in told["moves"]] if legend else []
    for state in _open(told):
        lines.append(f'    state "{_text(state["title"])}" as {_id(state["stage"])}')
    lines += [f"    [*] --> {_id(state['stage'])}" for state in _open(told) if state["initial"]]
    lines += [f"    {_id(origin_)} --> {_id(to)} : {_label(moves)}" for (origin_, to), moves in _arrows(told).items()]
    for state in _open(told):
        lines += _note(state)
    return "\n".join(lines) + "\n"


def _open(told: Json) -> list[Json]:
    return [state for state in told["states"] if state["stage"] != CLOSED_STAGE]


def _id(stage: str) -> str:
    """Return a name that is no word of Mermaid's own."""
    return "s_" + "".join(each if each.isascii() and each.isalnum() else "_" for each in stage)


def _text(text: str) -> str:
    """Return a text in which Mermaid finds no grammar."""
    return "".join(each if each.isalnum() or each in _PLAIN else f"#{ord(each)};" for each in " ".join(text.split()))


def _arrows(told: Json) -> dict[tuple[str, str], list[Json]]:
    """Return the moves between each two stages; one that passes a stage is drawn as the two moves that it makes."""
    found: dict[tuple[str, str], list[Json]] = {}
    for move in told["moves"]:
        for start in move["from"]:
            between = [move["through"]] if move["through"] and move["through"] != start else []
            way = [start, *between, move["to"]]
            for pair in zip(way, way[1:], strict=False):
                moves = found.setdefault(pair, [])
                moves += [] if move in moves else [move]
    return found


def _label(moves: Sequence[Json]) -> str:
    said = []
    for cause, words in _CAUSES.items():
        numbers = [str(move["n"]) for move in moves if move["on"] == cause]
        said += [f"{', '.join(numbers)} {words}"] if numbers else []
    return " · ".join(said)


def _note(state: Json) -> Iterator[str]:
    if state["clocks"]:
        yield f"    note right of {_id(state['stage'])}"
        yield from (f"        {_text(clock)}" for clock in state["clocks"])
        yield "    end note"


def _comment(move: Json) -> str:
    through = f" through {move['through']}" if move["through"] else ""
    way = f"{listed(move['from'], 'or')}{through} to {move['to']}"
    when = f", when {together(move['when'])}" if move["when"] else ""
    unless = f", unless {move['unless']}" if move["unless"] else ""
    said = f"{move['n']} {move['name']}, {way}{when}{unless} ({origin(move)})"
    return " ".join(said.split()).replace("{", "(").replace("}", ")")
