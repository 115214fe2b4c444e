"""Which pages are there? Those that the routers serve, so that no new one can be forgotten, each for what is there."""

import re
from collections.abc import Callable, Iterator, Sequence
from itertools import product
from urllib.parse import quote

from orchestrator.http.needs import served
from orchestrator.pathway.model import Pathway
from orchestrator.service.demo.cast import WARDS
from orchestrator.service.worklist.claims import handle_of
from orchestrator.service.worklist.rows import ItemId
from tests.browser.site import Site

NO_PAGES = {"/static/{version}/{name:path}": "files that pages load", "/live": "a stream of what has changed"}
"""What answers a GET and is no page, and what it is instead."""
_NAME = re.compile(r"{(\w+)(?::\w+)?}")


def of(site: Site) -> list[str]:
    """Return every address under which a page can be opened, for each thing that is there."""
    found = [address for path in paths(site) for address in _filled(site, path)]
    return sorted(dict.fromkeys(found))


def best(site: Site, path: str) -> str:
    """Return the address of a page where there is most to be seen: of the patient with most courses and open items."""
    filled = list(_filled(site, path))
    return max(filled, key=lambda address: _much(site, address)) if "{episode_id}" in path else filled[0]


def name(path: str) -> str:
    """Return what a page is called, by its address: `episodes-one-report`."""
    return "-".join(_NAME.sub("one", path).strip("/").split("/")) or "first"


def paths(site: Site) -> list[str]:
    """Return the addresses of all pages, with names in them for what can stand there."""
    found = [each.path for each in served(site.faces.pages) if "GET" in each.methods]
    return [path for path in found if path not in NO_PAGES]


def _filled(site: Site, path: str) -> Iterator[str]:
    """Yield a route's addresses, as a browser writes them: with each value for each name in it."""
    names = _NAME.findall(path)
    missing = [name for name in names if name not in _VALUES]
    assert not missing, f"say in {__name__} what can stand for {missing} in {path}"
    for values in product(*(_VALUES[name](site) for name in names)):
        yield _NAME.sub("{}", path).format(*(quote(value) for value in values))


def _episodes(site: Site) -> Sequence[str]:
    """Return one patient of each stage, and one of the ward that has people of its own."""
    asked = "SELECT min(episode_id) FROM episode WHERE ward {} '" + WARDS[-1] + "' GROUP BY {}"
    with site.system.store.read() as reader:
        rows = [
            *reader._sql.exec_driver_sql(asked.format("<>", "substr(state, 1, 5)")),
            *reader._sql.exec_driver_sql(asked.format("=", "ward")),
        ]
        return [str(row[0]) for row in rows]


def _much(site: Site, address: str) -> tuple[int, int]:
    shown = site.system.queries.show(address.split("/")[2])
    running = [each for each in shown["courses"] if each["in_force"]]
    return (len(running), len(shown["upcoming"]))


def _newest(site: Site) -> list[Pathway]:
    library = site.system.library
    return [library.newest(name) for name in dict.fromkeys(each.name for each in library.pathways)]


def _people(site: Site) -> Sequence[str]:
    return [each["person_id"] for each in site.system.people.people()][:2]


def _handles(site: Site) -> Sequence[str]:
    """Return what stands for one open item of one of these patients: of another it names nothing."""
    with site.system.store.read() as reader:
        items = (item for episode_id in _episodes(site) for item in reader.items(episode_id))
        return [handle_of(site.system.keyring, ItemId(*next(items)[:3]))]


_VALUES: dict[str, Callable[[Site], Sequence[str]]] = {
    "episode_id": _episodes,
    "handle": _handles,
    "person_id": _people,
    "notice": lambda _: ["nothing.1.0"],
    "ward": lambda _: WARDS,
    "name": lambda site: [each.name for each in _newest(site)],
    "version": lambda site: [each.version for each in _newest(site)],
}
