"""How are people, sessions and looks read and written? SQLAlchemy Core, the same for both databases."""

import hashlib
from collections.abc import Collection, Sequence
from datetime import datetime

from sqlalchemy import ColumnElement, and_, delete, false, func, insert, or_, select, tuple_, union, update

from orchestrator.service.people.principal import EVERYWHERE
from orchestrator.service.people.rows import (
    GlassRow,
    HoldRow,
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
from orchestrator.store import staff_tables as s
from orchestrator.store import tables as t
from orchestrator.store.factors import FactorReads, FactorWrites
from orchestrator.store.guesses import GuessReads, GuessWrites
from orchestrator.store.sifting import distinct
from orchestrator.store.staff import SESSIONS, STAFF, StaffReads, StaffWrites

_PEOPLE = select(*(s.person.c[name] for name in PersonRow._fields))
_POSTS = select(*(s.post.c[name] for name in PostRow._fields))
_TOKENS = select(*(s.personal_token.c[name] for name in PersonalTokenRow._fields))
_LOOKS = select(*(s.look.c[name] for name in LookRow._fields))
_HOLDS = select(*(s.legal_hold.c[name] for name in HoldRow._fields))
_MERGES = select(*(s.patient_merge.c[name] for name in MergeRow._fields))
PATIENTS = select(*(t.patient.c[name] for name in PatientRow._fields))
_GLASS = select(*(s.glass.c[name] for name in GlassRow._fields))


class PeopleReads(StaffReads, FactorReads, GuessReads):
    """Reads within the transaction of one connection; see `service.people.ports.PeopleReader`."""

    def people(self) -> list[PersonRow]:
        return [PersonRow(*row) for row in self._sql.execute(_PEOPLE.order_by(s.person.c.name, s.person.c.login))]

    def people_page(self, after: tuple[str, ...] | None, limit: int, *, ended: bool) -> list[PersonRow]:
        c = s.person.c
        chosen = _PEOPLE if ended else _PEOPLE.where(c.ended_at.is_(None))
        if after is not None:
            chosen = chosen.where(tuple_(c.name, c.login) > tuple_(*after))
        return [PersonRow(*row) for row in self._sql.execute(chosen.order_by(c.name, c.login).limit(limit))]

    def posts_of(self, person_ids: Sequence[str]) -> list[PostRow]:
        c = s.post.c
        chosen = _POSTS.where(c.person_id.in_(person_ids)).order_by(c.ward, c.role)
        return [PostRow(*row) for row in self._sql.execute(chosen)]

    def names(self, person_ids: Sequence[str]) -> dict[str, str]:
        chosen = select(s.person.c.person_id, s.person.c.name).where(s.person.c.person_id.in_(person_ids))
        return {row.person_id: row.name for row in self._sql.execute(chosen)}

    def person(self, person_id: str) -> PersonRow | None:
        row = self._sql.execute(_PEOPLE.where(s.person.c.person_id == person_id)).first()
        return None if row is None else PersonRow(*row)

    def person_called(self, login: str) -> PersonRow | None:
        row = self._sql.execute(_PEOPLE.where(s.person.c.login == login)).first()
        return None if row is None else PersonRow(*row)

    def posts(self, person_id: str | None = None) -> list[PostRow]:
        chosen = _POSTS if person_id is None else _POSTS.where(s.post.c.person_id == person_id)
        return [PostRow(*row) for row in self._sql.execute(chosen.order_by(s.post.c.ward, s.post.c.role))]

    def session(self, session_hash: bytes) -> SessionRow | None:
        row = self._sql.execute(SESSIONS.where(s.session.c.session_hash == session_hash)).first()
        return None if row is None else SessionRow(*row)

    def personal_token(self, token_hash: bytes) -> PersonalTokenRow | None:
        row = self._sql.execute(_TOKENS.where(s.personal_token.c.token_hash == token_hash)).first()
        return None if row is None else PersonalTokenRow(*row)

    def personal_tokens(self, person_id: str) -> list[PersonalTokenRow]:
        c = s.personal_token.c
        chosen = _TOKENS.where(c.person_id == person_id).order_by(c.made_at, c.token_id)
        return [PersonalTokenRow(*row) for row in self._sql.execute(chosen)]

    def staff_records(self, after: int, limit: int) -> list[StaffRow]:
        c = s.staff_record.c
        return [StaffRow(*row) for row in self._sql.execute(STAFF.where(c.seq > after).order_by(c.seq).limit(limit))]

    def looks(self, chain: str, after: int, limit: int) -> list[LookRow]:
        c = s.look.c
        chosen = _LOOKS.where(c.chain == chain, c.seq > after).order_by(c.seq).limit(limit)
        return [LookRow(*row) for row in self._sql.execute(chosen)]

    def looks_within(
        self, spans: Sequence[Span], before: tuple[datetime, str, int] | None, limit: int
    ) -> list[LookRow]:
        c = s.look.c
        chosen = _LOOKS.where(or_(false(), *(_within(span) for span in spans)))
        if before is not None:
            at, *key = before
            chosen = chosen.where(or_(c.at < at, and_(c.at == at, tuple_(c.chain, c.seq) < tuple_(*key))))
        latest = chosen.order_by(c.at.desc(), c.chain.desc(), c.seq.desc()).limit(limit)
        return [LookRow(*row) for row in self._sql.execute(latest)]

    def last_deed(self, chain: str, kind: str, what: str | None) -> LookRow | None:
        c = s.look.c
        chosen = _LOOKS.where(c.chain == chain, c.kind == kind)
        chosen = chosen if what is None else chosen.where(c.what == what)
        row = self._sql.execute(chosen.order_by(c.seq.desc()).limit(1)).first()
        return None if row is None else LookRow(*row)

    def chain_after(self, chain: str) -> str | None:
        c = s.look.c.chain
        return self._sql.execute(select(c).where(c > chain).order_by(c).limit(1)).scalar()

    def marked_after(self, patient_id: str) -> str | None:
        marked = (s.legal_hold.c.patient_id, s.patient_merge.c.patient_id, s.patient_merge.c.kept_id)
        firsts = [self._sql.execute(select(func.min(c)).where(c > patient_id)).scalar() for c in marked]
        return min((each for each in firsts if each is not None), default=None)

    def whereabouts(self, episode_id: str) -> tuple[str, str] | None:
        chosen = select(t.episode.c.patient_id, t.episode.c.ward).where(t.episode.c.episode_id == episode_id)
        row = self._sql.execute(chosen).first()
        return None if row is None else (row[0], row[1])

    def glass(self, person_id: str, patient_id: str, now: datetime) -> GlassRow | None:
        c = s.glass.c
        chosen = _GLASS.where(c.person_id == person_id, c.patient_id == patient_id, c.until > now)
        row = self._sql.execute(chosen.order_by(c.until.desc()).limit(1)).first()
        return None if row is None else GlassRow(*row)

    def hold(self, patient_id: str) -> HoldRow | None:
        row = self._sql.execute(_HOLDS.where(s.legal_hold.c.patient_id == patient_id)).first()
        return None if row is None else HoldRow(*row)

    def merges(self, patient_ids: Collection[str]) -> list[MergeRow]:
        c = s.patient_merge.c
        chosen = _MERGES.where(or_(c.patient_id.in_(patient_ids), c.kept_id.in_(patient_ids)))
        return [MergeRow(*row) for row in self._sql.execute(chosen.order_by(c.merged_at, c.patient_id))]

    def holds(
        self, wards: frozenset[str] | None, before: tuple[datetime, str] | None, limit: int
    ) -> list[tuple[HoldRow, str]]:
        c = s.legal_hold.c
        there = t.episode.c.patient_id == c.patient_id
        asked = select(*_HOLDS.selected_columns, func.min(t.episode.c.episode_id)).join(t.episode, there)
        if wards is not None:
            asked = asked.where(t.episode.c.ward.in_(wards))
        if before is not None:
            at, patient_id = before
            asked = asked.where(or_(c.held_at < at, and_(c.held_at == at, c.patient_id < patient_id)))
        grouped = asked.group_by(*_HOLDS.selected_columns).order_by(c.held_at.desc(), c.patient_id.desc())
        return [(HoldRow(*row[:-1]), row[-1]) for row in self._sql.execute(grouped.limit(limit))]

    def wards(self) -> list[str]:
        there = distinct(t.episode.c.ward, t.episode.c.closed == false())
        found = self._sql.execute(union(there, select(s.post.c.ward)))
        return sorted(row[0] for row in found if row[0] != EVERYWHERE)


class PeopleWrites(PeopleReads, StaffWrites, FactorWrites, GuessWrites):
    """Writes within the transaction of one connection; see `service.people.ports.PeopleChange`."""

    def add_person(self, row: PersonRow) -> None:
        self._sql.execute(insert(s.person).values(**row._asdict()))

    def save_person(self, row: PersonRow) -> None:
        self._sql.execute(update(s.person).where(s.person.c.person_id == row.person_id).values(**row._asdict()))

    def set_posts(self, person_id: str, posts: Sequence[PostRow]) -> None:
        self._sql.execute(delete(s.post).where(s.post.c.person_id == person_id))
        if posts:
            self._sql.execute(insert(s.post), [row._asdict() for row in posts])

    def add_session(self, row: SessionRow) -> None:
        self._sql.execute(insert(s.session).values(**row._asdict()))

    def touch_session(self, session_hash: bytes, at: datetime) -> None:
        self._sql.execute(update(s.session).where(s.session.c.session_hash == session_hash).values(seen_at=at))

    def end_session(self, session_hash: bytes) -> None:
        self._sql.execute(delete(s.session).where(s.session.c.session_hash == session_hash))

    def end_sessions(self, person_id: str, *, but: bytes | None = None) -> None:
        theirs = delete(s.session).where(s.session.c.person_id == person_id)
        self._sql.execute(theirs if but is None else theirs.where(s.session.c.session_hash != but))
        self._sql.execute(delete(s.pending_sign_in).where(s.pending_sign_in.c.person_id == person_id))

    def forget_sessions(self, before: datetime) -> None:
        self._sql.execute(delete(s.session).where(s.session.c.seen_at < before))

    def add_personal_token(self, row: PersonalTokenRow) -> None:
        self._sql.execute(insert(s.personal_token).values(**row._asdict()))

    def end_personal_token(self, token_id: str, at: datetime) -> None:
        c = s.personal_token.c
        live = update(s.personal_token).where(c.token_id == token_id, c.ended_at.is_(None))
        self._sql.execute(live.values(ended_at=at))

    def used_token(self, token_id: str, at: datetime) -> None:
        c = s.personal_token.c
        self._sql.execute(update(s.personal_token).where(c.token_id == token_id).values(last_used_at=at))

    def add_staff_record(self, row: StaffRow) -> None:
        self._sql.execute(insert(s.staff_record).values(**row._asdict()))

    def last_staff_record(self) -> StaffRow | None:
        self._hold("staff")
        row = self._sql.execute(STAFF.order_by(s.staff_record.c.seq.desc()).limit(1)).first()
        return None if row is None else StaffRow(*row)

    def add_look(self, row: LookRow) -> None:
        self._sql.execute(insert(s.look).values(**row._asdict()))

    def last_look(self, chain: str) -> LookRow | None:
        self._hold(chain)
        row = self._sql.execute(_LOOKS.where(s.look.c.chain == chain).order_by(s.look.c.seq.desc()).limit(1)).first()
        return None if row is None else LookRow(*row)

    def add_glass(self, row: GlassRow) -> None:
        self._sql.execute(insert(s.glass).values(**row._asdict()))

    def end_glass(self, person_id: str, patient_id: str, now: datetime) -> None:
        c = s.glass.c
        broken = update(s.glass).where(c.person_id == person_id, c.patient_id == patient_id, c.until > now)
        self._sql.execute(broken.values(until=now))

    def lock_patient(self, patient_id: str) -> PatientRow | None:
        row = self._sql.execute(PATIENTS.where(t.patient.c.patient_id == patient_id).with_for_update()).first()
        return None if row is None else PatientRow(*row)

    def destroy_key(self, patient_id: str) -> None:
        self._sql.execute(update(t.patient).where(t.patient.c.patient_id == patient_id).values(wrapped_key=None))

    def add_hold(self, row: HoldRow) -> None:
        self._sql.execute(insert(s.legal_hold).values(**row._asdict()))

    def end_hold(self, patient_id: str) -> None:
        self._sql.execute(delete(s.legal_hold).where(s.legal_hold.c.patient_id == patient_id))

    def lock_merges(self) -> None:
        self._hold("merges")

    def add_merge(self, row: MergeRow) -> None:
        self._sql.execute(insert(s.patient_merge).values(**row._asdict()))

    def end_merge(self, patient_id: str) -> None:
        self._sql.execute(delete(s.patient_merge).where(s.patient_merge.c.patient_id == patient_id))

    def _hold(self, chain: str) -> None:
        """Keep others from adding to a chain until the transaction ends. SQLite has one writer at a time anyway."""
        if self._sql.dialect.name == "postgresql":
            number = int.from_bytes(hashlib.sha256(chain.encode()).digest()[:8], signed=True)
            self._sql.execute(select(func.pg_advisory_xact_lock(number)))


def _within(span: Span) -> ColumnElement[bool]:
    c = s.look.c
    bounds = [c.at >= span.since] if span.since is not None else []
    bounds += [c.at <= span.until] if span.until is not None else []
    return and_(c.chain == span.chain, *bounds)
