"""Which errors can a caller meet? One tree; the faces map it to problems and exit codes in one place.

A *refusal* (a guard said no) is not an exception but a returned value, and is audited; see ``episode.decide``.
No message holds a patient's data: codes, field names and identifiers only.
"""

from collections.abc import Iterable
from typing import ClassVar


class CarepathError(Exception):
    """Base of every error that a caller can cause or meet; its text is one line that says what to do.

    code: what programs tell it by; stable.
    """

    code: ClassVar[str] = "error"


class InputError(CarepathError):
    """What was handed in cannot be read or does not fit; nothing was written."""

    code = "invalid-request"


class PathwayError(InputError):
    """A pathway or scenario file is not well-formed: file, line, what is wrong and what would mend it."""

    def __init__(self, what: str, *, file: str = "", line: int = 0, hint: str = "") -> None:
        self.what, self.file, self.line, self.hint = what, file, line, hint
        place = (f"{file}:{line}: " if line else f"{file}: ") if file else (f"line {line}: " if line else "")
        super().__init__(f"{place}{what}{f'; {hint}' if hint else ''}")

    @property
    def faults(self) -> tuple["PathwayError", ...]:
        """Return the faults one by one: this one, or all of several."""
        return (self,)


class PathwayErrors(PathwayError):
    """All that is wrong with pathway files, each once, in order of file and line; its text is one fault a line.

    what, file, line and hint are those of the first.   read: what could be read nevertheless, if anything; sections:
    the tables in which something could not.
    """

    def __init__(
        self, faults: Iterable[PathwayError], *, read: object = None, sections: frozenset[str] = frozenset()
    ) -> None:
        every = {str(each): each for fault in faults for each in fault.faults}
        self._faults = tuple(sorted(every.values(), key=lambda each: (each.file, each.line)))
        self.read, self.sections = read, sections
        first = self._faults[0]
        super().__init__(first.what, file=first.file, line=first.line, hint=first.hint)
        self.args = ("\n".join(str(each) for each in self._faults),)

    @property
    def faults(self) -> tuple[PathwayError, ...]:
        """Return them one by one."""
        return self._faults


class InvalidCommand(InputError):
    """A command's shape does not fit: an unknown field, a missing one, a value of the wrong type."""


class NotCanonical(InputError):
    """A value has no exact form to be sealed: a float, a number beyond 2^53, a text that is not Unicode."""


class NotFound(CarepathError):
    """There is no such episode, pathway or version."""

    code = "not-found"


class NotAllowed(CarepathError):
    """Who asks may not do this; somebody else may."""

    code = "not-allowed"


class NoRole(NotAllowed):
    """No role of who asks allows this anywhere, or no scope of the token."""


class NotSignedIn(CarepathError):
    """Login and password do not fit, or are not tried at present; which of it is not told."""

    code = "not-signed-in"


class ProviderFailed(CarepathError):
    """The provider that vouches for people cannot be reached, or what it answers cannot be believed; its code is in
    the text.
    """

    code = "provider-failed"


class Conflict(CarepathError):
    """Somebody else was there first: a stale version, a key used with another body, a second enrolment."""

    code = "conflict"


class KeyReused(Conflict):
    """An idempotency key came with another request than the first time."""

    code = "idempotency-key-reused"


class Changed(Conflict):
    """What a person decides on is no longer as that person saw it."""

    code = "changed-since-read"


class Claimed(Conflict):
    """Somebody else has taken this upon himself. person_id, name: who; the id again for who has no account here."""

    code = "claimed"

    def __init__(self, person_id: str, name: str) -> None:
        self.person_id, self.name = person_id, name
        super().__init__(f"{name} has taken this already")


class UnknownWard(InputError):
    """Nobody works on a ward of this name, and no patient is there."""

    code = "unknown-ward"


class WardUnattended(Conflict):
    """Nobody works on this ward who could be told of a reminder; whoever means it says so."""

    code = "ward-unattended"


class UpgradeUnfinished(Conflict):
    """This cannot be written in the format in which older programs still read."""

    code = "upgrade-unfinished"


class AlreadyEnrolled(Conflict):
    """The patient has an open episode on this pathway."""

    code = "already-enrolled"


class VersionChanged(Conflict):
    """A pathway's files were changed, but not its version, after it was released or patients were enrolled on it."""

    code = "version-changed"


class VersionOlder(Conflict):
    """A version that is not above the newest release of its pathway."""

    code = "version-older"


class NotReleased(Conflict):
    """A version that nobody released, where patients are enrolled on released ones alone."""

    code = "not-released"


class StoriesFail(Conflict):
    """A version whose stories do not hold, or that has none, is not released."""

    code = "stories-fail"


class NotAcceptable(CarepathError):
    """Whoever asks takes no answer of the form in which it comes."""

    code = "not-acceptable"


class TooMany(CarepathError):
    """More at once than one process serves; later, or another process, helps."""

    code = "too-many"


class StoreError(CarepathError):
    """The store cannot be used: locked, full, read-only, of a newer schema, or its keys are missing."""

    code = "store-unavailable"


class StoreBusy(StoreError):
    """Another transaction holds what is needed; trying again helps."""

    code = "store-busy"


class RowHeld(StoreBusy):
    """Another transaction holds just what is needed; whatever else is in the store can be written meanwhile."""


class StoreDamaged(StoreError):
    """A part of the store cannot be read, or holds what no program wrote; whatever lies elsewhere can be used."""


class TimeUntrusted(StoreError):
    """The wall's clock was moved: what is recorded now would stand at a wrong time, and plan by it."""

    code = "time-untrusted"


class OutcomeUnknown(StoreError):
    """The store was lost while it was told to keep something, which it did or did not: nobody here can know.

    Asked again under the same key it is done once.
    """

    code = "outcome-unknown"


class KeyMissing(StoreError):
    """The key file does not hold a key that the store needs."""


class Erased(KeyMissing):
    """The record of this patient was erased: it can be proved, and read by nobody."""

    code = "record-erased"


class NewerFormat(StoreError):
    """Something was written by a newer program, in a format that this one does not read."""


class WrongKey(StoreError):
    """A key does not open what it should: it is another one, or the ciphertext was changed."""


class Ambiguous(CarepathError):
    """Two automatic transitions were enabled at once: a defect of the pathway; the episode is set aside."""
