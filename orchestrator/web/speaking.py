"""How do templates say what was put together elsewhere? Whatever they show is said in the page's language first.

There is an environment for each language, so that a sentence without gaps is said when its template is read in, and is
nothing but text from then on.

A pathway's own texts stay in their language. The filter `own` marks them as that, for whoever has a page read aloud:
``{{ task.title|own }}``; of a sentence of the program it marks what the pathway put into its gaps. A regimen is shown
by the filter `regimen`, by its title and so marked: ``{{ course|regimen }}``, ``{{ course|regimen(spelt=true) }}``.
"""

import re
from collections.abc import Callable, Iterable
from functools import partial, wraps
from typing import Any

from babel.support import NullTranslations
from jinja2 import Environment, nodes, pass_context, pass_eval_context
from jinja2.filters import do_join
from jinja2.nodes import EvalContext
from jinja2.runtime import Context
from jinja2.visitor import NodeTransformer
from markupsafe import Markup, escape

from orchestrator.report.regimen import called
from orchestrator.saying import Said
from orchestrator.web.words import OWN, say

_PHRASE = re.compile(r"[A-Za-z]{3,}[^A-Za-z](.*[^A-Za-z])?[A-Za-z]{3,}", re.DOTALL)
"""Two words at least: what is shorter is a name, a number or a unit, and reads the same everywhere."""
_OF_DICT = frozenset(dir(dict))


class Speaking(Environment):
    """An environment of one language, which is told by `speak`; every value is escaped."""

    words: NullTranslations

    def _generate(self, source: nodes.Template, *more: Any, **options: Any) -> str:  # noqa: ANN401  # Jinja's own hook
        said = _SaidBefore(self.words).visit(source)
        said.set_environment(self)
        return super()._generate(said, *more, **options)

    def getattr(self, obj: Any, attribute: str) -> Any:  # noqa: ANN401  # Jinja's own
        """Return what a template calls `obj.attribute`: most are keys of what is JSON-ready, and looked up as such."""
        if type(obj) is dict and attribute in obj and attribute not in _OF_DICT:
            return obj[attribute]
        return super().getattr(obj, attribute)


class _SaidBefore(NodeTransformer):
    """Puts what a sentence says in place of the call that says it."""

    def __init__(self, words: NullTranslations) -> None:
        self._words = words

    def visit_Call(self, node: nodes.Call) -> nodes.Expr:  # noqa: N802  # Jinja's own
        """Say a sentence that is all there."""
        self.generic_visit(node)
        match node:
            case nodes.Call(
                node=nodes.Name(name="_"),
                args=[nodes.Const(value=str(text))],
                kwargs=[],
                dyn_args=None,
                dyn_kwargs=None,
            ):
                return nodes.Const(_sentence(text, self._words), lineno=node.lineno)
        return node


def speak(made: Speaking, words: NullTranslations, language: str) -> None:
    """Let an environment say every Said text in a language: shown, joined, filtered, or in a gap of another text."""
    made.words = words
    made.finalize = partial(_shown, words=words)
    for name in ("gettext", "ngettext"):
        made.globals[name] = _filling(made.globals[name], words)
    made.globals["_"] = partial(_sentence, words=words)
    made.filters["join"] = _joining(words)
    made.filters["words"] = lambda name: words.gettext(name.replace("-", " ")) if "-" in name else words.gettext(name)
    made.filters["role"] = words.gettext  # by its own name, hyphens and all
    own = (lambda text: text) if language == OWN else partial(_own, words=words)
    made.filters["own"] = own
    made.filters["regimen"] = partial(called, shown=own)
    for name in ("capitalize", "replace", "lower", "upper"):
        made.filters[name] = _saying(made.filters[name], words)


def _shown(value: object, words: NullTranslations) -> object:
    return say(value, words) if isinstance(value, Said) else value


def _own(text: str | None, words: NullTranslations) -> str:
    """Return a pathway's text, or a sentence with such texts in it, marked as of another language than the page's."""
    if not isinstance(text, Said):
        return Markup('<span lang="{}">{}</span>').format(OWN, text) if text else ""
    found = words.gettext(text.template) if text else ""
    if not text.gaps or (found == text.template and text.template % text.gaps != text):
        return escape(say(text, words))
    return escape(found) % {name: _gap(gap, words) for name, gap in text.gaps.items()}


def _gap(gap: object, words: NullTranslations) -> object:
    if isinstance(gap, Said) or (isinstance(gap, str) and _PHRASE.search(gap)):
        return _own(gap, words)
    return gap


def _sentence(text: str, /, words: NullTranslations, **gaps: object) -> Markup:
    """Return a sentence of the program, with what stands in its gaps escaped; a percent sign is written as two."""
    found = Markup(words.gettext(text))  # noqa: S704  # of the catalogue
    return found % {name: _shown(gap, words) for name, gap in gaps.items()} if gaps or "%" in found else found


def _filling(function: Any, words: NullTranslations) -> Callable[..., Any]:  # noqa: ANN401  # Jinja's own
    """Return Jinja's gettext or ngettext with Said texts in its gaps said first."""

    @pass_context
    @wraps(function)
    def filled(context: Context, *texts: Any, **gaps: Any) -> Any:  # noqa: ANN401
        return function(context, *texts, **{name: _shown(gap, words) for name, gap in gaps.items()})

    return filled


def _joining(words: NullTranslations) -> Callable[..., str]:
    @pass_eval_context
    def join(eval_ctx: EvalContext, value: Iterable[Any], d: str = "", attribute: str | int | None = None) -> str:
        texts = value if attribute is not None else [_shown(each, words) for each in value]
        made: str = do_join(eval_ctx, texts, d, attribute)
        return made

    return join


def _saying(function: Any, words: NullTranslations) -> Callable[..., Any]:  # noqa: ANN401  # a filter of Jinja's
    """Return a filter that changes a text, so that it changes the one that is shown."""
    takes_context = getattr(function, "jinja_pass_arg", None) is not None

    @wraps(function)
    def said_first(*given: Any) -> Any:  # noqa: ANN401
        place = 1 if takes_context else 0
        return function(*given[:place], _shown(given[place], words), *given[place + 1 :])

    return said_first
