"""How does a page come about? A template, filled with what every page needs: who is there, words, moments, menu."""

import datetime as dt
import secrets
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from zoneinfo import ZoneInfo

from fastapi import Request
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.responses import HTMLResponse

from orchestrator.bootstrap import System
from orchestrator.http.needs import PRINCIPAL
from orchestrator.http.serving import serving, system_of
from orchestrator.service.demo import PASSWORD, cast
from orchestrator.service.people.principal import EVERYWHERE, Action, Principal
from orchestrator.web import static, words
from orchestrator.web.forms import word_of
from orchestrator.web.look import seen_by
from orchestrator.web.moments import Moments
from orchestrator.web.recognised import recognised
from orchestrator.web.serving import pages_of
from orchestrator.web.speaking import Speaking, speak
from orchestrator.web.syllables import hyphenated

FOLDER = Path(__file__).parent / "templates"
REPORT = Path(__file__).parent.parent / "report" / "templates"


@dataclass(frozen=True)
class Entry:
    """One line of the menu. label: in the words of the source; shown to whoever may do this on some ward."""

    address: str
    label: str
    action: Action = Action.KNOW


@dataclass(frozen=True)
class Menu:
    """What the head of every page leads to. Each file of routes adds its own line when it is read in."""

    entries: list[Entry] = field(default_factory=list)

    def of(self, principal: Principal) -> list[Entry]:
        """Return what this person may open."""
        return [each for each in self.entries if principal.may(each.action)]

    def above(self, path: str, principal: Principal) -> Entry | None:
        """Return the line under which an address lies, if this person may open it."""
        return next((each for each in self.of(principal) if f"{path}/".startswith(f"{each.address}/")), None)


def render(
    request: Request, template: str, *, status: int = 200, headers: Mapping[str, str] | None = None, **more: object
) -> HTMLResponse:
    """Return a page. more: what the template shows besides what every page has; see `base.html`."""
    system = system_of(request)
    principal: Principal | None = request.scope.get(PRINCIPAL)
    language = language_of(request)
    translated = words.catalogue(language)
    moments = moments_of(request)
    banner = serving(request).banner()
    page = environment(language).get_template(template)
    text = page.render(
        request=request,
        path=request.url.path,
        me=principal,
        language=language,
        csrf=word_of(request),
        new_key=_new_key,
        menu=pages_of(request).menu.of(principal) if principal else [],
        may=_may(principal),
        moments=moments,
        simulated=system.simulated,
        banner=None if banner is None else translated.gettext(banner.text),
        everywhere=EVERYWHERE,
        glass=_glass(request),
        asset=static.address,
        demo=_demonstrated(system),
        **more,
    )
    return HTMLResponse(text, status, headers={"Content-Language": language, **(headers or {})})


def language_of(request: Request) -> str:
    """Return in which language this reader reads."""
    principal: Principal | None = request.scope.get(PRINCIPAL)
    return words.chosen(principal.language if principal else "", request.headers.get("accept-language", ""))


def moments_of(request: Request, seen_from: str = "") -> Moments:
    """Return what writes moments for this reader, as seen from now. seen_from: or from another moment, ISO 8601."""
    system = system_of(request)
    language = language_of(request)
    zone = ZoneInfo(serving(request).timezone)
    now = dt.datetime.fromisoformat(seen_from) if seen_from else system.clock.now()
    return Moments(now, zone, language, words.catalogue(language).gettext)


def gettext(request: Request, text: str) -> str:
    """Return a text of the program in the reader's language: a fixed one, or what was refused, by its sentence."""
    return recognised(text, words.catalogue(language_of(request)))


def speaker(request: Request) -> Callable[[str], str]:
    """Return what says a text that the program put together in the reader's language."""
    translated = words.catalogue(language_of(request))
    return lambda text: words.say(text, translated)


@cache
def environment(language: str) -> Environment:
    """Return the template engine for a language; every value is escaped, a name that is not there is an error."""
    made = Speaking(
        loader=FileSystemLoader([FOLDER, REPORT]),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        extensions=["jinja2.ext.i18n"],
    )
    translated = words.catalogue(language)
    made.install_gettext_translations(translated, newstyle=True)  # type: ignore[attr-defined]
    speak(made, translated, language)
    made.filters["hyphenated"] = hyphenated
    return made


def _glass(request: Request) -> dict[str, object] | None:
    """Return until when a broken glass shows this page, and of which episode; None where none is needed."""
    seen = seen_by(request)
    if seen is None or not seen.glass:
        return None
    return {"until": seen.until, "episode_id": request.path_params["episode_id"]}


def _demonstrated(system: System) -> tuple[Sequence[cast.Member], str] | None:
    """Return who can sign in, and with which password, to a demonstration; None in any other store."""
    return (cast.CAST, PASSWORD) if system.simulation is not None and system.simulation.demo else None


def _may(principal: Principal | None) -> Callable[..., bool]:
    def may(action: str, ward: str | None = None) -> bool:
        return principal is not None and principal.may(Action(action), ward)

    return may


def _new_key() -> str:
    """Return an idempotency key for a form: sent twice, it is done once."""
    return secrets.token_hex(16)
