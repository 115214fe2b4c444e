"""What do accounts and sessions ask of the store? Part of `service.ports.Reader` and `Change`."""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Protocol

from orchestrator.service.people.factor_ports import FactorChange, FactorReader
from orchestrator.service.people.guess_ports import GuessChange, GuessReader
from orchestrator.service.people.rows import (
    GlassRow,
    HoldRow,
    IdentityRow,
    LookRow,
    MergeRow,
    PersonalTokenRow,
    PersonRow,
    PostRow,
    SessionRow,
    Span,
    StaffRow,
)
from orchestrator.service.rows import PatientRow


class PeopleReader(FactorReader, GuessReader, Protocol):
    """What can be read of people."""

    def people(self) -> list[PersonRow]:
        """Return all accounts, ended ones too, by name."""
        ...

    def people_page(self, after: tuple[str, ...] | None, limit: int, *, ended: bool) -> list[PersonRow]:
        """Return accounts by name and login, beginning behind such a pair. ended: ended ones too."""
        ...

    def posts_of(self, person_ids: Sequence[str]) -> list[PostRow]:
        """Return the posts of these people."""
        ...

    def names(self, person_ids: Sequence[str]) -> dict[str, str]:
        """Return by id what people are called; whoever has no account is left out."""
        ...

    def person(self, person_id: str) -> PersonRow | None: ...
    def person_called(self, login: str) -> PersonRow | None: ...
    def posts(self, person_id: str | None = None) -> list[PostRow]:
        """Return a person's posts; everybody's for None."""
        ...

    def session(self, session_hash: bytes) -> SessionRow | None: ...
    def personal_token(self, token_hash: bytes) -> PersonalTokenRow | None: ...
    def personal_tokens(self, person_id: str) -> list[PersonalTokenRow]: ...
    def staff_records(self, after: int, limit: int) -> list[StaffRow]:
        """Return what was changed about people, the first one first, beginning behind a number."""
        ...

    def staff_page(self, before: int | None, limit: int, about: str | None = None) -> list[StaffRow]:
        """Return the last changes before a number, the latest first; those about one account, or all for None."""
        ...

    def staff_record_of(self, cause: bytes) -> StaffRow | None: ...
    def last_about(self, person_id: str, kinds: Collection[str]) -> StaffRow | None:
        """Return the last record of one of these kinds about an account."""
        ...

    def sessions(self, person_id: str) -> list[SessionRow]:
        """Return a person's sessions, the last used first; those that nobody has cleared away yet too."""
        ...

    def identity(self, issuer: str, subject: str) -> IdentityRow | None: ...
    def identities(self, person_id: str | None = None) -> list[IdentityRow]:
        """Return as whom a provider knows a person; everybody for None."""
        ...

    def looks(self, chain: str, after: int, limit: int) -> list[LookRow]:
        """Return a chain's records, the first one first, beginning behind a number."""
        ...

    def looks_within(
        self, spans: Sequence[Span], before: tuple[datetime, str, int] | None, limit: int
    ) -> list[LookRow]:
        """Return the records within any of these spans, latest first. before: moment, chain and number of the last."""
        ...

    def last_deed(self, chain: str, kind: str, what: str | None) -> LookRow | None:
        """Return a chain's last record of a kind, and of this content; of any for None."""
        ...

    def chain_after(self, chain: str) -> str | None:
        """Return the first chain of looks behind a name, in their order; None behind the last."""
        ...

    def marked_after(self, patient_id: str) -> str | None:
        """Return the first patient behind an id who is held or merged; None behind the last."""
        ...

    def whereabouts(self, episode_id: str) -> tuple[str, str] | None:
        """Return the patient and the ward of an episode."""
        ...

    def glass(self, person_id: str, patient_id: str, now: datetime) -> GlassRow | None:
        """Return the glass that this person broke to this patient, if it is still open."""
        ...

    def hold(self, patient_id: str) -> HoldRow | None:
        """Return what keeps a patient's record from being erased."""
        ...

    def merges(self, patient_ids: Collection[str]) -> list[MergeRow]:
        """Return the merges in which one of these records is replaced or kept."""
        ...

    def holds(
        self, wards: frozenset[str] | None, before: tuple[datetime, str] | None, limit: int
    ) -> list[tuple[HoldRow, str]]:
        """Return what is held of patients with an episode on these wards, latest first, each with such an episode.

        wards: None for all.   before: moment and patient of the last that was seen.
        """
        ...

    def wards(self) -> list[str]:
        """Return the wards on which there are open episodes, or on which somebody has a post."""
        ...


class PeopleChange(PeopleReader, FactorChange, GuessChange, Protocol):
    """What can be changed of people."""

    def add_person(self, row: PersonRow) -> None:
        """Write a new account. Raises Collision when the login is taken."""
        ...

    def save_person(self, row: PersonRow) -> None: ...
    def set_posts(self, person_id: str, posts: Sequence[PostRow]) -> None:
        """Let a person hold these posts and no others."""
        ...

    def add_session(self, row: SessionRow) -> None: ...
    def touch_session(self, session_hash: bytes, at: datetime) -> None: ...
    def end_session(self, session_hash: bytes) -> None: ...
    def end_sessions(self, person_id: str, *, but: bytes | None = None) -> None:
        """End a person's sessions but one, and every signing in that waits for a code."""
        ...

    def forget_sessions(self, before: datetime) -> None:
        """Remove sessions of which nothing was heard since a moment."""
        ...

    def add_personal_token(self, row: PersonalTokenRow) -> None: ...
    def end_personal_token(self, token_id: str, at: datetime) -> None: ...
    def used_token(self, token_id: str, at: datetime) -> None: ...
    def add_identity(self, row: IdentityRow) -> None:
        """Link an identity to a person. Raises Collision when it is somebody's already."""
        ...

    def end_identity(self, issuer: str, subject: str) -> None: ...
    def add_staff_record(self, row: StaffRow) -> None: ...
    def last_staff_record(self) -> StaffRow | None:
        """Return the last one; until the transaction ends nobody else adds one."""
        ...

    def add_look(self, row: LookRow) -> None: ...
    def last_look(self, chain: str) -> LookRow | None:
        """Return a chain's last record; until the transaction ends nobody else adds one to it."""
        ...

    def add_glass(self, row: GlassRow) -> None: ...
    def end_glass(self, person_id: str, patient_id: str, now: datetime) -> None:
        """Let what this person broke to this patient end now."""
        ...

    def lock_patient(self, patient_id: str) -> PatientRow | None:
        """Return a patient; until the transaction ends no episode of his is begun."""
        ...

    def destroy_key(self, patient_id: str) -> None:
        """Let nobody read any more what a patient's key sealed."""
        ...

    def add_hold(self, row: HoldRow) -> None: ...
    def end_hold(self, patient_id: str) -> None: ...
    def lock_merges(self) -> None:
        """Keep others from merging, taking back and enrolling whoever is merged, until the transaction ends.

        Whoever locks patients too takes this first: so nobody waits in a circle.
        """
        ...

    def add_merge(self, row: MergeRow) -> None:
        """Write a merge. Raises Collision when the record is replaced already."""
        ...

    def end_merge(self, patient_id: str) -> None: ...
