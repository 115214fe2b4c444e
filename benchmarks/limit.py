"""What is the most that this server could do? pgbench writes the rows and bytes of one command, from as many clients.

Seven round trips (begin, lock and read, episode, entry, queued hash, items, commit) or one statement. The parameters
are ready made: nothing is decided, sealed, compressed or encrypted. The tables are the store's own, with its indexes.
"""

import re
import shutil
import subprocess
import tempfile
from pathlib import Path

from sqlalchemy import make_url

from benchmarks.place import Place
from orchestrator.service.rows import EpisodeRow, Write

PREFIX = "00000000-0000-4000-8000-"
_FIRST = 100_000_000_000
EPISODES = 2_000
_READ = ", ".join(f"e.{name}" for name in EpisodeRow._fields[:-2])
_ID = f"'{PREFIX}' || :n"
_LOCK = (
    f"SELECT {_READ}, p.kek_id, p.wrapped_key FROM episode e JOIN patient p ON p.patient_id = e.patient_id"
    f" WHERE e.episode_id = {_ID} FOR NO KEY UPDATE OF e"
)
_UPDATE = (
    "UPDATE episode SET ward = :ward, state = :state, seq = {seq} + 1, at = now(), next_due_at = :due, closed = false,"
    " tag = :tag, chain_hash = :hash, document = :document, set_aside_until = NULL, attempts = 0"
    f" WHERE episode_id = {_ID}"
)
_APPEND = f"INSERT INTO entry VALUES ({_ID}, {{seq}} + 1, int8send(:cause) || :rest, :header, :hash, :body, :hash)"
_LOG = f"INSERT INTO log_pending VALUES ({_ID}, {{seq}} + 1, :hash)"
_GONE = f"DELETE FROM item WHERE episode_id = {_ID} AND kind = 'dose' AND key = 'k' || {{seq}}"
_CHANGED = (
    f"INSERT INTO item VALUES ({_ID}, 'dose', 'k' || ({{seq}} + 1), :name, :role, :ward, :at)"
    " ON CONFLICT (episode_id, kind, key) DO UPDATE SET name = excluded.name, role = excluded.role,"
    " ward = excluded.ward, due_at = excluded.due_at"
)
_SEQ = ":seq::int"
_SEVEN = (
    "BEGIN",
    f"{_LOCK} \\gset",
    _UPDATE.format(seq=_SEQ),
    _APPEND.format(seq=_SEQ),
    _LOG.format(seq=_SEQ),
    f"WITH gone AS ({_GONE.format(seq=_SEQ)}) {_CHANGED.format(seq=_SEQ)}",
    "COMMIT",
)
_HELD = "(SELECT seq FROM held)"
_ONE = (
    f"WITH held AS MATERIALIZED ({_LOCK}), written AS ({_UPDATE.format(seq=_HELD)}),"
    f" entries AS ({_APPEND.format(seq=_HELD)}), logged AS ({_LOG.format(seq=_HELD)}),"
    f" gone AS ({_GONE.format(seq=_HELD)}), changed AS ({_CHANGED.format(seq=_HELD)}) SELECT 1"
)


def pgbench(place: Place) -> Path | None:
    """Return where pgbench is, or None."""
    beside = place.server.binaries / "pgbench"
    found = str(beside) if beside.exists() else shutil.which("pgbench")
    return Path(found) if found else None


def prepare(place: Place, like: str) -> None:
    """Make episodes for pgbench to write to, copies of one that is there, with the same number of open items."""
    place.run(
        f"CREATE TEMP TABLE twin AS SELECT '{PREFIX}' || n AS twin"
        f" FROM generate_series({_FIRST}, {_FIRST + EPISODES - 1}) n",
        *(
            f"INSERT INTO {table} SELECT (jsonb_populate_record(x, jsonb_build_object('episode_id', twin))).*"
            f" FROM {table} x, twin WHERE x.episode_id = '{like}'"
            for table in ("episode", "entry", "log_pending", "item")
        ),
        f"INSERT INTO item SELECT twin, 'dose', 'k' || seq, name, role, i.ward, due_at FROM twin"
        f" JOIN episode ON episode_id = twin, item i WHERE i.episode_id = '{like}' AND i.kind = 'dose'",
        "ANALYZE",
    )


class Limit:
    """pgbench with the two scripts, writing what one command wrote. What is as long as a body travels each time."""

    def __init__(self, place: Place, written: Write) -> None:
        (entry,), (item,) = written.entries, written.changed
        assert len(written.gone) == 1
        row = written.row
        self._place = place
        self._given = {
            "document": _hex(row.document), "header": entry.header.decode(), "body": _hex(entry.body),
            "hash": _hex(entry.hash), "rest": _hex(entry.cause_id[8:]), "state": row.state, "tag": row.tag,
            "due": (row.next_due_at or row.at).isoformat(), "name": item.name, "role": item.role,
            "at": item.due_at.isoformat(), "ward": row.ward,
        }  # fmt: skip
        self.seven, self.one = _script(*_SEVEN), _script(_ONE)
        self.told = (
            f"a command writes 1 episode (document {len(row.document)} bytes), 1 entry (header {len(entry.header)},"
            f" body {len(entry.body)}), 1 queued hash, 1 item, and removes 1 item"
        )

    def rate(self, script: str, clients: int, seconds: float) -> float:
        """Return how many transactions a second so many clients make."""
        program, address = pgbench(self._place), make_url(self._place.url)
        given = [word for name, value in self._given.items() for word in ("-D", f"{name}={value}")]
        with tempfile.NamedTemporaryFile("w", suffix=".sql") as file:
            file.write(script)
            file.flush()
            command = [
                str(program), "-n", "-M", "prepared", "-f", file.name, "-c", str(clients), "-j", str(min(clients, 2)),
                "-T", f"{seconds:.0f}", *given, "-h", str(address.query["host"]), "-U", str(address.username),
                str(address.database),
            ]  # fmt: skip
            done = subprocess.run(command, capture_output=True, text=True, check=False)
        found = re.search(r"tps = ([\d.]+)", done.stdout)
        if done.returncode or found is None:
            raise RuntimeError(f"pgbench failed: {done.stderr[-500:]}")
        return float(found[1])


def _hex(content: bytes) -> str:
    return f"\\x{content.hex()}"


def _script(*statements: str) -> str:
    draw = f"\\set n random({_FIRST}, {_FIRST + EPISODES - 1})\n\\set cause random(1, 4000000000000000000)\n"
    return draw + "\n".join(each if each.endswith("\\gset") else f"{each};" for each in statements) + "\n"
