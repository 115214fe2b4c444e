"""How does what lies under older keys of the key file come under its newest? A few at a time, beside whoever works.

Each is exchanged only where it is as it was read: one that was destroyed meanwhile stays so. Whoever read it before
opens it still, for the older keys stay in the file. Ended in between it goes on where it was, for what is done is no
longer under an older key.
"""

from typing import NamedTuple

from orchestrator.audit.keys import Keyring
from orchestrator.errors import KeyMissing, WrongKey
from orchestrator.service.ports import Change, Store
from orchestrator.service.rows import PatientRow

_AT_ONCE = 100


class Rewrapped(NamedTuple):
    """What one run did. patients, factors: how many came under the newest key.   closed: ids of the patients, and of
    the persons with an authenticator app, whose key or secret does not open: they stay as they are."""

    patients: int
    factors: int
    closed: tuple[str, ...]


def rewrap(store: Store, keyring: Keyring) -> Rewrapped:
    """Bring everything under the active key. Raises StoreError: what was done until then stays done."""
    patients, closed, after = 0, [], ""
    while True:
        with store.change() as change:
            rows = change.wrapped_by_others(keyring.active.id, after, _AT_ONCE)
            done = [_patient(change, keyring, row) for row in rows]
        patients += done.count(True)
        closed += [row.patient_id for row, well in zip(rows, done, strict=True) if well is None]
        if len(rows) < _AT_ONCE:
            break
        after = rows[-1].patient_id
    factors, unopened = _factors(store, keyring)
    return Rewrapped(patients, factors, (*closed, *unopened))


def _patient(change: Change, keyring: Keyring, row: PatientRow) -> bool | None:
    """Exchange one, and return whether it was as it was read; None where it does not open."""
    assert row.wrapped_key is not None, "those whose key is destroyed are not asked for"
    try:
        wrapped = keyring.rewrap(row.kek_id, row.wrapped_key, row.patient_id)
    except (KeyMissing, WrongKey):
        return None
    return change.rewrap(row, keyring.active.id, wrapped)


def _factors(store: Store, keyring: Keyring) -> tuple[int, list[str]]:
    done, unopened = 0, []
    with store.change() as change:
        for row in change.factors_of_others(keyring.active.id):
            try:
                secret = keyring.open_factor(row.kek_id, row.sealed, row.person_id)
            except (KeyMissing, WrongKey):
                unopened.append(row.person_id)
                continue
            done += change.reseal_factor(row, *keyring.seal_factor(row.person_id, secret))
    return done, unopened
