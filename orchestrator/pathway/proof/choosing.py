"""What may be confirmed? Past which gates, with what reason, and what it lays out."""

import z3

from orchestrator.pathway.model import Standing, StandingRow
from orchestrator.pathway.proof import world
from orchestrator.pathway.proof.ending import end, tapered_kinds
from orchestrator.pathway.proof.guards import FALSE, TRUE, Moment, Signals
from orchestrator.pathway.proof.moves import moved
from orchestrator.pathway.proof.system import Option, System
from orchestrator.pathway.proof.world import Situation, all_of, any_of

OVERRIDE, REASON, LEAD = "a gate is overridden", "a reason is given", "a lead acts"


class Confirmation:
    """A person confirms some regimens: which, by whom, with what reason, past which gates."""

    def __init__(self, system: System, now: Situation, choose: world.Choose) -> None:
        self.system, self.now, self.choose = system, now, choose
        self.chosen = {each: choose(f"{each} is confirmed") for each in system.regimens}
        self.at = Moment(now, choose)
        self.overridden = {gate.name: choose(f"{OVERRIDE}: {gate.name}") for gate in system.pathway.gates.values()}
        self.days = {each: choose(f"{each} is planned too short") for each in system.regimens}

    def option(self) -> Option:
        """Return the confirmation as something that can happen next."""
        some, one_each = any_of(self.chosen.values()), []
        for regimen, chosen in self.chosen.items():
            free = TRUE if regimen in self.system.several else z3.Not(self.now[world.course("in force", regimen)])
            one_each.append(
                z3.Implies(chosen, z3.And(free, self._gates_pass(regimen), self._choice_explained(regimen)))
            )
        changes = self._laid_out()
        after = {**self.now, **changes}
        turned = moved(self.system, "confirmation", Moment(after, self.choose, Signals(self.chosen, {})))
        return Option("confirm", z3.And(some, *one_each), {**changes, **turned})

    def exempt(self, regimen: str) -> z3.BoolRef:
        """Return whether a regimen is the taper of something already given."""
        definition = self.system.pathway.regimens[regimen]
        if not definition.tapers:
            return FALSE
        return self.system.reader.some("ever", self.at, self.system.reader.kind(definition.tapers)).true

    def _gates_pass(self, regimen: str) -> z3.BoolRef:
        parts = []
        for gate in self.system.pathway.gates.values():
            if regimen not in gate.selector:
                continue
            if "taper" in gate.actions:
                parts.append(z3.Implies(self.days[regimen], self.overridden[gate.name]))
            if "confirm" in gate.actions and gate.passes is not None:
                passes = self.system.reader.tri(gate.passes.tree, self.at).true
                if gate.refuses is not None:
                    passes = z3.And(passes, z3.Not(self.system.reader.tri(gate.refuses.tree, self.at).true))
                saved = self.exempt(regimen) if gate.save_taper else FALSE
                parts.append(z3.Or(passes, saved, self.overridden[gate.name]))
        return all_of(parts)

    def _choice_explained(self, regimen: str) -> z3.BoolRef:
        contraindicated = self.stands(regimen, Standing.CONTRAINDICATED)
        led = z3.And(self.choose(LEAD), self.choose(REASON))
        return z3.And(
            z3.Implies(contraindicated, led),
            z3.Implies(z3.Not(self.proposed(regimen)), self.choose(REASON)),
            z3.Implies(any_of(self.overridden.values()), led),
        )

    def excused(self, regimen: str) -> z3.BoolRef:
        """Return 'an override was recorded': a gate's, or a choice that needed its reason and has it."""
        needed = z3.Or(self.stands(regimen, Standing.CONTRAINDICATED), z3.Not(self.proposed(regimen)))
        return z3.Or(any_of(self.overridden.values()), z3.And(needed, self.choose(REASON)))

    def proposed(self, regimen: str) -> z3.BoolRef:
        """Return whether the regimen is recommended or acceptable, nothing speaking against it."""
        against = z3.Or(self.stands(regimen, Standing.CONTRAINDICATED), self.stands(regimen, Standing.DISCOURAGED))
        for_it = z3.Or(self.stands(regimen, Standing.RECOMMENDED), self.stands(regimen, Standing.ACCEPTABLE))
        return z3.And(for_it, z3.Not(against))

    def stands(self, regimen: str, standing: Standing) -> z3.BoolRef:
        """Return whether a row gives the regimen this standing."""
        rows = (row for row in self.system.pathway.standings if row.standing is standing and regimen in row.selector)
        return any_of(self._row(row, regimen) for row in rows)

    def _row(self, row: StandingRow, regimen: str) -> z3.BoolRef:
        saved = self.exempt(regimen) if row.save_taper else FALSE
        return z3.And(
            shown(self.system, row.stages, self.now), self.system.reader.guard(row.guard, self.at), z3.Not(saved)
        )

    def _laid_out(self) -> dict[str, z3.BoolRef]:
        pathway = self.system.pathway
        treating = any_of(chosen for each, chosen in self.chosen.items() if pathway.regimens[each].treats)
        changes: dict[str, z3.BoolRef] = {}
        for fact in pathway.course_facts:
            names = (*self.system.names.of_fact(fact.name), world.spent(fact.name))
            changes |= {name: z3.And(self.now[name], z3.Not(treating)) for name in names}
        for regimen, chosen in self.chosen.items():
            for what in ("in force", "given", "ever", "confirmed", "unanswered"):
                name = world.course(what, regimen)
                if what != "unanswered" or pathway.regimens[regimen].treats:
                    changes[name] = z3.Or(self.now[name], chosen)
        self._checks(changes)
        kinds = tapered_kinds(self.system)
        tapered = any_of(chosen for each, chosen in self.chosen.items() if pathway.regimens[each].kind in kinds)
        last = z3.Or(z3.Not(tapered), self.choose("it is planned before the last course that was tapered"))
        changes[world.TAPERED] = z3.And(self.now[world.TAPERED], last)
        self._replaced(changes)
        return changes

    def _checks(self, changes: dict[str, z3.BoolRef]) -> None:
        """The check of the new course is the one to wait for."""
        for check in self.system.pathway.checks.values():
            if check.selector is not None:
                asked = [
                    each for each in self.system.regimens if each in check.selector and self.system.reader.treats(each)
                ]
                new, due, several = (
                    [self.chosen[each] for each in asked],
                    world.due(check.name),
                    world.several(check.name),
                )
                old = any_of(self.now[world.course("unanswered", each)] for each in asked)
                changes[due] = z3.And(self.now[due], z3.Not(any_of(new)))
                more = z3.Or(z3.And(old, any_of(new)), z3.Not(z3.AtMost(*new, 1)) if len(new) > 1 else FALSE)
                changes[several] = z3.Or(self.now[several], more)

    def _replaced(self, changes: dict[str, z3.BoolRef]) -> None:
        """End the courses that a confirmed one replaces."""
        for row in self.system.pathway.replaces:
            if row.at != "confirmation":
                continue
            for each in (each for each in self.system.regimens if each in row.what):
                others = [chosen for other, chosen in self.chosen.items() if other in row.by and other != each]
                end(self.system, each, any_of(others), self.at, changes)


def shown(system: System, stages: frozenset[str], now: Situation) -> z3.BoolRef:
    """Return whether rows of these stages show now: of the present one, of those it shows too, of lines reached."""
    parts = []
    for name in system.names.stages:
        stage = system.pathway.stages[name]
        here = now[world.stage(name)]
        if stages & {name, *stage.standings_of}:
            parts.append(here)
        elif stage.after_relapse_reached:
            lines = (each for each in stages & set(system.names.stages) if system.pathway.stages[each].line)
            reached = any_of(now[f"reached {each}"] for each in sorted(lines))
            parts.append(z3.And(here, now[world.RELAPSED], reached))
    return any_of(parts)
