"""The story of an episode, rendered: as a self-contained page, and as JSON."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import orjson

if TYPE_CHECKING:  # what prints a time at a terminal comes by here, and loads no pathway for --help
    from orchestrator.pathway.model import Pathway


def as_json(story: Mapping[str, Any]) -> bytes:
    """Return the story as JSON, indented, keys in the order of the story, UTF-8."""
    return orjson.dumps(story, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE)


def people_in(story: Mapping[str, Any], merges: Sequence[Mapping[str, Any]]) -> set[str]:
    """Return the ids of whoever made an entry of a story, and on whose behalf, and of who merged the record."""
    found = {entry[whose] for entry in story["timeline"] for whose in ("actor", "on_behalf_of")}
    return {each for each in found if each} | {each["by"] for each in merges}


def as_html(
    story: Mapping[str, Any],
    pathway: "Pathway",
    banner: Mapping[str, str] | None = None,
    merges: Sequence[Mapping[str, Any]] = (),
    names: Mapping[str, str] | None = None,
) -> str:
    """Return the story as one self-contained HTML page. pathway: the version that the episode runs on.

    banner: what everybody is to see when the page is made: since when, and text.   merges: how the patient's record was
    merged with others and separated again, as `Looked.merges` has it.   names: what people are called now, by id, to be
    said beside their ids; none unless whoever reads the page may know them: the record holds ids alone.
    """
    from orchestrator.report.html import page  # noqa: PLC0415  # the template engine is loaded for a report alone

    return page(story, pathway, banner, merges, names or {})
