"""In which ways can a guard be broken? Made from its syntax alone, so that every broken guard can still be read."""

from collections.abc import Iterator

from orchestrator.pathway.language.syntax import COMPARISONS, Origin, Raw, RawGroup, RawWord, parse_raw

DISJUNCTION, CONJUNCTION, COMPARISON, OPERAND = range(4)
_LEVELS = {"||": DISJUNCTION, "&&": CONJUNCTION, "in": COMPARISON, **dict.fromkeys(COMPARISONS, COMPARISON)}
_OF_PARTS = {"&&": "conjunct dropped", "||": "alternative dropped"}


def render(tree: Raw, level: int = DISJUNCTION) -> str:
    """Return the text of a tree; level: how tightly what stands around it binds."""
    if isinstance(tree, RawWord):
        return tree.text if tree.kind != "text" else _quoted(tree.text)
    if tree.call:
        return f"{tree.kind}({', '.join(map(render, tree.parts))})"
    if tree.kind == "[]":
        return f"[{', '.join(map(render, tree.parts))}]"
    if tree.kind == "!":
        return "!" + render(tree.parts[0], OPERAND)
    own = _LEVELS[tree.kind]
    text = f" {tree.kind} ".join(render(part, own + 1) for part in tree.parts)
    return f"({text})" if own < level else text


def _quoted(text: str) -> str:
    return f'"{text}"' if "'" in text else f"'{text}'"


def negated(text: str) -> str:
    """Return the guard that holds where ``text`` does not."""
    tree = parse_raw(Origin(text))
    if isinstance(tree, RawGroup) and tree.kind == "!" and not tree.call:
        return render(tree.parts[0])
    return render(RawGroup("!", (tree,), 0))


def thinned(text: str) -> Iterator[tuple[str, str, str]]:
    """Yield the guard with one part of an ``&&`` or ``||`` left out: the operator, the part, what is left."""
    for operator, part, left in _thinned(parse_raw(Origin(text))):
        yield operator, render(part), render(left)


def _thinned(tree: Raw) -> Iterator[tuple[str, Raw, Raw]]:
    if isinstance(tree, RawWord) or tree.call:
        return
    for index, part in enumerate(tree.parts):
        rest = (*tree.parts[:index], *tree.parts[index + 1 :])
        if tree.kind in _OF_PARTS:
            yield _OF_PARTS[tree.kind], part, rest[0] if len(rest) == 1 else RawGroup(tree.kind, rest, tree.at)
        for operator, dropped, left in _thinned(part):
            parts = (*tree.parts[:index], left, *tree.parts[index + 1 :])
            yield operator, dropped, RawGroup(tree.kind, parts, tree.at)
