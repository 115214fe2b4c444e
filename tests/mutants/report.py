"""What is told of the mutants? A table by operator and by pathway, what changes nothing, what nobody notices."""

import subprocess
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

from tests.mutants.killers import LOADING, NOTHING, PROOF, STORY
from tests.mutants.survivors import Survivors
from tests.mutants.verdicts import Found

_COLUMNS: tuple[tuple[str, Callable[[Found, Survivors], bool]], ...] = (
    ("mutants", lambda each, _: True),
    ("refused at loading", lambda each, _: each.verdict.killer == LOADING),
    ("caught by a story", lambda each, _: each.verdict.killer == STORY),
    ("refuted by a proof", lambda each, _: each.verdict.killer == PROOF),
    ("change nothing", lambda each, known: each.verdict.killer == NOTHING and each.mutant.name in known.equivalent),
    ("uncaught", lambda each, known: each.verdict.killer == NOTHING and each.mutant.name not in known.equivalent),
)  # fmt: skip
_OPENING = """\
# Verification

What would be noticed if a pathway said something else? `make mutants` breaks each pathway, and the file that all share,
in every way of a list, one thing at a time, and asks in this order: does loading refuse it; does a story beside the
pathway fail; is a promise refuted that was proved before. What nobody notices is listed here: it changes nothing, for
the reason given, or it is a gap that is still open.

This page is made by `make mutants`, from the pathways and stories as of commit {commit}.
"""


def page(found: list[Found], survivors: Survivors, root: Path) -> str:
    """Return the page docs/verification.md. found: every mutant, in the order of the files."""
    parts = [
        _OPENING.format(commit=_commit(root)),
        _section("By pathway", "pathway", found, lambda each: each.mutant.pathway, survivors),
        _section("By what was done", "what was done", found, lambda each: each.mutant.operator, survivors),
        "## Those that change nothing\n\n" + "\n".join(_equivalent(found, survivors)),
        "## Those that nothing notices yet\n\n" + "\n".join(_uncaught(found, survivors)),
    ]
    return "\n\n".join(part.strip("\n") for part in parts) + "\n"


def _section(title: str, head: str, found: list[Found], of: Callable[[Found], str], known: Survivors) -> str:
    lines = [f"## {title}\n", f"| {head} | {' | '.join(name for name, _ in _COLUMNS)} |"]
    lines.append("|---" + "|---:" * len(_COLUMNS) + "|")
    for name in dict.fromkeys(map(of, found)):
        lines.append(_row(name, (each for each in found if of(each) == name), known))
    return "\n".join([*lines, _row("**all**", found, known)])


def _row(name: str, found: Iterable[Found], known: Survivors) -> str:
    counts: Counter[str] = Counter()
    for each in found:
        counts.update(column for column, counts_it in _COLUMNS if counts_it(each, known))
    return f"| {name} | {' | '.join(str(counts[column]) for column, _ in _COLUMNS)} |"


def _equivalent(found: list[Found], known: Survivors) -> Iterator[str]:
    lived = [each.mutant.name for each in found if each.verdict.killer == NOTHING]
    for reason in dict.fromkeys(known.equivalent.values()):
        names = [name for name in lived if known.equivalent.get(name) == reason]
        if names:
            yield f"{reason}:\n"
            yield from (f"- `{name}`" for name in names)
            yield ""


def _uncaught(found: list[Found], known: Survivors) -> Iterator[str]:
    lived = [
        each.mutant for each in found if each.verdict.killer == NOTHING and each.mutant.name not in known.equivalent
    ]
    yield from (f"- `{each.name}` ({each.file}:{each.line})" for each in lived)
    if not lived:
        yield "None."


def _commit(root: Path) -> str:
    answer = subprocess.run(
        ["git", "log", "-1", "--format=%h", "--", "workflows"], cwd=root, capture_output=True, text=True, check=False
    )
    return answer.stdout.strip() or "unknown"
