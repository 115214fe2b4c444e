"""What do the pages look like? A picture of each, of the demonstration's ward at one moment: make screens.

    python -m tests.browser.screens docs/screens

The list is that of the routers, so that a new page has its picture at the next call. Where `pngquant` is installed the
pictures are made smaller.
"""

import argparse
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from playwright.sync_api import Browser

from orchestrator import config
from orchestrator.bootstrap import open_system, prepare_store
from orchestrator.cli import demo
from orchestrator.service.demo import PASSWORD
from tests.browser import addresses, chromium
from tests.browser.site import NOW, Person, Site, serving

FOLDER = Path(__file__).parents[2] / "docs" / "screens"
_LOGINS = ("clinician", "lead", "administrator", "auditor")
"""Whose page is shown: the first one's who may open it."""
_TALLEST = 1800
_MORE = ("/worklist", "/board/{ward:path}", "/episodes/{episode_id}", "/handover/{ward:path}")
"""Pages that are shown in the dark and on a tablet too."""
_WALL = {"/board/{ward:path}": "?screen=1"}
"""Pages that hang on a wall too, and what their address ends with there."""
_BEFORE = {"/welcome": "", "/sign-in": "", "/open/{notice:path}": ""}
"""Pages of who is not signed in; `welcome` is one of a store without anybody."""
_WAYS = {"light": "", "dark": ", in the dark", "tablet": ", on a tablet", "wall": ", on the wall"}


class Picture(NamedTuple):
    """One picture that was taken. name: of its file.   title: the page's heading.   whose: login; empty for nobody's.

    how: light, dark, tablet or wall.
    """

    name: str
    title: str
    whose: str
    how: str


def take(browser: Browser, folder: Path) -> list[Picture]:
    """Take all pictures; return them in the order of the pages' addresses."""
    folder.mkdir(parents=True, exist_ok=True)
    made: list[Picture] = []
    with tempfile.TemporaryDirectory() as home:
        empty, full = config.read({}, home=Path(home) / "empty"), demo.settings_of(home=Path(home))
        prepare_store(empty)
        demo.make(full, NOW, demo.SPEED)
        with open_system(empty) as system, serving(system, browser, NOW) as site:
            made += _one(site.visitor(), folder, "welcome", "/welcome")
        with open_system(full) as system, serving(system, browser, NOW) as site:
            made += _of_ward(site, folder)
    return made


def _of_ward(site: Site, folder: Path) -> Iterator[Picture]:
    stranger = site.visitor()
    people = {login: site.signed_in(login, PASSWORD) for login in _LOGINS}
    for path in sorted(addresses.paths(site)):
        address = addresses.best(site, path)
        name = addresses.name(path)
        if path in _BEFORE:
            yield from _one(stranger, folder, name, address)
            continue
        whose = next((login for login, person in people.items() if _opens(person, address)), None)
        if whose is None:
            continue
        yield from _one(people[whose], folder, name, address, whose=whose)
        if path in _WALL:
            yield from _one(people[whose], folder, f"{name}-wall", address + _WALL[path], whose=whose, how="wall")
        for more in ({"dark": True}, {"tablet": True}) if path in _MORE else ():
            other = site.signed_in(whose, PASSWORD, **more)
            (how,) = more
            yield from _one(other, folder, f"{name}-{how}", address, whose=whose, how=how)
            other.context.close()


def _opens(person: Person, address: str) -> bool:
    """Tell whether a page is there for somebody: none that leads to another, and no part of one."""
    answer = person.context.request.get(person.site.address + address, max_redirects=0)
    return answer.status == 200 and answer.text().lower().startswith("<!doctype html>")


def _one(
    person: Person, folder: Path, name: str, address: str, *, whose: str = "", how: str = "light"
) -> Iterator[Picture]:
    page = person.open(address)
    if page.url.removeprefix(person.site.address) != address:
        return
    height = min(int(page.evaluate("document.documentElement.scrollHeight")), _TALLEST)
    size = page.viewport_size or {"width": 0, "height": 0}
    clip = {"x": 0, "y": 0, "width": size["width"], "height": max(height, size["height"])}
    page.screenshot(path=folder / f"{name}.png", full_page=True, clip=clip, animations="disabled")  # type: ignore[arg-type]
    _make_smaller(folder / f"{name}.png")
    yield Picture(name, page.get_by_role("heading", level=1).first.inner_text(), whose, how)


def _make_smaller(file: Path) -> None:
    if tool := shutil.which("pngquant"):
        subprocess.run([tool, "--force", "--ext", ".png", "--skip-if-larger", "64", str(file)], check=False)


def write_page(folder: Path, pictures: list[Picture]) -> None:
    """Write the page that shows them."""
    lines = [
        "# What the pages look like",
        "",
        f"Taken by `make screens` of the demonstration's ward, {NOW:%-d %B %Y, %H:%M} UTC: every patient and person is",
        "made up.",
    ]
    for each in pictures:
        seen = f"as the {each.whose} sees it" if each.whose else "before signing in"
        way = _WAYS[each.how]
        title = " ".join(each.title.split())
        lines += ["", f"## {title}, {seen}{way}", "", f"![{title}]({each.name}.png)"]
    (folder / "README.md").write_text("\n".join(lines) + "\n", encoding="utf-8")


def main() -> None:
    """Take them."""
    ask = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    ask.add_argument("folder", type=Path, nargs="?", default=FOLDER)
    folder: Path = ask.parse_args().folder
    executable = chromium.path()
    if executable is None:
        sys.exit(chromium.MISSING)
    with chromium.running(executable) as browser:
        pictures = take(browser, folder)
    write_page(folder, pictures)
    print(f"{len(pictures)} pictures are in {folder}")


if __name__ == "__main__":
    main()
