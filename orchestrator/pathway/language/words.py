"""How does a clinician read an expression? The tree in plain words, unambiguous, with a scope's labels for names."""

from collections.abc import Mapping

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
    Or,
    Variable,
    type_of,
)

Labels = Mapping[str, str]

_NEGATED = {"==": "!=", "!=": "==", "<": ">=", "<=": ">", ">": "<=", ">=": "<"}
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
            return f"{_name(node, labels)} is {'false' if negated else 'true'}"
        case Call():
            return _call(node, negated=negated)
        case Defined():
            return _defined(node, labels, negated=negated)
        case _:
            assert isinstance(node, Literal)  # no other kind of node is a condition
            return "never" if node.value is negated else "always"


def _compound(node: And | Or, labels: Labels, *, negated: bool) -> str:
    joined = f" {'and' if isinstance(node, And) else 'or'} ".join(_enclosed(part, labels) for part in node.parts)
    return f"not ({joined})" if negated else joined


def _enclosed(part: Node, labels: Labels) -> str:
    text = words_of(part, labels)
    return f"({text})" if _is_divided(part, labels) else text


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
        case Defined():
            return not own_words(node, labels) and _is_divided(node.body, labels)
        case Not(part) if not isinstance(part, And | Or):
            return _is_divided(part, labels)
        case _:
            return False


def _comparison(node: Compare, labels: Labels, *, negated: bool) -> str:
    operator = _NEGATED[node.operator] if negated else node.operator
    if type_of(node.left) == BOOL:
        return _agreement(node, labels, same=operator == "==")
    left = _operand(node.left, labels)
    if isinstance(node.right, Listing):
        is_it = "is" if operator == "==" else "is not"
        return f"{left} {is_it} {'exactly ' + _joined(node.right, 'and') if node.right.items else 'empty'}"
    said = _OPERATORS[operator]
    if isinstance(type_of(node.left), Enum):
        said = {"is below": "is less than", "is above": "is more than"}.get(said, said)
    return f"{left} {said} {_operand(node.right, labels)}"


def _agreement(node: Compare, labels: Labels, *, same: bool) -> str:
    if isinstance(node.right, Literal):
        return _condition(node.left, labels, negated=same is not node.right.value)
    left, right = (f"({words_of(part, labels)})" for part in (node.left, node.right))
    return f"{left} {'exactly when' if same else 'or else'} {right}"


def _membership(node: In, labels: Labels, *, negated: bool) -> str:
    if isinstance(node.among, Listing):
        is_it = "is neither" if negated and len(node.among.items) > 1 else "is not" if negated else "is"
        return f"{_operand(node.item, labels)} {is_it} {_joined(node.among, 'nor' if negated else 'or')}"
    verb = "do not include" if negated else "include"
    return f"{_operand(node.among, labels)} {verb} {_operand(node.item, labels)}"


def _operand(node: Node, labels: Labels) -> str:
    match node:
        case Literal():
            return node.text
        case Call():
            return _call(node, negated=False)
        case _:
            assert isinstance(node, Variable)  # conditions are compared by _agreement, listings are joined
            return _name(node, labels)


def _joined(listing: Listing, last: str) -> str:
    *most, end = (item.text for item in listing.items)
    return f"{', '.join(most)} {last} {end}" if most else end


def _call(node: Call, *, negated: bool) -> str:
    texts = [argument.text for argument in node.arguments]
    if not negated:
        return node.function.words.format(*texts)
    if node.function.negated:
        return node.function.negated.format(*texts)
    return f"not ({node.function.words.format(*texts)})"


def own_words(node: Defined, labels: Labels) -> str:
    """Return a definition's own words: those it was given, else its label, else none."""
    return node.words or labels.get(node.name, "")


def _defined(node: Defined, labels: Labels, *, negated: bool) -> str:
    own = own_words(node, labels)
    if not own:
        return _condition(node.body, labels, negated=negated)
    return f"not ({own})" if negated else own


def _name(node: Variable, labels: Labels) -> str:
    return labels.get(node.name) or node.name.replace("_", " ")
