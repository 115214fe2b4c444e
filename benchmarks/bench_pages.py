"""How soon is a page there, with a million episodes in the store and ten thousand of them open? On PostgreSQL.

    python -m benchmarks.bench_pages [--episodes 1000000] [--open 10000] [--seconds 2] [--callers 8] [--plans] [--quick]

The store is filled with lives of all pathways at every stage (see lives.py); then `carepath api` is asked over loopback
by people who have signed in: each page again and again, by one caller who waits for each answer, then by some at once.
Each look goes on record as ever. Given are times in the server (see face.py) and on the wire, and what travels at the
first visit and at later ones. With --plans: what the statements of each page read in the database, too.
"""

import argparse
import gzip
import re
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

from fastapi.testclient import TestClient

from benchmarks.face import Answer, Browser, answering
from benchmarks.generate import fill
from benchmarks.lives import lives
from benchmarks.place import Place, percentile, place
from benchmarks.visitors import PASSWORD, Page, pages, settle, sign_in
from orchestrator.bootstrap import System
from orchestrator.store.postgres import PostgresStore
from orchestrator.web.app import create_pages
from tests.statements import listening, plan

MEDIAN_MS, P99_MS, MOST_KB = 50, 150, 100
LEAST = 30
"""So often each page is asked for at least, however long that takes."""
_ASSET = re.compile(rb'(?:href|src)="(/static/[^"]+)"')
_FASTER = ("full_page_writes = off", "synchronous_commit = off", "autovacuum = off")
"""How the server is set while it is filled, and no longer."""


@dataclass
class Found:
    """What was found of a page. inside, outside: milliseconds in the server and on the wire, of one caller, of some."""

    page: Page
    first: int = 0
    later: int = 0
    inside: dict[int, list[float]] = field(default_factory=dict)
    outside: dict[int, list[float]] = field(default_factory=dict)

    def told(self) -> str:
        """Return a line."""
        parts = [f"{self.page.name:34}"]
        for callers, inside in self.inside.items():
            worst, outside = max(inside), self.outside[callers]
            parts.append(
                f"{callers}: p50 {percentile(inside, 0.5):6.1f} p99 {percentile(inside, 0.99):6.1f} max {worst:6.1f} ms"
                f" (wire {percentile(outside, 0.5):6.1f} {percentile(outside, 0.99):6.1f}), {len(inside):4} times"
            )
        return "  ".join([*parts, f"first visit {self.first / 1000:5.1f} kB, later {self.later / 1000:5.1f} kB"])

    @property
    def meets(self) -> bool:
        """Tell whether the page is as quick and as small as it is to be, by one caller."""
        inside = self.inside[1]
        quick = percentile(inside, 0.5) < MEDIAN_MS and percentile(inside, 0.99) < P99_MS
        return self.first < MOST_KB * 1000 and (quick or not self.page.goal)


def filled(at: Place, system: System, episodes: int, still: int) -> tuple[list[str], list[str]]:
    """Fill the store; return episodes that are open, some weeks old and five years old."""
    began = time.perf_counter()
    found = lives(at.library, datetime.now(UTC), still=still, gone=episodes - still, staff=settle(system))
    played = time.perf_counter() - began
    at.run(*(f"ALTER SYSTEM SET {each}" for each in _FASTER), "SELECT pg_reload_conf()")
    fill(at.url, at.settings.keys, found, processes=2, bare=True)
    at.run(*(f"ALTER SYSTEM RESET {each.split()[0]}" for each in _FASTER), "SELECT pg_reload_conf()")
    claim(at)
    at.run("CHECKPOINT", "VACUUM (ANALYZE)")
    ((size, entries, notices, items),) = at.sql(
        "SELECT pg_database_size(current_database()), (SELECT count(*) FROM entry), (SELECT count(*) FROM notice),"
        " (SELECT count(*) FROM item)"
    )
    took = time.perf_counter() - began
    print(
        f"{episodes} episodes of {len(found)} lives, {still} of them open: {entries} entries, {notices} notices,"
        f" {items} open items, {size / 1e9:.1f} GB; played in {played:.0f} s, loaded in {took - played:.0f} s",
        flush=True,
    )
    chosen = "SELECT episode_id FROM episode WHERE NOT closed AND seq {} ORDER BY episode_id LIMIT 24"
    old, short = (at.sql(chosen.format(each)) for each in (f"= {len(found[0].template.entries)}", "< 300"))
    return [row[0] for row in short], [row[0] for row in old]


def claim(at: Place) -> None:
    """Let the nurses of each ward have taken some of what is open there."""
    at.run(
        "INSERT INTO claim SELECT i.episode_id, i.kind, i.key, i.ward, p.person_id, now(), NULL, NULL, NULL FROM item i"
        " JOIN LATERAL (SELECT min(person_id) AS person_id FROM post WHERE ward = i.ward AND role = 'nurse') p ON true"
        " WHERE p.person_id IS NOT NULL AND hashtext(i.episode_id || i.key) % 7 = 0"
    )


def plans(system: System, opened: Sequence[Page]) -> None:
    """Print for each page what its statements read: how many, their time in the database, the most of one table."""
    assert isinstance(system.store, PostgresStore)
    engine, app = system.store._engine, create_pages(system, timezone="Europe/London")
    for page in opened:
        token = system.signing.sign_in(page.login, PASSWORD).token
        client = TestClient(app, client=("127.0.0.1", 50000), cookies={"carepath": token})
        with listening(engine) as sent:
            client.get(page.paths[0])
        done = [plan(engine, one) for one in sent]
        read = max(((count, table) for each in done for table, count in each.read.items()), default=(0, "nothing"))
        spent, touched = sum(each.milliseconds for each in done), sum(each.buffers for each in done)
        print(
            f"{page.name:34} {len(done):2} statements, {spent:6.1f} ms, {touched:6} buffers; the most that one of them"
            f" reads: {read[0]} of {read[1]}",
            flush=True,
        )


def measure(at: Place, seconds: float, callers: int, episodes: int, still: int, *, planned: bool) -> bool:
    """Fill a store, ask for every page, and print; return whether all is as it is to be. planned: plans as well."""
    with at.open() as system:
        short, old = filled(at, system, episodes, still)
        opened = pages(short, old)
        if planned:
            plans(system, opened)
        with answering(at.settings) as port:
            found = [asked(system, port, page, seconds, callers) for page in opened]
        missed = [each.page.name for each in found if not each.meets]
    print(f"goal: {MEDIAN_MS} ms median, {P99_MS} ms p99 in the server, first visit under {MOST_KB} kB: " + (
        f"missed by {', '.join(missed)}" if missed else "met by every page"
    ))  # fmt: skip
    return not missed


def asked(system: System, port: int, page: Page, seconds: float, callers: int) -> Found:
    """Ask for a page, by one caller and by some at once."""
    found = Found(page)
    browsers = [sign_in(system, port, page.login) for _ in range(callers)]
    found.first, found.later = travels(browsers[0], page.paths[0])
    for path in page.paths:  # whatever is made once is made now
        shown(browsers[0], path)
    for many in (1, callers):
        answers = together(browsers[:many], page.paths, seconds)
        found.inside[many] = [1000 * each.inside for each in answers]
        found.outside[many] = [1000 * each.seconds for each in answers]
    for each in browsers:
        each.close()
    print(found.told(), flush=True)
    return found


def travels(browser: Browser, path: str) -> tuple[int, int]:
    """Return how many bytes travel at the first visit of a page, with all that it loads, and at the second."""
    first = shown(browser, path)
    page = first.body if "gzip" not in first.headers.get("content-encoding", "") else gzip.decompress(first.body)
    assets = dict.fromkeys(each.decode() for each in _ASSET.findall(page))
    return first.size + sum(shown(browser, each).size for each in assets), first.size


def together(browsers: Sequence[Browser], paths: Sequence[str], seconds: float) -> list[Answer]:
    """Return the answers to callers who each ask on as soon as they are answered, for so long."""
    found: list[Answer] = []
    failures: list[BaseException] = []
    until = time.perf_counter() + seconds

    def ask(number: int, browser: Browser) -> None:
        try:
            done = 0
            while time.perf_counter() < until or done * len(browsers) < LEAST:
                found.append(shown(browser, paths[(number + done) % len(paths)]))
                done += 1
        except BaseException as error:
            failures.append(error)

    threads = [threading.Thread(target=ask, args=each) for each in enumerate(browsers)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    if failures:
        raise failures[0]
    return found


def shown(browser: Browser, path: str) -> Answer:
    """Return a page that must be there."""
    answer = browser.get(path)
    assert answer.status == 200, (path, answer.status)
    return answer


def main() -> None:
    """Measure and print."""
    ask = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    ask.add_argument("--episodes", type=int, default=1_000_000)
    ask.add_argument("--open", type=int, default=10_000, dest="still")
    ask.add_argument("--seconds", type=float, default=2.0, help="for which each page is asked for")
    ask.add_argument("--callers", type=int, default=8)
    ask.add_argument("--plans", action="store_true", help="print what the statements of each page read, too")
    ask.add_argument("--quick", action="store_true", help="two thousand episodes, to see that it runs")
    asked_for = ask.parse_args()
    if asked_for.quick:
        asked_for.episodes, asked_for.still, asked_for.seconds = 2_000, 300, 0.2
    with place() as at:
        measure(at, asked_for.seconds, asked_for.callers, asked_for.episodes, asked_for.still, planned=asked_for.plans)


if __name__ == "__main__":
    main()
