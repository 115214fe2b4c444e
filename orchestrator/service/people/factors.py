"""What do people show besides their password? Codes of an authenticator app, and codes for its loss.

The secret that the app shares with us is sealed with the key file: a copy of the database alone opens nothing. A code
is taken once, whoever sends it at the same moment. Wrong ones count as wrong passwords do.
"""

from collections.abc import Collection
from datetime import timedelta
from typing import Any, NamedTuple

import orjson

from orchestrator.audit import looks
from orchestrator.audit.keys import Keyring
from orchestrator.audit.seal import instant
from orchestrator.errors import Conflict, InputError, NotFound, NotSignedIn
from orchestrator.service.people import codes
from orchestrator.service.people.accounts import principal_of
from orchestrator.service.people.guessing import WRONG, Count, Guesses, Whence, remember
from orchestrator.service.people.halfway import WAITS, is_asked
from orchestrator.service.people.principal import Principal
from orchestrator.service.people.recording import Author, begin, note
from orchestrator.service.people.rows import FactorRow
from orchestrator.service.people.signing import NOWHERE, SignedIn, Signing, open_session
from orchestrator.service.people.there import live_person, name_of, person_row
from orchestrator.service.ports import Change, Store
from orchestrator.service.tokens import token_hash

SETS_UP = timedelta(minutes=15)
"""So long a new secret waits for its first code."""
LONGEST_REASON = 500
APP, RECOVERY = "app", "recovery-code"
"""By what somebody came in."""
_NOT_IT = "this code does not fit, was used already, or the account is locked for a while: try the next one"
_STALE = "you did not send the code in time: sign in once more"
_BEGIN_AGAIN = "this was begun too long ago, or elsewhere: begin again"


class NewSecret(NamedTuple):
    """What an app is told, shown this once. address: for a QR code.   letters: for who types it."""

    address: str
    letters: str


class Factors:
    """The second factors. mac: chains what is recorded.   signing: counts what is wrong, and says of whom one is asked.

    issuer: how apps call us.
    """

    def __init__(self, store: Store, keyring: Keyring, mac: looks.Mac, signing: Signing, issuer: str) -> None:
        self._store, self._keyring, self._mac, self._signing, self._issuer = store, keyring, mac, signing, issuer
        self._guesses = Guesses(mac)

    def of(self, person_id: str) -> dict[str, Any] | None:
        """Return since when a person has a second factor, and how many recovery codes are left; None for none."""
        with self._store.read() as reader:
            row, left = reader.factor(person_id), reader.recovery_codes(person_id)
        if row is None or row.confirmed_at is None:
            return None
        return {"since": instant(row.confirmed_at), "recovery_codes": left}

    def waits(self, token: str) -> bool:
        """Tell whether a code may still be sent behind a password."""
        with self._store.read() as reader:
            row, wall = reader.pending_sign_in(token_hash(token)), reader.times().wall
        return row is not None and wall - row.made_at < WAITS

    def finish(self, token: str, code: str, whence: Whence = NOWHERE) -> SignedIn:
        """Return a new session of whose password was right, and whose code this is. Raises NotSignedIn.

        Wrong codes count as wrong passwords of the same login do; what comes while they keep it waiting is not tried.
        """
        waiting, found = token_hash(token), None
        with self._store.change() as change:
            change.last_staff_record()  # whoever else uses this code waits, or was before us
            row, wall = change.pending_sign_in(waiting), change.times().wall
            person = change.person(row.person_id) if row is not None and wall - row.made_at < WAITS else None
            if person is None or person.ended_at is not None:
                raise NotSignedIn(_STALE)
            counts = self._guesses.counts(change, person.login, person.person_id, whence)
            self._check(change, counts)
            way = self._used(change, person.person_id, code)
            if way is None:
                self._signing.count_wrong(change, person, counts)
            else:
                change.end_pending_sign_in(waiting)
                self._guesses.right(change, counts)
                browser = remember(change, whence.browser, person.person_id, wall)
                found = open_session(change, self._mac, person, {"factor": way})._replace(browser=browser)
        if found is None:
            raise NotSignedIn(_NOT_IT)
        return found

    def start(self, me: Principal) -> NewSecret:
        """Return a new secret for a person's app; it counts from the first right code on. Raises Conflict."""
        secret = codes.new_secret()
        with self._store.change() as change:
            change.last_staff_record()
            person, held = live_person(change, me.actor_id), change.factor(me.actor_id)
            if held is not None and held.confirmed_at is not None:
                raise Conflict("you have an authenticator app already: remove it first")
            kek_id, sealed = self._keyring.seal_factor(me.actor_id, secret)
            change.put_factor(FactorRow(me.actor_id, kek_id, sealed, change.times().wall, None, 0))
        return NewSecret(codes.address(secret, person.login, self._issuer), codes.in_letters(secret))

    def confirm(self, by: Author, me: Principal, code: str) -> list[str]:
        """Have a person's app count from now on, and return the recovery codes; every other session ends.

        Raises InputError for a code that does not fit, and NotFound where no app waits for one.
        """
        with self._store.change() as change:
            mark = begin(change, by, "factor", me.actor_id, {})
            row, wall = change.factor(me.actor_id), change.times().wall
            if row is None or row.confirmed_at is not None or wall - row.made_at >= SETS_UP:
                raise NotFound(_BEGIN_AGAIN)
            step = codes.step_of(self._secret(row), code, wall)
            if step is None:
                raise InputError("this code does not fit: type the one that the app shows now")
            change.put_factor(row._replace(confirmed_at=wall, last_step=step))
            self._let_go_on(change, me)
            note(change, self._mac, by, "factor", about=me.actor_id, detail={}, mark=mark)
            return _renewed(change, me.actor_id)

    def renew(self, by: Author, me: Principal, code: str) -> list[str]:
        """Return new recovery codes, for who shows a code; the old ones are good no more. Raises NotSignedIn."""
        made: list[str] = []
        with self._store.change() as change:
            mark = begin(change, by, "factor-codes", me.actor_id, {})
            if self._shown_again(change, me, code):
                made = _renewed(change, me.actor_id)
                note(change, self._mac, by, "factor-codes", about=me.actor_id, detail={}, mark=mark)
        if not made:
            raise NotSignedIn(_NOT_IT)
        return made

    def end(self, by: Author, me: Principal, code: str) -> None:
        """Remove a person's own app, for who shows a code; every other session ends. Raises NotSignedIn."""
        with self._store.change() as change:
            mark = begin(change, by, "factor-ended", me.actor_id, {})
            right = self._shown_again(change, me, code)
            if right:
                change.end_factor(me.actor_id)
                self._let_go_on(change, me)
                note(change, self._mac, by, "factor-ended", about=me.actor_id, detail={}, mark=mark)
        if not right:
            raise NotSignedIn(_NOT_IT)

    def take_off(self, by: Author, person_id: str, reason: str) -> None:
        """Take off what a person has lost, for a reason. Raises InputError, NotFound, and Conflict where there is none.

        Nobody takes the own one off like this: that takes a code.
        """
        reason = reason.strip()
        if not reason or len(reason) > LONGEST_REASON or not reason.isprintable():
            raise InputError(f"give a reason, of {LONGEST_REASON} characters at most")
        with self._store.change() as change:
            mark = begin(change, by, "factor-ended", person_id, {"reason": reason})
            person_row(change, person_id)
            if by.id == person_id:
                raise InputError("nobody takes off the own factor like this: remove it on your own page, with a code")
            if not change.factors([person_id]):
                raise Conflict("this person has no second factor")
            change.end_factor(person_id)
            note(change, self._mac, by, "factor-ended", about=person_id, detail={"reason": reason}, mark=mark)

    def taken_off(self, person_id: str) -> dict[str, Any] | None:
        """Return who took a person's factor off, when and why, as long as there is no new one; None for nobody."""
        with self._store.read() as reader:
            row = reader.last_about(person_id, ("factor", "factor-ended"))
            if row is None or row.kind == "factor" or row.by == person_id:
                return None
            by = name_of(reader, row.by)
        return {**_reason(row.detail), "at": instant(row.at), "by_name": by}

    def _check(self, change: Change, counts: Collection[Count]) -> None:
        """Raise NotSignedIn while nothing is to be tried, in words that fit a code."""
        try:
            self._guesses.check(change, counts, change.times().wall)
        except NotSignedIn as error:
            raise NotSignedIn(_NOT_IT if str(error) == WRONG else str(error)) from None

    def _shown_again(self, change: Change, me: Principal, code: str) -> bool:
        """Tell whether this is a good code of who is signed in; a wrong one counts as at signing in."""
        used = self._used(change, me.actor_id, code) is not None
        return self._signing.counted(change, me, right=used)

    def _used(self, change: Change, person_id: str, code: str) -> str | None:
        """Use a code up, and return what it was; None where it is none, or was used before."""
        row = change.factor(person_id)
        if row is None or row.confirmed_at is None:
            return None
        if not codes.is_of_app(code):
            return RECOVERY if change.use_recovery_code(person_id, codes.recovery_hash(person_id, code)) else None
        step = codes.step_of(self._secret(row), code, change.times().wall)
        return APP if step is not None and change.use_step(person_id, step) else None

    def _secret(self, row: FactorRow) -> bytes:
        return self._keyring.open_factor(row.kek_id, row.sealed, row.person_id)

    def _let_go_on(self, change: Change, me: Principal) -> None:
        """End every session but this one, and say what this one leads to from now on."""
        change.end_sessions(me.actor_id, but=me.session)
        person = change.person(me.actor_id)
        if me.session is not None and person is not None:
            lacks = not change.factors([me.actor_id]) and is_asked(self._signing.demanded, principal_of(change, person))
            change.set_bare(me.session, bare=lacks)


def _renewed(change: Change, person_id: str) -> list[str]:
    made = codes.new_recovery_codes()
    change.set_recovery_codes(person_id, [codes.recovery_hash(person_id, each) for each in made])
    return made


def _reason(detail: str) -> dict[str, str]:
    return {"reason": str(orjson.loads(detail).get("reason", ""))}
