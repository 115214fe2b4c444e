"""Who is there to be told, in a role of a ward, at a moment? By posts, rota and deputies; no store is asked.

Told are those whom the rota names then. Where it names nobody, all who hold the post are. Who is away is replaced by
the deputy, as far as that one holds the same role there. And rather than nobody, those are told who are away.
"""

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Collection, Hashable, Iterable, Mapping, Sequence
from datetime import datetime
from typing import NamedTuple, TypeVar

from orchestrator.service.people.principal import AT_THE_BEDSIDE, EVERYWHERE
from orchestrator.service.people.rows import AwayRow, ContactRow, DutyRow, PostRow
from orchestrator.service.ports import Reader

R = TypeVar("R")
K = TypeVar("K", bound=Hashable)
_MOST_REMEMBERED = 10_000
_UNKNOWN: frozenset[str] = frozenset({""})


class Told(NamedTuple):
    """Who is told. people: ids, in order; empty where nobody holds the role.

    on_duty: the rota names them, or those for whom they are deputies.   away: nobody else is there.
    """

    people: tuple[str, ...]
    on_duty: bool
    away: bool = False


class Roster:
    """People's posts, duties, absences and contacts. mark: of what was read, by `RosterReader.staff_mark`.

    wards: on which somebody has a post at the bedside, by name.
    """

    def __init__(
        self,
        mark: int = 0,
        posts: Sequence[PostRow] = (),
        duties: Sequence[DutyRow] = (),
        aways: Sequence[AwayRow] = (),
        contacts: Sequence[ContactRow] = (),
    ) -> None:
        self.mark = mark
        self._holders = _grouped(((each.ward, each.role), each.person_id) for each in posts)
        beds = {each.ward for each in posts if each.role in AT_THE_BEDSIDE and each.ward != EVERYWHERE}
        self.wards = tuple(sorted(beds))
        self._anywhere = _grouped((role, who) for (_, role), people in self._holders.items() for who in people)
        self._duties = _grouped(((each.ward, each.role), each) for each in duties)
        self._aways = _grouped((each.person_id, each) for each in aways)
        self.contacts: Mapping[str, tuple[ContactRow, ...]] = _grouped((each.person_id, each) for each in contacts)
        spans = [(each.starts_at, each.ends_at) for each in duties] + [(each.starts_at, each.ends_at) for each in aways]
        self._turns = sorted({moment for span in spans for moment in span})
        self._told: dict[tuple[str, str, int], Told] = {}
        self._unheld: dict[tuple[str, int], frozenset[str] | None] = {}

    @classmethod
    def read(cls, reader: Reader, since: datetime) -> "Roster":
        """Return the roster with what ends after a moment."""
        return cls(
            reader.staff_mark(), reader.posts(), reader.duties(since), reader.aways(since), reader.contacts()
        )  # fmt: skip

    def turn(self, at: datetime) -> int:
        """Return the number of the stretch of time in which a moment lies: within one of them nothing changes."""
        return bisect_right(self._turns, at)

    def told(self, ward: str, role: str, at: datetime) -> Told:
        """Return who is told of what is for a role. ward: empty for what concerns no ward, and so all of them."""
        asked = ward, role, self.turn(at)
        found = self._told.get(asked)
        if found is None:
            if len(self._told) >= _MOST_REMEMBERED:
                self._told.clear()
            found = self._told[asked] = self._find(ward, role, at)
        return found

    def holders(self, ward: str, role: str) -> tuple[str, ...]:
        """Return who holds a role on a ward; on any ward for an empty one."""
        if not ward:
            return self._anywhere.get(role, ())
        return _once((*self._holders.get((ward, role), ()), *self._holders.get((EVERYWHERE, role), ())))

    def unheld(self, ward: str, roles: Collection[str], at: datetime) -> frozenset[str] | None:
        """Return those of the roles that nobody holds who is there; None while nobody has a post at a ward's bedside.

        An administrator alone, who makes the accounts, says nothing of who stands on the wards.
        """
        asked = ward, self.turn(at)
        if (found := self._unheld.get(asked, _UNKNOWN)) is not _UNKNOWN:
            return found
        staffed = any(self.holders(ward, role) for role in AT_THE_BEDSIDE)
        missing = frozenset(role for role in roles if not self.there(ward, role, at)) if staffed else None
        if len(self._unheld) >= _MOST_REMEMBERED:
            self._unheld.clear()
        self._unheld[asked] = missing
        return missing

    def there(self, ward: str, role: str, at: datetime) -> bool:
        """Tell whether somebody is there who holds a role."""
        found = self.told(ward, role, at)
        return bool(found.people) and not found.away

    def stretches(self, ward: str, role: str, start: datetime, end: datetime) -> list[tuple[datetime, datetime, Told]]:
        """Return who is told between two moments, in stretches from a moment until before another."""
        found: list[tuple[datetime, datetime, Told]] = []
        for at in (start, *(each for each in self._turns if start < each < end)):
            told = self.told(ward, role, at)
            if not found or found[-1][2] != told:
                found.append((at, end, told))
        ends = [each[0] for each in found[1:]] + [end]
        return [(at, until, told) for (at, _, told), until in zip(found, ends, strict=True)]

    def duties(self, ward: str, role: str) -> list[DutyRow]:
        """Return the duties of a role of a ward, those of all wards too, the first to start first."""
        wards = (ward, EVERYWHERE) if ward != EVERYWHERE else (ward,)
        return sorted(
            (each for there in wards for each in self._duties.get((there, role), ())), key=lambda each: each.starts_at
        )

    def away(self, person_id: str, at: datetime) -> AwayRow | None:
        """Return a person's absence at a moment."""
        return next((each for each in self._aways.get(person_id, ()) if each.starts_at <= at < each.ends_at), None)

    def stand_in(self, person_id: str, ward: str, role: str, at: datetime) -> str | None:
        """Return this person, or who stands in for one who is away; None where nobody does."""
        passed: set[str] = set()
        who = person_id
        while (away := self.away(who, at)) is not None:
            passed.add(who)
            if away.deputy_id is None or away.deputy_id in passed or away.deputy_id not in self.holders(ward, role):
                return None
            who = away.deputy_id
        return who

    def _find(self, ward: str, role: str, at: datetime) -> Told:
        holders = self.holders(ward, role)
        named = (each.person_id for each in self.duties(ward, role) if each.starts_at <= at < each.ends_at)
        # Who has lost the post since the rota was made could not open what he is told of.
        on_duty = self._present([who for who in named if who in holders], ward, role, at)
        if on_duty:
            return Told(on_duty, on_duty=True)
        there = self._present(holders, ward, role, at)
        return Told(there or holders, on_duty=False, away=not there)

    def _present(self, people: Iterable[str], ward: str, role: str, at: datetime) -> tuple[str, ...]:
        found = (self.stand_in(who, ward, role, at) for who in people)
        return _once(who for who in found if who is not None)


def _grouped(pairs: Iterable[tuple[K, R]]) -> dict[K, tuple[R, ...]]:
    found: defaultdict[K, list[R]] = defaultdict(list)
    for key, row in pairs:
        found[key].append(row)
    return {key: _once(rows) for key, rows in found.items()}


def _once(rows: Iterable[R]) -> tuple[R, ...]:
    """Return what is different, in its order."""
    return tuple(dict.fromkeys(rows))
