"""How does the explanation read? Each move that is not made, and each clause of it: true, false or unknown."""

from collections.abc import Iterator
from typing import Any
from zoneinfo import ZoneInfo

from orchestrator.cli.wording.lines import moment, section, value

Json = dict[str, Any]
_MOVES = {True: "holds", False: "does not hold", None: "unknown"}
_WORDS = {True: "true   ", False: "false  ", None: "unknown"}


def explanation_text(document: Json) -> str:
    """Return an explanation as text, its times in UTC."""
    lines = [f"Episode {document['episode_id']}, entry {document['seq']}: {document['state']}"]
    for move in document["moves"]:
        lines += ["", *_move(move)]
    lines += section("Gates", _gates(document))
    zone = ZoneInfo("UTC")
    lines += section(
        "Moments that are to come",
        (f"  {moment(each['at'], zone)}  {each['what']} [{', '.join(each['rules'])}]" for each in document["moments"]),
    )
    return "\n".join(lines)


def _move(move: Json) -> Iterator[str]:
    through = f" through {move['through']}" if move["through"] else ""
    when = {"confirmation": ", at a confirmation", "due": ", when it falls due"}.get(move["on"], "")
    yield f"{move['transition']}: to {move['to']}{through}{when} [{', '.join(move['rules'])}]: {_MOVES[move['holds']]}"
    if move["awaits"]:
        yield f"  awaits {', '.join(move['awaits'])}"
    yield from _clause("when", move["when"], 2)
    if move["unless"] is not None:
        yield from _clause("unless", move["unless"], 2)


def _clause(word: str, clause: Json, indent: int) -> Iterator[str]:
    facts = ", ".join(f"{name} = {value(held)}" for name, held in clause["facts"].items())
    used = f"  ({facts})" if facts and not clause["clauses"] else ""
    yield f"{' ' * indent}{_WORDS[clause['value']]}  {word} {clause['words']}{used}"
    for each in clause["clauses"]:
        yield from _clause("·", each, indent + 4)


def _gates(document: Json) -> Iterator[str]:
    for gate in document["gates"]:
        yield f"  {gate['gate']} [{', '.join(gate['rules'])}]"
        for word in ("passes", "refuses"):
            if gate[word] is not None:
                yield from _clause(f"{word} when", gate[word], 4)
