"""Does what stands in the store agree with what is on record? Holds, merges and erasures of a patient, both ways.

Each is a row that works, and a record in the patient's chain that proves who did it. Who writes to the store past us
makes the one without the other: a hold that nobody placed, one that nobody ended and is gone, two patients made one.
"""

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from orchestrator.audit.chain import Fault
from orchestrator.service.people.rows import LookRow
from orchestrator.service.ports import Reader

Merge = tuple[str, str]
"""The other record, and who said so."""


class State(NamedTuple):
    """What holds of a patient. held: by whom, and why.   by: what replaces this record.   of: what it replaces."""

    held: tuple[str, str] | None
    by: frozenset[Merge]
    of: frozenset[Merge]
    erased: bool


KINDS = frozenset({"held", "hold-ended", "erased", "merged", "unmerged"})
"""Of the records that say so."""
NOTHING = State(None, frozenset(), frozenset(), erased=False)


def on_record(rows: Iterable[LookRow]) -> State:
    """Return what the records of a chain come to. rows: the first one first."""
    state = NOTHING
    for row in rows:
        state = _after(state, row)
    return state


def in_store(reader: Reader, patient_id: str) -> State:
    """Return what stands in the store; nothing of a patient who is not there."""
    hold, patient, merges = reader.hold(patient_id), reader.patient(patient_id), reader.merges([patient_id])
    return State(
        None if hold is None else (hold.held_by, hold.reason),
        frozenset((row.kept_id, row.merged_by) for row in merges if row.patient_id == patient_id),
        frozenset((row.patient_id, row.merged_by) for row in merges if row.kept_id == patient_id),
        erased=patient is not None and patient.wrapped_key is None,
    )


def differences(record: State, store: State) -> Iterator[Fault]:
    """Yield in what the two differ; number 0, for it is no record's fault."""
    if record.held != store.held:
        yield Fault(0, _HELD[record.held is not None, store.held is not None])
    for told, there, how in ((record.by, store.by, "is replaced by"), (record.of, store.of, "replaces")):
        yield from (Fault(0, f"it {how} {other}, and no record says that {who} did it") for other, who in there - told)
        yield from (
            Fault(0, f"by the record it {how} {other}, as {who} said, and it does not") for other, who in told - there
        )
    if record.erased != store.erased:
        yield Fault(
            0, "its key is destroyed, and no record says so" if store.erased else "it was erased, and has a key"
        )


_HELD = {
    (False, True): "it is held, and no record says by whom",
    (True, False): "by the record it is held, and it is not",
    (True, True): "it is held by another, or for another reason, than the record says",
}


def _after(state: State, row: LookRow) -> State:
    """Return what holds after one more record."""
    match row.kind:
        case "held":
            return state._replace(held=(row.by, row.what))
        case "hold-ended":
            return state._replace(held=None)
        case "erased":
            return state._replace(erased=True)
        case "merged" | "unmerged":
            return _linked(state, row)
        case _:
            return state


def _linked(state: State, row: LookRow) -> State:
    """Return what holds after a merge, or after one was taken back: see what `merging` records."""
    how, other = row.what.partition(";")[0].split(" ")
    made = {(other, row.by)} if row.kind == "merged" else set()
    if how in {"replaced-by", "was-replaced-by"}:
        return state._replace(by=_without(state.by, other) | made)
    return state._replace(of=_without(state.of, other) | made)


def _without(merges: frozenset[Merge], other: str) -> frozenset[Merge]:
    return frozenset(each for each in merges if each[0] != other)
