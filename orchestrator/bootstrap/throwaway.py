"""Where is tried what must leave nothing behind? In a store that is gone when it is closed: stories, simulations."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from orchestrator.bootstrap.system import System, assemble
from orchestrator.clock import Clock, HostClock
from orchestrator.pathway.loader import Library, load_library, load_text, without_local
from orchestrator.pathway.model import Pathway
from orchestrator.service.desk import Desk
from orchestrator.service.engine import EpisodeEngine
from orchestrator.service.scenario.proof import FOLDER, Proof
from orchestrator.service.scenario.proof import prove as prove_stories
from orchestrator.service.shelf import Shelf
from orchestrator.store import opening, stages


def throwaway_system(workflows: Path | Library, clock: Clock, wall: Clock | None = None) -> System:
    """Return a system on an empty store in memory, gone when it is closed: for scenarios and simulations.

    workflows: the folder, or pathways that were read before, which saves reading them for every story anew.
    wall: what the wall shows, where that is not this machine's clock.
    """
    library = load_library(workflows) if isinstance(workflows, Path) else workflows
    store, keyring = opening.open_throwaway(clock, wall)
    return replace(assemble(store, keyring, library, clock, None), host=wall or HostClock())


@contextmanager
def stage(library: Library, url: str | None = None) -> Iterator[Callable[[Clock], Desk]]:
    """Give a place for scenarios: a function from a story's clock to a desk; nothing of it is left afterwards.

    url: a database in which the place is made; in memory for None.
    """
    shelf = Shelf(library, load_text)
    with stages.stage(url) as opened:
        yield lambda clock: Desk(*opened(clock), shelf, EpisodeEngine())


def prove(pathway: Pathway, file: Path) -> Proof:
    """Play the stories beside a pathway file on the pathway, each in a throw-away store.

    They speak of the pathway's own defaults, and are played on those: a hospital's values are held by their ranges.
    """
    plain = without_local(pathway)
    with stage(Library((plain,))) as opened:
        return prove_stories(plain, file.absolute().parent / FOLDER, opened)
