"""Is there such a person? Asked by everything that is about one account; see `service.there` for episodes."""

from orchestrator.errors import Conflict, NotFound
from orchestrator.service.people.rows import PersonRow
from orchestrator.service.ports import Change, Reader


def person_row(reader: Reader, person_id: str) -> PersonRow:
    """Return an account, ended or not. Raises NotFound."""
    row = reader.person(person_id)
    if row is None:
        raise _nobody()
    return row


def live_person(reader: Reader, person_id: str) -> PersonRow:
    """Return an account that is not ended; one that was is as if it were not there. Raises NotFound."""
    row = person_row(reader, person_id)
    if row.ended_at is not None:
        raise _nobody()
    return row


def held_person(change: Change, person_id: str) -> PersonRow:
    """Return an account that is not ended, and keep others from changing any until the transaction ends.

    Raises NotFound, and Conflict for one that was ended.
    """
    change.last_staff_record()
    row = person_row(change, person_id)
    if row.ended_at is not None:
        raise Conflict("this account was ended")
    return row


def name_of(reader: Reader, person_id: str) -> str:
    """Return what a person is called; the id where it is no account's, as of a program that knows its own users."""
    row = reader.person(person_id)
    return person_id if row is None else row.name


def _nobody() -> NotFound:
    return NotFound("there is no such person")
