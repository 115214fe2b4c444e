"""How does each regimen stand for this patient now, what warns, which gates refuse, and which facts are awaited?"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from orchestrator.episode.doses import inputs_of
from orchestrator.episode.host import Host, exempt_taper
from orchestrator.episode.model import Episode
from orchestrator.pathway.model import (
    OPTIONS,
    Gate,
    Guard,
    Offer,
    Pathway,
    Standing,
    StandingRow,
    Transition,
    WarningRow,
)

REFUSED, UNKNOWN = "refused", "unknown"
OFFERED = frozenset({Standing.RECOMMENDED, Standing.ACCEPTABLE})
_RULED_OUT = frozenset({Standing.CONTRAINDICATED})


@dataclass(frozen=True, slots=True)
class Proposal:
    """One regimen's standing and the rows that gave it, the deciding one first."""

    regimen: str
    standing: Standing
    rows: tuple[StandingRow, ...]


@dataclass(frozen=True, slots=True)
class Table:
    """All that is put to the clinician. conflict: flags pull toward different regimens (X-06)."""

    proposals: Mapping[str, Proposal]
    conflict: frozenset[str]

    def standing(self, regimen: str) -> Standing:
        """Return how ``regimen`` stands; absent when no rule speaks of it."""
        found = self.proposals.get(regimen)
        return found.standing if found else Standing.ABSENT


def shown_stages(pathway: Pathway, episode: Episode) -> frozenset[str]:
    """Return the stages whose standings show now: the present one, those it shows too,
    after a relapse all reached (X-15, X-17).
    """
    stage = pathway.stages[episode.stage]
    shown = {stage.name, *stage.standings_of}
    if stage.after_relapse_reached and episode.round > 0:
        shown |= {name for name in episode.reached if pathway.stages[name].line}
    return frozenset(shown)


def table(host: Host, values: Mapping[str, Any]) -> Table:
    """Return the standing of every regimen that a rule speaks of and that is not in force."""
    pathway, episode = host.pathway, host.episode
    if episode.closed:
        return Table({}, frozenset())
    shown = shown_stages(pathway, episode)
    found: dict[str, list[StandingRow]] = {}
    for row in pathway.standings:
        if row.stages & shown and row.guard.holds(values, host):
            for regimen in row.selector.regimens:
                if not (row.save_taper and exempt_taper(pathway, episode, regimen)):
                    found.setdefault(regimen, []).append(row)
    gone = taken(host)
    options = {
        regimen: [row for row in rows if not (row.takes_one and row.selector.regimens & gone)]
        for regimen, rows in found.items()
        if episode.in_force(regimen) is None
    }
    options = {regimen: rows for regimen, rows in options.items() if rows}
    conflict = _conflict(found) & options.keys()
    return Table({regimen: _resolve(regimen, rows, conflict) for regimen, rows in sorted(options.items())}, conflict)


def taken(host: Host) -> frozenset[str]:
    """Return the regimens that the clinician has taken: in force, or ended, not stopped, and still to be answered."""
    return frozenset(each.regimen for each in host.episode.courses if each.in_force or host.taken(each.regimen))


def _conflict(found: Mapping[str, list[StandingRow]]) -> frozenset[str]:
    """Return the regimens between which flags pull, empty unless they pull toward two sides.

    One that is in force already goes on pulling: to confirm the other one too needs a reason as well (X-06).
    """
    pulled = {
        regimen: row.pull
        for regimen, rows in found.items()
        for row in rows
        if row.pull and row.standing is Standing.RECOMMENDED and not any(each.standing in _RULED_OUT for each in rows)
    }
    return frozenset(pulled) if len(set(pulled.values())) > 1 else frozenset()


def _resolve(regimen: str, rows: list[StandingRow], conflict: frozenset[str]) -> Proposal:
    """Settle rows that differ: contraindicated, discouraged, a conflict,
    then the pathway's higher-numbered rule (X-05).
    """
    for standing in (Standing.CONTRAINDICATED, Standing.DISCOURAGED):
        ruling = [row for row in rows if row.standing is standing]
        if ruling:
            return Proposal(regimen, standing, (*ruling, *(row for row in rows if row.standing is not standing)))
    if regimen in conflict:
        rows = sorted(rows, key=lambda row: (bool(row.pull), row.mark.order), reverse=True)
        return Proposal(regimen, Standing.RECOMMENDED, tuple(rows))
    ordered = sorted(rows, key=lambda row: row.mark.order, reverse=True)
    return Proposal(regimen, ordered[0].standing, tuple(ordered))


def warnings(host: Host, values: Mapping[str, Any], found: Table) -> list[WarningRow | str]:
    """Return the warnings that show now: rows, and the name of the conflict's."""
    if host.episode.closed:
        return []
    rows = [row for row in host.pathway.warnings if host.stage in row.stages and row.guard.holds(values, host)]
    shown: list[WarningRow | str] = [
        row
        for row in rows
        if not row.otherwise and (row.proposing is None or row.proposing.regimens & found.proposals.keys())
    ]
    if found.conflict:
        shown.append(host.pathway.conflict_warning)
    if not shown and _silent(host, values, found):
        shown += (row for row in rows if row.otherwise)
    return shown


def _silent(host: Host, values: Mapping[str, Any], found: Table) -> bool:
    """Return whether a decision is due, and neither an option nor a missing fact is shown (S-07)."""
    options = any(each.standing in OFFERED for each in found.proposals.values())
    return decision_due(host, values) and not options and not missing(host, values, found)


def decision_due(host: Host, values: Mapping[str, Any]) -> bool:
    """Return whether the state waits for a person's decision, by its own guards."""
    return waits(host, values) and not content(host, values)


def waits(host: Host, values: Mapping[str, Any]) -> bool:
    """Return whether the state is one that waits for somebody."""
    state = host.pathway.states[host.episode.state]
    return state.waits is not None and state.waits.test(values, host) is True


def content(host: Host, values: Mapping[str, Any]) -> bool:
    """Return whether the state is content for now: nobody need choose."""
    state = host.pathway.states[host.episode.state]
    return state.content is not None and state.content.test(values, host) is True


def offers(host: Host, values: Mapping[str, Any]) -> list[Offer]:
    """Return the ways to close that the facts suggest now."""
    return [] if host.episode.closed else [each for each in host.pathway.offers if each.guard.holds(values, host)]


def warning_names(host: Host, values: Mapping[str, Any], found: Table) -> tuple[str, ...]:
    """Return the names of the warnings that show now, each once, in order."""
    return tuple(dict.fromkeys(row if isinstance(row, str) else row.name for row in warnings(host, values, found)))


def gates_refusing(host: Host, values: Mapping[str, Any], regimen: str) -> list[tuple[Gate, str]]:
    """Return the gates that refuse to confirm ``regimen`` now, in the order of refusal,
    each with refused or unknown.
    """
    found = []
    for gate in host.pathway.gates.values():
        if "confirm" not in gate.actions or regimen not in gate.selector:
            continue
        if gate.save_taper and exempt_taper(host.pathway, host.episode, regimen):
            continue
        why = gate_refusal(gate, host, values)
        if why:
            found.append((gate, why))
    return sorted(found, key=lambda pair: pair[0].order)


def gate_refusal(gate: Gate, host: Host, values: Mapping[str, Any]) -> str:
    """Return why a gate refuses: ``refused``, ``unknown`` while facts are missing, or empty when it lets pass."""
    if gate.refuses is not None and gate.refuses.test(values, host) is True:
        return REFUSED
    if gate.passes is None:
        return REFUSED
    outcome = gate.passes.test(values, host)
    return "" if outcome is True else UNKNOWN if outcome is None else REFUSED


def missing(host: Host, values: Mapping[str, Any], found: Table) -> frozenset[str]:
    """Return the unknown facts on which a proposal, gate, dose, task or transition open now depends."""
    pathway, episode = host.pathway, host.episode
    if episode.closed:
        return frozenset()
    shown = shown_stages(pathway, episode)
    names: set[str] = set()
    for guard in _open_guards(pathway, episode.stage, shown):
        names |= guard.unknown(values, host)
    for gate in pathway.gates.values():
        names |= _gate_unknown(gate, host, values)
    for transition in _open_moves(pathway, episode.stage):
        names |= _undecided(transition.decides, values)
    for task in episode.tasks:
        names |= set(pathway.tasks[task.name].asks) - values.keys()
    for fact in names & pathway.derivations.keys():
        for row in pathway.derivations[fact].rows:
            names |= row.guard.unknown(values, host)
    return frozenset(names | dose_inputs(pathway, episode, values, found))


def awaited(host: Host, values: Mapping[str, Any], found: Table) -> frozenset[str]:
    """Return the unknown facts that hold a decision up: for the options' gates and doses, and what is to decide."""
    pathway, episode = host.pathway, host.episode
    names: set[str] = dose_inputs(pathway, episode, values, found)
    for gate in pathway.gates.values():
        if any(regimen in gate.selector for regimen in found.proposals):
            names |= _gate_unknown(gate, host, values)
    for transition in _open_moves(pathway, episode.stage):
        names |= _undecided(transition.decides, values)
    return frozenset(names)


def _open_guards(pathway: Pathway, stage: str, shown: frozenset[str]) -> Iterator[Guard]:
    """Yield the guards of the standings, moves and tasks that are open in this stage."""
    for row in pathway.standings:
        if row.stages & shown:
            yield row.guard
    for transition in _open_moves(pathway, stage):
        yield transition.guard
    for task in pathway.tasks.values():
        if task.entering is None:
            yield from task.guards


def _open_moves(pathway: Pathway, stage: str) -> Iterator[Transition]:
    return (row for row in pathway.transitions if stage in row.origins and row.on == "any")


def _undecided(fact: str | None, values: Mapping[str, Any]) -> frozenset[str]:
    return frozenset() if fact is None or fact in values else frozenset({fact})


def _gate_unknown(gate: Gate, host: Host, values: Mapping[str, Any]) -> frozenset[str]:
    names: frozenset[str] = frozenset()
    for expression in (gate.passes, gate.refuses):
        if expression is not None and "confirm" in gate.actions:
            names |= expression.missing(values, host)
    return names


def dose_inputs(pathway: Pathway, episode: Episode, values: Mapping[str, Any], found: Table) -> set[str]:
    """Return the unknown facts that the doses of options and of courses in force are made from."""
    names: set[str] = set()
    for regimen, proposal in found.proposals.items():
        if proposal.standing in OPTIONS:
            names |= set(inputs_of(pathway, pathway.regimens[regimen], {})) - values.keys()
    for course in episode.courses:
        if course.in_force:
            names |= set(inputs_of(pathway, pathway.regimens[course.regimen], course.parameters)) - values.keys()
    return names


def concerns(host: Host, values: Mapping[str, Any], regimen: str) -> tuple[str, ...]:
    """Return what now speaks against a course of ``regimen``:
    gates that refuse it, rules that contraindicate it (X-19).
    """
    gates = [f"{gate.name}:{why}" for gate, why in gates_refusing(host, values, regimen)]
    return (
        *gates,
        *(f"{Standing.CONTRAINDICATED}:{'+'.join(row.mark.rules)}" for row in contraindicating(host, values, regimen)),
    )


def contraindicating(host: Host, values: Mapping[str, Any], regimen: str) -> list[StandingRow]:
    """Return the rows that contraindicate ``regimen`` now, whether or not it is in force."""
    pathway, episode = host.pathway, host.episode
    shown = shown_stages(pathway, episode)
    return [
        row
        for row in pathway.standings
        if row.standing is Standing.CONTRAINDICATED
        and regimen in row.selector
        and row.stages & shown
        and not (row.save_taper and exempt_taper(pathway, episode, regimen))
        and row.guard.holds(values, host)
    ]
