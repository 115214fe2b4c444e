"""Which texts do the pages show in a reader's language, and how does a catalogue look that holds them all?

Texts stand in templates, in calls of Python (`gettext(request, "…")`, menu entries, headings), in tables of labels, and
in what a refused wish is answered with. What is put together at run time has no fixed text and stands in none.
"""

import ast
from collections.abc import Iterator
from http import HTTPStatus
from io import BytesIO
from pathlib import Path

from babel.messages.catalog import Catalog, Message
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po, write_po

from orchestrator import errors
from orchestrator.episode.model import COMPLETED, DECLINED, GIVEN, MISSED, REPLACED, STOPPED
from orchestrator.notify.wording import KINDS as NOTICES
from orchestrator.notify.wording import of_kind
from orchestrator.pathway.loader import load_library
from orchestrator.pathway.model import Standing
from orchestrator.service.lookout import UNREADABLE, Banner
from orchestrator.service.people.principal import ROLES
from orchestrator.service.pulse import OVERDUE
from orchestrator.web import inbox, mine, people, reach, words, worklist
from tests.factories import T0

ROOT = Path(__file__).resolve().parents[1]
WEB = ROOT / "orchestrator" / "web"
SAYING = (
    "web",
    "http",
    "identity",
    "service/people",
    "service/worklist",
    "service/enrolment.py",
    "service/handlers.py",
    "service/transfers.py",
)
"""Whose errors a page shows as they are."""
Key = str | tuple[str, ...]
_OPTIONS = {"trim_blocks": "true", "lstrip_blocks": "true", "newstyle_gettext": "true", "silent": "false"}
_ERRORS = {name for name, kind in vars(errors).items() if isinstance(kind, type) and issubclass(kind, Exception)}
_TEXT_AT = {"gettext": 1, "Entry": 1, "choose": 2, "_words": 0}
"""Where in a call its text stands, by the name of what is called."""
_STATES = (
    GIVEN, MISSED, DECLINED, COMPLETED, STOPPED, REPLACED, "planned", "not-given", "in-force",
    "to-come", "waiting", "unanswered", "seen", "answered", "ended",
)  # fmt: skip
_MAKER = '"Generated-By:'
_HEADINGS = ("Overdue", "To come", "Without a time")
_PARAMETERS = ("days", "dose", "dose_per_kg", "given", "sessions", "start", "steps", "taper_days")


def texts() -> set[Key]:
    """Return every text of the pages; with its plural where it has one."""
    return {*_of_templates(), *_of_python(), *_of_tables(), *_of_pathways()}


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
    """Yield what calls in Python say, and what errors say that pages show."""
    for file in sorted(WEB.glob("*.py")):
        yield from _said(file, _TEXT_AT)
    raised = dict.fromkeys(_ERRORS, 0)
    for place in SAYING:
        path = ROOT / "orchestrator" / place
        for file in sorted(path.rglob("*.py")) if path.is_dir() else [path]:
            yield from _said(file, raised)
    yield from (HTTPStatus(status).phrase for status in (400, 404, 405))


def _said(file: Path, places: dict[str, int]) -> Iterator[str]:
    """Yield the fixed texts in calls. places: which argument is one, by the name of what is called."""
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if not isinstance(node, ast.Call):
            continue
        name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
        given = node.args[places[name] : places[name] + 1] if name in places else []
        yield from (each.value for each in given if isinstance(each, ast.Constant) and isinstance(each.value, str))


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


def _of_pathways() -> Iterator[str]:
    """Yield the outcomes of episodes; what else a pathway calls by name stays in its own language."""
    for pathway in load_library(ROOT / "workflows").pathways:
        yield from (outcome.replace("-", " ") for outcome in pathway.outcomes)
