"""How does a clinician read an expression? The tree in plain words, unambiguous, with a scope's labels for names.

Labels are words for a fact or a definition by its name, and for a name of another vocabulary by ``vocabulary name``
(``check day-3``).
"""

import datetime as dt
from collections.abc import Iterator, Mapping
from itertools import groupby

from orchestrator.pathway.language.grammar import be, enclosed, is_clause, is_divided, listed, opposite, span
from orchestrator.pathway.language.tree import (
    BOOL,
    And,
    Call,
    Compare,
    Defined,
    Enum,
    In,
    Listing,
    Literal,
    Node,
    Not,
    OneOf,
    Or,
    Variable,
    type_of,
)

Labels = Mapping[str, str]

_NEGATED = {"==": "!=", "!=": "==", "<": ">=", "<=": ">", ">": "<=", ">=": "<"}
_THIS = "this fact"
"""The label under which the fact stands that was just spoken of; no fact can be called so."""
_OPERATORS = {
    "==": "is",
    "!=": "is not",
    "<": "is below",
    "<=": "is at most",
    ">": "is above",
    ">=": "is at least",
}


def words_of(node: Node, labels: Labels) -> str:
    """Return a tree in words. labels: by name of a variable or definition; else the name without underscores."""
    return _condition(node, labels, negated=False)


def parts_of(node: Node, labels: Labels) -> tuple[str, ...]:
    """Return what must hold together, one text for each part; what reads like its body is looked into."""
    while isinstance(node, Defined) and not own_words(node, labels):
        node = node.body
    return tuple(_in_turn(node.parts, labels)) if isinstance(node, And) else (words_of(node, labels),)


def _condition(node: Node, labels: Labels, *, negated: bool) -> str:
    match node:
        case Not(part):
            return _condition(part, labels, negated=not negated)
        case And() | Or():
            return _compound(node, labels, negated=negated)
        case Compare():
            return _comparison(node, labels, negated=negated)
        case In():
            return _membership(node, labels, negated=negated)
        case _:
            return _single(node, labels, negated=negated)


def _single(node: Node, labels: Labels, *, negated: bool) -> str:
    match node:
        case Variable():
            return _yes(_name(node, labels), negated=negated)
        case Call():
            return _call(node, labels, negated=negated)
        case Defined():
            return _defined(node, labels, negated=negated)
        case _:
            assert isinstance(node, Literal)  # no other kind of node is a condition
            return "never" if node.value is negated else "always"


def _yes(label: str, *, negated: bool) -> str:
    """Return that a yes-or-no fact holds: its label where that is a statement, else that it is present."""
    if not is_clause(label):
        return f"{label} {be(label)} not present" if negated else f"{label} {be(label)} present"
    return opposite(label) if negated else label


# several conditions


def _compound(node: And | Or, labels: Labels, *, negated: bool) -> str:
    if isinstance(node, And):
        divided = [_is_divided(part, labels) for part in node.parts]
        joined = " and ".join(map(enclosed, _in_turn(node.parts, labels), divided))
    else:
        alternatives = list(_alternatives(node, labels))
        joined = " or ".join(enclosed(*each) if len(alternatives) > 1 else each[0] for each in alternatives)
    return f"not ({joined})" if negated else joined


def _in_turn(parts: tuple[Node, ...], labels: Labels) -> Iterator[str]:
    """Yield parts that hold together; one that asks more of the fact that the part before it named says 'this'."""
    before = ""
    for part in parts:
        again = isinstance(part, Call) and part.arguments and part.arguments[0].text == before and _asks_fact(part)
        yield words_of(part, {**labels, _THIS: before} if again else labels)
        before = part.name if isinstance(part, Variable) else ""


def _asks_fact(call: Call) -> bool:
    parameter = call.function.parameters[0]
    return isinstance(parameter, OneOf) and parameter.name == "fact"


def _alternatives(node: Or, labels: Labels) -> Iterator[tuple[str, bool]]:
    """Yield each alternative with whether it is divided; neighbours that ask the same of several names are one."""
    for _, run in groupby(node.parts, key=_question):
        parts = list(run)
        said = words_of(parts[0], labels) if len(parts) == 1 else _together(parts, labels)
        yield said, len(parts) == 1 and _is_divided(parts[0], labels)


def _question(part: Node) -> object:
    """Return what a part asks of a name; parts that ask the same are said together."""
    match part:
        case Call(function=function, arguments=(_,)):
            return function.words
        case In(item=Literal(), among=Variable(name=name)):
            return "in", name
        case _:
            return id(part)


def _together(parts: list[Node], labels: Labels) -> str:
    first = parts[0]
    if isinstance(first, Call):
        names = [_argument(part, 0, labels) for part in parts if isinstance(part, Call)]
        return first.function.words.format(listed(names, "or"))
    assert isinstance(first, In)  # nothing else is said together
    items = [_operand(part.item, labels) for part in parts if isinstance(part, In)]
    return f"{_operand(first.among, labels)} include {listed(items, 'or')}"


def _is_divided(node: Node, labels: Labels) -> bool:
    """Return whether a node's words hold an 'and' or 'or' of their own, which its neighbours' would run into."""
    match node:
        case And() | Or():
            return True
        case In(among=Listing(items)):
            return len(items) > 1
        case Compare(left=left, right=right):
            plain = isinstance(left, Variable) and isinstance(right, Literal)
            return isinstance(right, Listing) or (type_of(left) == BOOL and not plain)
        case Defined() if not own_words(node, labels):
            return _is_divided(node.body, labels)
        case Not(part) if isinstance(part, And | Or) or not _is_divided(part, labels):
            return False
        case _:
            return is_divided(words_of(node, labels))


# one condition


def _comparison(node: Compare, labels: Labels, *, negated: bool) -> str:
    operator = _NEGATED[node.operator] if negated else node.operator
    if type_of(node.left) == BOOL:
        return _agreement(node, labels, same=operator == "==")
    left = _operand(node.left, labels)
    if isinstance(node.right, Listing):
        is_it = be(left) if operator == "==" else f"{be(left)} not"
        return f"{left} {is_it} {'exactly ' + _joined(node.right, 'and') if node.right.items else 'empty'}"
    said = _OPERATORS[operator]
    if isinstance(type_of(node.left), Enum):
        said = {"is below": "is less than", "is above": "is more than"}.get(said, said)
        said = be(left) + said.removeprefix("is")
    return f"{left} {said} {_operand(node.right, labels)}"


def _agreement(node: Compare, labels: Labels, *, same: bool) -> str:
    if isinstance(node.right, Literal):
        return _condition(node.left, labels, negated=same is not node.right.value)
    left, right = (f"({words_of(part, labels)})" for part in (node.left, node.right))
    return f"{left} {'exactly when' if same else 'or else'} {right}"


def _membership(node: In, labels: Labels, *, negated: bool) -> str:
    if isinstance(node.among, Listing):
        item = _operand(node.item, labels)
        is_it = "" if not negated else " neither" if len(node.among.items) > 1 else " not"
        return f"{item} {be(item)}{is_it} {_joined(node.among, 'nor' if negated else 'or')}"
    verb = "do not include" if negated else "include"
    return f"{_operand(node.among, labels)} {verb} {_operand(node.item, labels)}"


def _operand(node: Node, labels: Labels) -> str:
    match node:
        case Literal():
            return span(node.value) if isinstance(node.value, dt.timedelta) else node.text
        case Call():
            return _call(node, labels, negated=False)
        case _:
            assert isinstance(node, Variable)  # conditions are compared by _agreement, listings are joined
            return _name(node, labels)


def _joined(listing: Listing, last: str) -> str:
    return listed([item.text for item in listing.items], last)


def _call(node: Call, labels: Labels, *, negated: bool) -> str:
    texts = [_argument(node, place, labels) for place in range(len(node.arguments))]
    if negated and node.function.negated:
        return node.function.negated.format(*texts)
    words = node.function.words.format(*texts)
    return opposite(words) if negated else words


def _argument(node: Call, place: int, labels: Labels) -> str:
    """Return an argument in words; the label of a fact that is a statement of its own stands in quotes."""
    parameter, given = node.function.parameters[place], node.arguments[place]
    if not isinstance(parameter, OneOf):
        return _operand(given, labels)
    if parameter.name == "fact":
        if given.text == labels.get(_THIS):
            return "this"
        label = labels.get(given.text) or given.text.replace("_", " ")
        return f"‘{label}’" if is_clause(label) or is_divided(label) else label
    return labels.get(f"{parameter.name} {given.text}", given.text)


def own_words(node: Defined, labels: Labels) -> str:
    """Return a definition's own words: those it was given, else its label, else none."""
    return node.words or labels.get(node.name, "")


def _defined(node: Defined, labels: Labels, *, negated: bool) -> str:
    own = own_words(node, labels)
    if not own:
        return _condition(node.body, labels, negated=negated)
    return opposite(own) if negated else own


def _name(node: Variable, labels: Labels) -> str:
    return labels.get(node.name) or ("the " if node.hosted else "") + node.name.replace("_", " ")
