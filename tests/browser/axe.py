"""Can everybody use this page? axe-core, vendored, run in the page; what it finds is told by rule and element.

A theme changes colours alone, and between desk and tablet nothing appears or goes (`tests/unit/test_styles.py` holds
the style sheets to both). So what a rule finds can differ by theme only where it looks at colours, and by width only
where it looks at places and sizes: `BY_THEME` and `BY_WIDTH` name these rules.
"""

import os
from functools import cache
from pathlib import Path
from typing import Any

from playwright.sync_api import Page

SOURCE = Path(__file__).parent / "vendor" / "axe.min.js"
BY_THEME = ("color-contrast", "link-in-text-block")
BY_WIDTH = ("target-size", "scrollable-region-focusable", "meta-viewport", "css-orientation-lock")
ALL = os.environ.get("CAREPATH_AXE") == "all"
"""Whether all rules are tried in both themes on both screens."""
_CROSSED = {"light-tablet": (False, True), "dark-desktop": (True, False)} if ALL else {}
VIEWS = {"light-desktop": (False, False), "dark-tablet": (True, True), **_CROSSED}
"""How a page is seen: in each theme and on each screen. Of each whether it is dark, and whether on a tablet."""
_LEVELS = ["wcag2a", "wcag2aa", "wcag21aa", "wcag22aa"]
_RUN = """async (only) => {
  const found = await axe.run(document, {runOnly: only, resultTypes: ['violations'], preload: false, iframes: false});
  return found.violations.map(each => (
    {rule: each.id, at: each.nodes.map(node => [node.target.join(' '), node.failureSummary])}));
}"""


def faults(page: Page, *rules: str) -> list[str]:
    """Return what a page lacks of WCAG 2.2 AA, each with its rule and where; by these rules alone if they are named."""
    if not page.evaluate("'axe' in window"):
        page.evaluate(_source())
    only = {"type": "rule", "values": list(rules)} if rules else {"type": "tag", "values": _LEVELS}
    found: list[dict[str, Any]] = page.evaluate(_RUN, only)
    return [f"{each['rule']} at {where}: {why}" for each in found for where, why in each["at"]]


@cache
def _source() -> str:
    return SOURCE.read_text(encoding="utf-8")
