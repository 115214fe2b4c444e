"""Which texts do the pages show in a reader's language, and how does a catalogue look that holds them all?

Texts stand in templates, in calls of Python (`gettext(request, "…")`, menu entries, headings), in tables of labels, and
in what is `said`, wherever that is. What a refused wish is answered with stands there too: a sentence with gaps under a
context of its own, by which a page finds it again in the finished text.
"""

import ast
from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from http import HTTPStatus
from io import BytesIO
from pathlib import Path

from babel.messages.catalog import Catalog, Message
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po, write_po

from orchestrator import errors
from orchestrator.episode.model import CLOSED, COMPLETED, DECLINED, GIVEN, MISSED, REPLACED, REVIEWED, STOPPED, TAPERED
from orchestrator.notify.wording import KINDS as NOTICES
from orchestrator.notify.wording import of_kind
from orchestrator.pathway.loader import load_library
from orchestrator.pathway.model import Standing
from orchestrator.service.lookout import UNREADABLE, Banner
from orchestrator.service.people.principal import ROLES, Action
from orchestrator.service.pulse import OVERDUE
from orchestrator.web import inbox, mine, people, reach, words, worklist
from orchestrator.web.recognised import REFUSAL
from tests.factories import T0

ROOT = Path(__file__).resolve().parents[1]
WEB = ROOT / "orchestrator" / "web"
SAYING = (
    "web", "http", "identity", "episode", "pathway/kinds.py", "service/people", "service/worklist", "service/overview",
    "service/cursor.py", "service/deliveries.py", "service/desk.py", "service/enrolment.py", "service/handlers.py",
    "service/outgoing.py", "service/queries.py", "service/replay.py", "service/telling.py", "service/there.py",
    "service/transfers.py",
)  # fmt: skip
"""Whose errors and refusals a page shows as they are."""
TELLING = ("pathway", "episode", "audit", "report")
"""Who puts sentences together that a page says anew."""
Key = str | tuple[str, ...]
_OPTIONS = {"trim_blocks": "true", "lstrip_blocks": "true", "newstyle_gettext": "true", "silent": "false"}
_ERRORS = {name for name, kind in vars(errors).items() if isinstance(kind, type) and issubclass(kind, Exception)}
_TEXT_AT = {"gettext": (1,), "Entry": (1,), "choose": (2,), "_words": (0,)}
_SAID_AT = {"said": (0,), "Said": (1,), "_administration": (0, 1)}
_RAISED_AT = {**dict.fromkeys(_ERRORS, (0,)), "Refusal": (1,), "need_reason": (1,), "_words": ()}
"""Where in a call its texts stand, by the name of what is called."""
_STATES = (
    GIVEN, MISSED, DECLINED, COMPLETED, STOPPED, REPLACED, REVIEWED, TAPERED, CLOSED, "planned", "not-given",
    "in-force", "to-come", "waiting", "unanswered", "seen", "answered", "ended", "corrected",
    "retracted", "replaced", "expired",
)  # fmt: skip
_MAKER = '"Generated-By:'
_HEADINGS = ("Overdue", "To come", "Without a time")
_WHYS = ("refused", "unknown")
"""Why a gate refuses."""
_PARAMETERS = ("days", "dose", "dose_per_kg", "given", "sessions", "start", "steps", "taper_days")


def texts() -> set[Key]:
    """Return every text of the pages; with its plural where it has one."""
    fixed = {text for text in _raised() if "%(" not in text}
    return {*_of_templates(), *_of_python(), *_of_tables(), *_of_pathways(), *fixed}


def refusals() -> set[str]:
    """Return the sentences with gaps of refusals and errors."""
    return {text for text in _raised() if "%(" in text}


def read(language: str) -> Catalog:
    """Return a catalogue as it is kept, an empty one for a language that has none."""
    file = words.FOLDER / f"{language}.po"
    return read_po(BytesIO(file.read_bytes() if file.exists() else b""), locale=language)


def current(kept: Catalog) -> Catalog:
    """Return the catalogue of all texts, each with its kept translation; what no page says is left out."""
    made = Catalog(
        locale=kept.locale, project="carepath", version="", header_comment="# The words of carepath's pages.",
        creation_date=T0, revision_date=T0, fuzzy=False, last_translator="", language_team="", charset="utf-8",
    )  # fmt: skip
    for text in sorted(texts(), key=lambda key: (key,) if isinstance(key, str) else key):
        known = kept.get(text if isinstance(text, str) else text[0])
        made.add(text, _translation(known, text), flags=("python-format",) if "%(" in str(text) else ())
    for text in sorted(refusals()):
        known = kept.get(text, REFUSAL)
        made.add(text, _translation(known, text), flags=("python-format",), context=REFUSAL)
    return made


def written(catalogue: Catalog) -> str:
    """Return a catalogue as a file: by text, with no places in it, so that moving a text changes nothing."""
    made = BytesIO()
    write_po(made, catalogue, width=120, omit_header=False, no_location=True)
    lines = made.getvalue().decode().splitlines(keepends=True)
    return "".join(line for line in lines if not line.startswith(_MAKER))


def _translation(known: Message | None, text: Key) -> Key:
    if known is None or isinstance(known.id, str) != isinstance(text, str):
        return "" if isinstance(text, str) else ("", "")
    said = known.string or ""
    return said if isinstance(said, str) else tuple(said)


def _of_templates() -> Iterator[Key]:
    """Yield what templates say."""
    folder, every = str(WEB / "templates"), "**.html"
    for _file, _line, text, _comments, _context in extract_from_dir(
        folder, method_map=[(every, "jinja2")], options_map={every: _OPTIONS}
    ):
        yield text


def _of_python() -> Iterator[Key]:
    """Yield what calls in Python say."""
    for file in sorted(WEB.glob("*.py")):
        yield from _said(file, _TEXT_AT)
    for file in _files(TELLING):
        yield from _said(file, _SAID_AT)
    yield from (HTTPStatus(status).phrase for status in (400, 404, 405))


def _raised() -> Iterator[str]:
    """Yield what errors and refusals say that pages show."""
    for file in _files(SAYING):
        yield from _said(file, _RAISED_AT)


def _files(places: Iterable[str]) -> Iterator[Path]:
    for place in places:
        path = ROOT / "orchestrator" / place
        yield from sorted(path.rglob("*.py")) if path.is_dir() else [path]


def _said(file: Path, places: Mapping[str, tuple[int, ...]]) -> Iterator[str]:
    """Yield the texts in calls. places: which arguments are some, by the name of what is called."""
    tree, named = _read(file), _named(file)
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef) and node.name in places:
            returned = (each.value for each in ast.walk(node) if isinstance(each, ast.Return))
            yield from (text for each in returned for text in _texts(each, named))
        if isinstance(node, ast.Call):
            name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
            for place in places.get(name, ()):
                for given in node.args[place : place + 1]:
                    yield from _texts(given, named)


@cache
def _read(file: Path) -> ast.Module:
    return ast.parse(file.read_text(encoding="utf-8"))


def _named(file: Path) -> dict[str, ast.expr]:
    """Return what a file's names stand for: those that it gives, and those that it takes from another file."""
    found: dict[str, ast.expr] = {}
    for node in _read(file).body:
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("orchestrator."):
            other = ROOT.joinpath(*str(node.module).split(".")).with_suffix(".py")
            theirs = _given(other) if other.exists() else {}
            found |= {each.asname or each.name: theirs[each.name] for each in node.names if each.name in theirs}
    return found | _given(file)


def _given(file: Path) -> dict[str, ast.expr]:
    """Return the names to which a file gives something."""
    made = (
        (target, node.value) for node in _read(file).body if isinstance(node, ast.Assign) for target in node.targets
    )
    return {target.id: value for target, value in made if isinstance(target, ast.Name)}


def _texts(node: ast.expr | None, named: Mapping[str, ast.expr]) -> Iterator[str]:
    """Yield the texts that an expression can come to; a formatted one as a sentence with gaps, and what fills them."""
    match node:
        case ast.Constant(value=str(text)) if text:
            yield text
        case ast.Name(id=name) if name in named:  # one word is no text: a kind of content, a sign
            yield from (text for text in _texts(named[name], {}) if " " in text)
        case ast.IfExp():
            yield from (*_texts(node.body, named), *_texts(node.orelse, named))
        case ast.BoolOp():
            yield from (text for each in node.values for text in _texts(each, named))
        case ast.Call(func=ast.Attribute(value=ast.JoinedStr() as text)):  # stripped of what a gap left
            yield from _texts(text, named)
        case ast.JoinedStr():
            yield sentence(node)
            yield from (
                text
                for each in node.values
                if isinstance(each, ast.FormattedValue)
                for text in _texts(each.value, named)
            )


def sentence(node: ast.JoinedStr) -> str:
    """Return a formatted text with `%(a)s`, `%(b)s` … for its gaps."""
    names = iter("abcdefgh")
    return "".join(
        str(each.value).replace("%", "%%") if isinstance(each, ast.Constant) else f"%({next(names)})s"
        for each in node.values
    )


def _of_tables() -> Iterator[str]:
    """Yield the labels that reach a template through a variable."""
    for table in (people.KINDS, mine.SCOPES, reach.CHANNELS, reach.KINDS, inbox.VIEWS, worklist.VIEWS, worklist.KINDS):
        yield from table.values()
    yield from (of_kind(kind) for kind in (*NOTICES, "test", "any other"))
    yield from (Banner(code, T0).text for code in (OVERDUE, UNREADABLE))
    yield from (each.value for each in Standing)
    yield from (name.replace("-", " ") for name in _STATES)
    yield from (name.replace("_", " ") for name in _PARAMETERS)
    yield from _HEADINGS
    yield from {role for roles in ROLES.values() for role in roles}
    yield from (*Action, *_WHYS)


def _of_pathways() -> Iterator[str]:
    """Yield stages, outcomes and what roles may do; what else a pathway calls by name stays in its own language."""
    for pathway in load_library(ROOT / "workflows").pathways:
        yield from (name.replace("-", " ") for name in (*pathway.stages, *pathway.outcomes, *pathway.permissions))
