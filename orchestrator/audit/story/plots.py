"""Which numbers are shown over time, and which of their recordings were valid when they were made?

A value recorded later is a new measurement, and the earlier one was valid in its time. It was not when it was recorded
in error: it was retracted, it was taken back to unknown, or the later value came with a reason, as a correction does.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from orchestrator.audit.story.speech import origin
from orchestrator.pathway.model import Pathway, Plot
from orchestrator.pathway.naming import fact_label, unit_words

COUNTS, CORRECTED, RETRACTED, UNKNOWN = "counts", "corrected", "retracted", "unknown"
_STAMP = ("seq", "at", "actor", "role", "on_behalf_of", "authenticated")


def plots(facts: Sequence[Mapping[str, Any]], pathway: Pathway) -> list[dict[str, Any]]:
    """Return each number that the pathway shows over time and that was recorded, with its recordings in order.

    facts: the story's recordings. low, high: the range as text, None where it has no end.
    """
    made = [_plot(plot, [row for row in facts if row["fact"] == plot.fact], pathway) for plot in pathway.plots]
    return [plot for plot in made if any(each["value"] is not None for each in plot["values"])]


def _plot(plot: Plot, rows: Iterable[Mapping[str, Any]], pathway: Pathway) -> dict[str, Any]:
    fact, recorded = pathway.facts[plot.fact], list(rows)
    emptied = {row["seq"] for row in recorded if row["value"] is None}
    return {
        "fact": plot.fact,
        "label": fact_label(pathway, plot.fact),
        "unit": unit_words(fact),
        "low": None if fact.low is None else str(fact.low),
        "high": None if fact.high is None else str(fact.high),
        "origin": origin(pathway, plot.mark),
        "values": [_value(row, emptied) for row in recorded],
    }


def _value(row: Mapping[str, Any], emptied: set[int]) -> dict[str, Any]:
    stamp = {key: row[key] for key in _STAMP}
    return {**stamp, "value": row["value"], "words": row["words"], "status": _status(row, emptied), "left": row["left"]}


def _status(row: Mapping[str, Any], emptied: set[int]) -> str:
    left = row["left"]
    if row["status"] == RETRACTED:
        return RETRACTED
    if row["value"] is None:
        return UNKNOWN
    corrected = row["status"] == "replaced" and (left["reason"] is not None or left["seq"] in emptied)
    return CORRECTED if corrected else COUNTS
