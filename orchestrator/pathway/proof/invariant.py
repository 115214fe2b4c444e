"""What does a proof rest on? How much had to be known of what came before, counted in clauses that every step keeps."""

import z3

AT_ONCE = "the guards themselves, whatever came before"
"""Nothing had to be known: the step or the situation that would break the promise contradicts itself."""


def told(answer: z3.ExprRef, reached: str, fails: str) -> str:
    """Return in words what the prover's answer rests on. reached, fails: how its two relations are called."""
    said = dict(map(_equation, answer.children()))
    if fails in said and z3.is_false(said[fails]):
        return AT_ONCE
    if reached not in said:
        return "an invariant that every step keeps"
    invariant = said[reached]
    if z3.is_true(invariant):
        return AT_ONCE
    many = len(invariant.children()) if z3.is_and(invariant) else 1
    return f"an invariant of {many} clause{'' if many == 1 else 's'}"


def _equation(part: z3.ExprRef) -> tuple[str, z3.ExprRef]:
    """Return the relation of which a part of the answer speaks, and what it is said to be."""
    inner = part.body() if z3.is_quantifier(part) else part
    if not z3.is_eq(inner) or not z3.is_app(inner.arg(0)):
        return "", inner
    return inner.arg(0).decl().name(), inner.arg(1)
