"""How does a store get a million episodes? A few lives are played on the real engine; copies of them go in by COPY.

    python -m benchmarks.generate DATABASE_URL KEY_FILE --episodes 1000000 --due 2031-01-01T09:00:00Z --processes 2

A life is played once for each template, in memory. Every copy has ids, keys and identifiers of its own: its entries are
sealed and chained anew, its document encrypted with its patient's key. `carepath audit verify --all` and `audit replay
--all` find nothing in such a store. Of the outbox nothing is copied: what was told is taken for delivered, and whoever
did something is taken to have looked before.
"""

import argparse
import hashlib
import os
import time
import uuid
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager, nullcontext
from datetime import UTC, datetime, timedelta
from multiprocessing import get_context
from pathlib import Path
from typing import Any, NamedTuple

import psycopg
from sqlalchemy import Table, make_url, select

from orchestrator.audit import looks
from orchestrator.audit.keys import Keyring, PatientKey, prefixed
from orchestrator.audit.seal import GENESIS, Header, Sealed, open_header, plaintext, seal_text
from orchestrator.bootstrap import System, throwaway_system
from orchestrator.clock import VirtualClock
from orchestrator.episode.commands import Actor, Command
from orchestrator.pathway.loader import Library, load_library
from orchestrator.service.enrolment import EnrolRequest, Identifier
from orchestrator.service.handlers import CLOCK, Request, new_key
from orchestrator.service.ledger import pack, unpack
from orchestrator.service.people.looking import record
from orchestrator.service.people.rows import LookRow
from orchestrator.service.replay import all_entries
from orchestrator.service.rows import EpisodeRow, PathwayRow
from orchestrator.store import keyfile, staff_tables
from orchestrator.store import tables as t
from orchestrator.store.opening import open_store
from orchestrator.store.pipeline import kinds

ROOT = Path(__file__).parents[1]
PATHWAY = "post-viral-cerebellar-demyelination"
ACTOR = Actor("bench", "clinician")
WARDS = 40
CHUNK = 2_000
SYSTEM = "hospital-number"
_PROJECTIONS = (t.item, t.notice)
_LARGE = "('entry'::regclass, 'log_pending'::regclass, 'notice'::regclass, 'look'::regclass)"
_KEYS = (
    "SELECT conrelid::regclass::text, conname, pg_get_constraintdef(oid) FROM pg_constraint"
    f" WHERE contype IN ('p', 'u') AND conrelid IN {_LARGE}"
)
_INDEXES = (
    "SELECT indexrelid::regclass::text, pg_get_indexdef(indexrelid) FROM pg_index"
    f" WHERE indrelid IN {_LARGE} AND indexrelid NOT IN (SELECT conindid FROM pg_constraint)"
)
_STORED = len(EpisodeRow._fields) - 2


class Entry(NamedTuple):
    """One entry of a template: its header, and its body's canonical bytes."""

    header: Header
    body: bytes


class Template(NamedTuple):
    """A life that was played, in the clear; copies differ in ids, keys and ward."""

    row: EpisodeRow
    entries: tuple[Entry, ...]
    document: bytes
    projections: tuple[tuple[dict[str, Any], ...], ...]


class Copies(NamedTuple):
    """So many copies of one life."""

    template: Template
    count: int  # type: ignore[assignment]  # no tuple is asked how often it holds something


def play(library: Library, at: datetime, commands: Sequence[Command] = (), pathway: str = PATHWAY) -> Template:
    """Return the life of a patient who is enrolled at a moment, with commands that follow a second apart."""
    clock = VirtualClock(at)
    with throwaway_system(library, clock) as system:
        who = (Identifier("template", "0"),)
        answer = system.enrolments.enrol(EnrolRequest(pathway, who, "ward-0", "Europe/London", ACTOR, new_key()))
        for command in commands:
            clock.advance(timedelta(seconds=1))
            done = system.handlers.execute(Request(answer.episode_id, command, ACTOR, new_key()))
            assert done.accepted, done
        return template(system, answer.episode_id)


def template(system: System, episode_id: str) -> Template:
    """Return the life that an episode had in a system of its own."""
    with system.store.read() as reader:
        row = reader.episode(episode_id)
        assert row is not None
        key = system.desk.key(row)
        entries = tuple(Entry(open_header(each), plaintext(key, each)) for each in all_entries(reader, episode_id))
        found = [reader._sql.execute(select(table)).mappings() for table in _PROJECTIONS]
        projections = tuple(tuple(dict(each) for each in rows) for rows in found)
        return Template(row, entries, unpack(key, row.episode_id, row.document), projections)


def due_at(library: Library, due: datetime, *, after: timedelta | None = None) -> Template:
    """Return the life of somebody enrolled so that his first alarm goes off at a moment.

    after: how long after the enrolment that is, where it is known already (see `alarm`).
    """
    made = play(library, due - (alarm(library) if after is None else after))
    assert made.row.next_due_at == due
    return made


def alarm(library: Library) -> timedelta:
    """Return how long after an enrolment its first alarm goes off."""
    row = play(library, datetime(2026, 1, 5, 9, tzinfo=UTC)).row
    assert row.next_due_at is not None
    return row.next_due_at - row.enrolled_at


Rows = dict[Table, list[tuple[Any, ...]]]
"""Rows for each table, its columns in their order."""


def copy(template: Template, keyring: Keyring) -> tuple[EpisodeRow, Rows]:
    """Return one copy: its episode as the service sees it, and all its rows."""
    old = template.row
    episode_id, patient_id = _uuid(), _uuid()
    kek_id, wrapped = keyring.new_patient_key(patient_id)
    key = keyring.open(kek_id, wrapped, patient_id)
    ward = f"ward-{int(episode_id[:4], 16) % WARDS}"

    def renamed(content: bytes) -> bytes:
        for before, after in (
            (old.episode_id, episode_id),
            (old.patient_id, patient_id),
            (f'"{old.ward}"', f'"{ward}"'),
        ):
            content = content.replace(before.encode(), after.encode())
        return content

    entries = _chained(template, episode_id, ward, key, renamed)
    row = old._replace(
        episode_id=episode_id, patient_id=patient_id, ward=ward, tag=open_header(entries[-1]).tag,
        chain_hash=entries[-1].hash, document=pack(key, episode_id, renamed(template.document)),
        kek_id=kek_id, wrapped_key=wrapped,
    )  # fmt: skip
    hashed = keyring.identifier_hash(SYSTEM, patient_id)
    identifier = key.encrypt(prefixed(SYSTEM.encode(), patient_id.encode()), hashed)
    made: Rows = {
        t.patient: [(patient_id, kek_id, wrapped, old.enrolled_at)],
        t.patient_identifier: [(hashed, patient_id, identifier)],
        t.episode: [row[:_STORED]],
        t.open_enrolment: [] if row.closed else [(patient_id, row.pathway, episode_id)],
        t.entry: [(*each[:3], each.header.decode(), *each[4:]) for each in entries],
        t.log_pending: [(episode_id, each.seq, each.hash) for each in entries],
        staff_tables.look: list(_looks(template, episode_id, patient_id, keyring.look_mac)),
    }
    for table, rows in zip(_PROJECTIONS, template.projections, strict=True):
        made[table] = [tuple({**each, "episode_id": episode_id, "ward": ward}.values()) for each in rows]
    return row, made


def _chained(
    template: Template, episode_id: str, ward: str, key: PatientKey, renamed: Callable[[bytes], bytes]
) -> list[Sealed]:
    made: list[Sealed] = []
    for header, body in template.entries:
        own = header._replace(
            episode_id=episode_id,
            ward=ward,
            cause_id=hashlib.sha256(f"{header.cause_id} {episode_id}".encode()).hexdigest(),
            tag=key.mac(b"tag", header.tag.encode())[:8].hex(),
            request=header.request and key.mac(b"request", header.request.encode()).hex(),
        )
        made.append(seal_text(key, own, renamed(body), made[-1].hash if made else GENESIS))
    return made


def _looks(template: Template, episode_id: str, patient_id: str, mac: looks.Mac) -> Iterator[LookRow]:
    """Yield a look for each entry that a person made."""
    seq, previous = 0, GENESIS
    for header, _ in template.entries:
        if header.actor == CLOCK.id:
            continue
        at, seq = datetime.fromisoformat(header.at), seq + 1
        row = LookRow(patient_id, seq, at, header.actor, header.role, "read", "episode", episode_id, False, None, b"")
        previous = looks.link(mac, previous, record(row))
        yield row._replace(hash=previous)


def _uuid() -> str:
    return str(uuid.UUID(bytes=os.urandom(16), version=4))


def fill(url: str, keys: Path, wanted: Iterable[Copies], processes: int = 1, *, bare: bool = False) -> list[str]:
    """Put copies into a PostgreSQL store that `prepare` has made, and have it gather statistics; return their ids.

    bare: without the indexes of the largest tables, which are made again at the end; nobody may work there meanwhile.
    """
    library = load_library(ROOT / "workflows")
    _keep(url, keys, library)
    parts = list(_parts(wanted))
    shares = [(url, keys, parts[number::processes]) for number in range(processes)]
    with _bared(url) if bare else nullcontext():
        if processes == 1:
            ids = _load(*shares[0])
        else:
            with ProcessPoolExecutor(processes, get_context("spawn")) as pool:
                ids = [each for share in pool.map(_load, *zip(*shares, strict=True)) for each in share]
    with connected(url) as connection:
        connection.execute("VACUUM (ANALYZE)")
    return ids


@contextmanager
def _bared(url: str) -> Iterator[None]:
    """Take the indexes away from the largest tables, and make them again."""
    with connected(url) as connection:
        keys = connection.execute(_KEYS).fetchall()
        plain = connection.execute(_INDEXES).fetchall()
        for table, name, _ in keys:
            connection.execute(f"ALTER TABLE {table} DROP CONSTRAINT {name}".encode())
        for name, _ in plain:
            connection.execute(f"DROP INDEX {name}".encode())
    yield
    with connected(url) as connection:
        connection.execute("SET maintenance_work_mem = '1GB'")
        for table, name, definition in keys:
            connection.execute(f"ALTER TABLE {table} ADD CONSTRAINT {name} {definition}".encode())
        for _, definition in plain:
            connection.execute(definition.encode())


def _parts(wanted: Iterable[Copies]) -> Iterator[list[Copies]]:
    """Cut the work into parts of `CHUNK` episodes."""
    part: list[Copies] = []
    room = CHUNK
    for template, count in wanted:
        left = count
        while left:
            taken = min(left, room)
            part.append(Copies(template, taken))
            left, room = left - taken, room - taken
            if not room:
                yield part
                part, room = [], CHUNK
    if part:
        yield part


def _load(url: str, keys: Path, parts: Sequence[Sequence[Copies]]) -> list[str]:
    keyring = keyfile.load(keys).ring
    ids = []
    with connected(url) as connection:
        for part in parts:
            rows: Rows = {}
            for template, count in part:
                for _ in range(count):
                    episode, made = copy(template, keyring)
                    ids.append(episode.episode_id)
                    for table, each in made.items():
                        rows.setdefault(table, []).extend(each)
            with connection.transaction():
                for table, content in rows.items():
                    _send(connection, table, content)
    return ids


def _send(connection: psycopg.Connection[Any], table: Table, rows: Iterable[tuple[Any, ...]]) -> None:
    names = [column.name for column in table.columns]
    with connection.cursor().copy(
        f"COPY {table.name} ({', '.join(names)}) FROM STDIN (FORMAT BINARY)".encode()
    ) as stream:
        stream.set_types([kind.type for kind in kinds(table, names)])
        for row in rows:
            stream.write_row(row)


def _keep(url: str, keys: Path, library: Library) -> None:
    """Keep every pathway version in the store, as an enrolment would."""
    opened = open_store(url, keys)
    with opened.store.change() as change:
        for each in library.pathways:
            change.keep_pathway(PathwayRow(each.hash, each.name, each.version, each.text, change.times().now))
    opened.store.close()


def connected(url: str) -> psycopg.Connection[Any]:
    """Return a plain connection to the database of a store."""
    plain = make_url(url).set(drivername="postgresql").render_as_string(hide_password=False)
    return psycopg.connect(plain, autocommit=True)


def main() -> None:
    """Fill a store."""
    ask = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    ask.add_argument("url", help="postgresql://…: a store that `carepath db upgrade` has made")
    ask.add_argument("keys", type=Path, help="its key file")
    ask.add_argument("--episodes", type=int, default=1000)
    ask.add_argument("--due", type=datetime.fromisoformat, default=None, help="when their alarms go off")
    ask.add_argument("--processes", type=int, default=os.cpu_count() or 1)
    asked = ask.parse_args()
    due = asked.due or datetime.now(UTC) + timedelta(days=3 * 365)
    template = due_at(load_library(ROOT / "workflows"), due.astimezone(UTC))
    began = time.perf_counter()
    fill(asked.url, asked.keys, [Copies(template, asked.episodes)], asked.processes)
    took = time.perf_counter() - began
    print(f"{asked.episodes} episodes in {took:.1f} s, {asked.episodes / took:.0f} a second")


if __name__ == "__main__":
    main()
