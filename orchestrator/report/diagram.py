"""How is a pathway drawn for those who read it? Stages, numbered moves, what time brings, and every guard in words.

One self-contained SVG: no script, nothing fetched, every text escaped, its own light, dark and printed colours; nothing
is told by colour alone. The same pathway gives the same bytes.
"""

from collections.abc import Mapping
from html import escape
from pathlib import Path
from typing import Any

from orchestrator.pathway.kinds import CLOSED_STAGE
from orchestrator.pathway.legend import ICON, Caption, Diagram, diagram
from orchestrator.pathway.model import Pathway
from orchestrator.report import svg

CSS = (Path(__file__).parent / "style" / "diagram.css").read_text(encoding="utf-8")


def draw(pathway: Pathway, told: Mapping[str, Any], *, style: bool = True) -> str:
    """Return the diagram as an SVG document. told: the pathway in words, as ``tables`` has it.

    style: carry the style sheet along; a page that loads it by itself does not.
    """
    made = diagram(pathway, told)
    title = f"{pathway.title}, version {pathway.version}: states and moves"
    size = f'width="{made.width}" height="{made.height}" viewBox="0 0 {made.width} {made.height}"'
    sheet = f"<style>{svg.CSS}{CSS}</style>" if style else ""
    parts = [*svg.shapes(made.picture), *_beginning(made), *(_caption(each) for each in made.captions)]
    return (
        f'<svg class="way diagram" role="img" xmlns="http://www.w3.org/2000/svg" {size}'
        ' aria-labelledby="diagram-title diagram-desc">'
        f'<title id="diagram-title">{escape(title)}</title><desc id="diagram-desc">{escape(_description(told))}</desc>'
        f'{sheet}<rect class="paper" width="{made.width}" height="{made.height}"/>\n' + "\n".join(parts) + "\n</svg>\n"
    )


def _description(told: Mapping[str, Any]) -> str:
    stages = [f"{state['stage']} ({state['title']})" for state in told["states"] if state["stage"] != CLOSED_STAGE]
    moves = [f"{move['n']}. {' or '.join(move['from'])} to {move['to']}: {move['name']}" for move in told["moves"]]
    return f"Stages: {', '.join(stages)}. Moves: {'; '.join(moves)}."


def _beginning(made: Diagram) -> list[str]:
    """Return the mark of the state in which an episode begins."""
    return [
        f'<text class="begins" x="{box.x + box.width // 2}" y="{box.bottom - 9}">enrolment</text>'
        for box in made.picture.boxes
        if box.state == made.initial
    ]


def _caption(each: Caption) -> str:
    text = f'<text class="{each.kind}" font-size="{each.size}" x="{each.x}" y="{each.y}">{escape(each.text)}</text>'
    return svg.icon(each.icon, each.x - ICON + 2, each.y - 10) + text
