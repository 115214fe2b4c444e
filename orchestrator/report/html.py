"""How does a story become a page? One self-contained HTML document: no script, nothing fetched, every text escaped."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cache, lru_cache
from itertools import groupby
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from orchestrator.audit.story import is_quiet, speech
from orchestrator.pathway.geometry import Picture
from orchestrator.pathway.layout import lay_out
from orchestrator.pathway.model import Pathway
from orchestrator.report import chart, moments, plot, svg
from orchestrator.report.regimen import called

FOLDER = Path(__file__).parent
STYLE = (FOLDER / "style" / "page.css").read_text(encoding="utf-8")


def page(
    story: Mapping[str, Any],
    pathway: Pathway,
    banner: Mapping[str, str] | None,
    merges: Sequence[Mapping[str, Any]],
    names: Mapping[str, str],
) -> str:
    """Return the report of one episode. story: as ``audit.story.tell`` has it; pathway: the version it ran on.

    banner, merges, names: see `report.as_html`.
    """
    where = moments.zone(story["episode"]["timezone"])
    picture = picture_of(story, pathway)
    plots = [plot.draw(each, where, prefix=f"plot-{number}") for number, each in enumerate(story["plots"], start=1)]
    charts = [chart.draw(each, where, prefix=f"taper-{each['id']}") for each in story["courses"]]
    return (
        environment()
        .get_template("story.html")
        .render(
            story=story,
            banner=banner,
            merges=merges,
            names=names,
            episode=story["episode"],
            where=where,
            style=Markup(STYLE + svg.CSS + chart.CSS),  # noqa: S704  # the program's own files
            picture=Markup(svg.draw(picture, story["way"], story["episode"]["state"], style=False)),  # noqa: S704  # escaped there
            charts=[Markup(each) for each in charts],  # noqa: S704  # escaped there
            plots=[Markup(each) for each in plots],  # noqa: S704  # escaped there
            groups=list(_groups(story["timeline"])),
            sources=_sources(story),
            counts=_counts(story),
        )
    )


def picture_of(story: Mapping[str, Any], pathway: Pathway) -> Picture:
    """Return the pathway's picture with every move of the story in it, those that no transition makes too."""
    drawn = {(edge.origin, edge.target) for edge in _laid_out(pathway).edges}
    taken = [(stay["from"], stay["state"]) for stay in story["way"] if stay["from"] is not None]
    known = pathway.states
    others = (pair for pair in taken if pair not in drawn and pair[0] in known and pair[1] in known)
    return _laid_out(pathway, tuple(dict.fromkeys(others)))


@lru_cache(maxsize=256)
def _laid_out(pathway: Pathway, extra: tuple[tuple[str, str], ...] = ()) -> Picture:
    """Return the pathway's picture; laid out once, for it takes longer than all the rest of a page."""
    return lay_out(pathway, extra)


@cache
def environment() -> Environment:
    """Return the template engine, with every filter that a template of ours uses."""
    made = Environment(
        loader=FileSystemLoader(FOLDER / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.filters["moment"] = moments.moment
    made.filters["offset"] = moments.offset
    made.filters["span"] = speech.span
    made.filters["regimen"] = called
    made.filters["listed"] = lambda names: speech.listed(list(names))
    return made


# what the page shows that the story does not hold ready


def _groups(timeline: Sequence[Mapping[str, Any]]) -> Iterator[tuple[bool, list[Mapping[str, Any]]]]:
    """Yield the entries in runs: those in which the clock only told people something, and the others."""
    for quiet, rows in groupby(timeline, key=is_quiet):
        run = list(rows)
        yield quiet and len(run) > 1, run


def _sources(story: Mapping[str, Any]) -> dict[str, str]:
    """Return the documents that the story refers to, by key."""
    found = {each["key"]: each["title"] for each in _find_sources(story)}
    return dict(sorted(found.items()))


def _find_sources(value: object) -> Iterator[Mapping[str, str]]:
    if isinstance(value, Mapping):
        if "sources" in value:
            yield from value["sources"]
        for each in value.values():
            yield from _find_sources(each)
    elif isinstance(value, list):
        for each in value:
            yield from _find_sources(each)


def _counts(story: Mapping[str, Any]) -> dict[str, int]:
    firings = [firing for reminder in story["reminders"] for firing in reminder["firings"]]
    return {
        "fired": len(firings),
        "late": sum(bool(_lateness(firing)) for firing in firings),
        "longest_late": max((late for firing in firings for late in _lateness(firing)), default=0),
        "waiting": _with_status(story["reminders"], "waiting") + _with_status(story["reminders"], "unanswered"),
        "open_tasks": _with_status(story["tasks"], "open"),
    }


def _lateness(firing: Mapping[str, Any]) -> list[int]:
    """Return by how many seconds it fired late, and each rung of its ladder was told late."""
    return [each["late_seconds"] for each in (firing, *firing["told"]) if each["late"]]


def _with_status(rows: Iterable[Mapping[str, Any]], status: str) -> int:
    return sum(row["status"] == status for row in rows)
