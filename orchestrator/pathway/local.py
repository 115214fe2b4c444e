"""Which values are local, and what did the hospital set them to? Found in the files as read, set before building.

A local value is one to which the ``local:`` of its element gives a range. Its address is the way to it through the
file, such as ``tasks.NAME.due``. Nothing here knows a name: whatever has a range can be set, and nothing else.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace

from orchestrator.errors import PathwayError
from orchestrator.pathway.faults import Faults
from orchestrator.pathway.fields import Fields, suggest
from orchestrator.pathway.hospital import Given, Hospital
from orchestrator.pathway.kinds import Setting
from orchestrator.pathway.model import Pathway
from orchestrator.pathway.ranges import Range, take_range_of, text_of
from orchestrator.pathway.reader import Map

_OWN = "pathway.yaml"
_WORDS = {
    "due": "due time of the {}",
    "after": "time until the {}",
    "after_months": "months until the {}",
    "every": "interval of the {}",
    "every_months": "months between two of the {}",
    "overdue": "time until the {} is overdue",
    "rungs": "rungs of the {}",
    "default": "days or sessions of the {}, when nobody chooses",
    "step_days": "days of each step of the {}",
}
_ALONE = {"again": "next firing of what nobody answered"}


@dataclass(frozen=True, slots=True)
class Place:
    """Where a local value stands: under ``key`` of ``element``. range: within which it may be set."""

    address: str
    words: str
    element: Map
    key: str
    range: Range


@dataclass(frozen=True, slots=True)
class Settled:
    """What became of the hospital's values on one pathway.

    refused: values for what the pathway has, but does not let a hospital set.   used: those that were set, by address.
    """

    settings: tuple[Setting, ...]
    refused: tuple[PathwayError, ...]
    used: Mapping[str, Given]


def settle(parts: Mapping[str, Fields], hospital: Hospital | None, only: str | None = None) -> Settled:
    """Set the hospital's values in what was read of a pathway's files.

    only: the one address to set.   An address that this pathway does not know is another's, and is left out; see
    `unknown`. Raises PathwayError for a faulty range, and for a value of the wrong kind or outside its range.
    """
    places = {place.address: place for place in _places(parts)}
    name = str(parts[_OWN].values.get("pathway"))
    given = {} if hospital is None else hospital.of(name)
    used = {address: each for address, each in given.items() if address in places and only in (None, address)}
    settings, faults = [], Faults()
    for address, place in places.items():
        default = text_of(place.element[place.key])
        if hospital is not None and address in used:
            with faults.noting("local", address):
                _set(place, used[address], hospital.file)
        settings.append(_setting(place, default, hospital if address in used else None))
    faults.tell()
    refused: list[PathwayError | None] = []
    if hospital is not None:
        stray = [(address, each) for address, each in given.items() if address not in places]
        refused = [_not_local(parts, hospital, address, each, places) for address, each in stray]
    return Settled(tuple(settings), tuple(each for each in refused if each is not None), used)


def unknown(hospital: Hospital, pathways: Iterable[Pathway]) -> Iterator[PathwayError]:
    """Yield an error for each value that no pathway has, and for each pathway that is not there."""
    known: dict[str, set[str]] = {}
    for pathway in pathways:
        known.setdefault(pathway.name, set()).update(setting.address for setting in pathway.settings)
    for name, line in hospital.lines.items():
        if name not in known:
            hint = suggest(name, known) or f"known are {', '.join(sorted(known))}"
            yield PathwayError(f"unknown pathway '{name}'", file=hospital.file, line=line, hint=hint)
    every = set().union(*known.values())
    own = [(values, known[name]) for name, values in hospital.own.items() if name in known]
    tables = [(hospital.values, every), *own]
    for values, addresses in tables:
        for address, given in values.items():
            if address not in addresses:
                hint = suggest(address, sorted(addresses)) or "carepath pathway show NAME lists the local values"
                what = f"there is no local value '{address}'"
                yield PathwayError(what, file=hospital.file, line=given.line, hint=hint)


def below_a_gate(pathway: Pathway) -> Iterator[PathwayError]:
    """Yield an error for each range that would let a hospital plan less, unasked, than a gate lets a person plan."""
    lows = {setting.address: setting.low for setting in pathway.settings}
    for gate in pathway.gates.values():
        for name in sorted(gate.selector.regimens if gate.minimum_days else ()):
            low, mark = lows.get(f"regimens.{name}.schedule.default"), pathway.regimens[name].mark
            if low is not None and int(low) < gate.minimum_days:
                what = (
                    f"a hospital may set the days of '{name}' below the {gate.minimum_days} of the gate '{gate.name}'"
                )
                yield PathwayError(what, file=mark.file, line=mark.line, hint="raise the least of the range")


def _set(place: Place, given: Given, file: str) -> None:
    fault = place.range.fault(given.value)
    if fault:
        what = f"'{place.address}' {fault}"
        raise PathwayError(
            what, file=file, line=given.line, hint=f"in the pathway it is {text_of(place.element[place.key])}"
        )
    place.element[place.key] = given.value


def _setting(place: Place, default: str, hospital: Hospital | None) -> Setting:
    bounds = place.range.low_text, place.range.high_text
    rule = place.element.get("rule", ())
    rules = (rule,) if isinstance(rule, str) else tuple(map(str, rule))
    value = text_of(place.element[place.key])
    made = Setting(place.address, place.words, value, default, *bounds, rules=rules)
    if hospital is None:
        return made
    return replace(
        made, hospital=hospital.name, revision=hospital.revision, author=hospital.author, approver=hospital.approver,
        approved=hospital.approved, reason=hospital.reason,
    )  # fmt: skip


def _places(parts: Mapping[str, Fields]) -> Iterator[Place]:
    """Yield every local value; an element of the pathway's own takes the place of the shared one of its name."""
    own = parts[_OWN].values
    for file, part in sorted(parts.items()):  # in one order, whether read from files or from a stored text
        for section, table in part.values.items():
            if not isinstance(table, Map):
                continue
            mine = own.get(section)
            hidden = set(mine) if file != _OWN and isinstance(mine, Map) else set()
            shown = Map(table.line)
            shown.update({name: value for name, value in table.items() if name not in hidden})
            yield from _within(part, (section,), table if "local" in table else shown)


def _within(part: Fields, way: tuple[str, ...], element: Map, called: str = "") -> Iterator[Place]:
    """called: the title of the regimen in which the element stands, if it does."""
    called = called or (str(element.get("title", "")) if way[0] == "regimens" else "")
    ranges = element.get("local")
    if isinstance(ranges, Map):
        fields = Fields(ranges, part.file, f"'local' of '{'.'.join(way)}'")
        for key in ranges:
            if key in element:  # of what it says nothing the builder tells
                with part.faults.noting("local"):
                    found = take_range_of(fields, key, element[key])
                    yield Place(".".join((*way, key)), _words(way, key, element, called), element, key, found)
    for name, value in element.items():
        if isinstance(value, Map) and name != "local":
            yield from _within(part, (*way, name), value, called)


def _words(way: tuple[str, ...], key: str, element: Map, called: str) -> str:
    """Return what a value is, for people: a named value's own words, else made of its element's kind and name."""
    if key not in _WORDS:
        return str(element.get("words", ".".join(way)))
    section, *names = way
    what = f"{section.removesuffix('s')} {called or names[0]}" if names else _ALONE.get(section, section)
    return _WORDS[key].format(what)


def _not_local(
    parts: Mapping[str, Fields], hospital: Hospital, address: str, given: Given, places: Iterable[str]
) -> PathwayError | None:
    """Return the error for a value that is in the files, but is not local; None when it is not there at all."""
    for part in parts.values():
        element: object = part.values
        *way, key = address.split(".")
        for name in way:
            element = element.get(name) if isinstance(element, Map) else None
        if isinstance(element, Map) and key in element:
            pathway, source = parts[_OWN].values.get("pathway"), element.get("source")
            why = f"rests on source {text_of(source)}" if source is not None else "has no range in which it may be set"
            within = next((each for each in places if each.startswith(f"{address}.")), "")
            hint = "leave it out; where other pathways let it be set, name them under 'pathways:'"
            hint = f"did you mean '{within}'?" if within else hint
            return PathwayError(f"'{address}' of {pathway} {why}", file=hospital.file, line=given.line, hint=hint)
    return None
