"""Forms as a person fills them in: one of a page's forms, with its hidden fields and whatever stands in it already."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from html.parser import HTMLParser
from types import MappingProxyType

from httpx2 import Response

from tests.integration.web.conftest import Browser

HEADERS = {"Sec-Fetch-Site": "same-origin", "Origin": "http://testserver"}


@dataclass
class Filled:
    """One form. fields: what a browser would send if its button were pressed now, in order."""

    action: str
    fields: list[tuple[str, str]] = field(default_factory=list)
    offered: list[tuple[str, str]] = field(default_factory=list)

    def __getitem__(self, name: str) -> str:
        return dict(self.fields)[name]


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.forms: list[Filled] = []
        self._open: Filled | None = None
        self._select = self._text = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        has = {name: value or "" for name, value in attrs}
        if tag == "form":
            self._open = Filled(has.get("action", ""))
            self.forms.append(self._open)
        elif self._open is not None and tag == "input" and has.get("name"):
            self._input(self._open, has, chosen="checked" in dict(attrs))
        elif tag == "textarea":
            self._text = has["name"]
            self._add(self._text, "")
        elif tag == "select":
            self._select = has["name"]
        elif tag == "option" and "selected" in dict(attrs):
            self._add(self._select, has.get("value", ""))

    def handle_endtag(self, tag: str) -> None:
        self._open = None if tag == "form" else self._open
        self._text = "" if tag == "textarea" else self._text

    def handle_data(self, data: str) -> None:
        if self._text and self._open is not None:
            self._open.fields[-1] = (self._text, data)

    def _input(self, form: Filled, has: dict[str, str], *, chosen: bool) -> None:
        form.offered.append((has["name"], has.get("value", "")))
        if chosen or has.get("type") not in {"radio", "checkbox"}:
            self._add(has["name"], has.get("value", ""))

    def _add(self, name: str, value: str) -> None:
        if self._open is not None:
            self._open.fields.append((name, value))


def forms(page: str) -> list[Filled]:
    """Return the forms of a page, but those of its head."""
    reader = _Reader()
    reader.feed(page)
    return [each for each in reader.forms if each.action != "/sign-out"]


def form(page: str, verb: str, **holds: str) -> Filled:
    """Return the first form of a page for a command that holds these fields; AssertionError where there is none."""
    for each in forms(page):
        if each.action.endswith(f"/{verb}") and set(holds.items()) <= set(each.fields):
            return each
    raise AssertionError(f"there is no form to {verb} with {holds}")


def send(
    browser: Browser,
    filled: Filled,
    to: str = "",
    *,
    typed: Mapping[str, str | list[str]] = MappingProxyType({}),
    **more: str | list[str],
) -> Response:
    """Press a form's button after typing. typed, more: in place of what stands there; to: the button's own address."""
    said = {**typed, **more}
    data: dict[str, list[str]] = {}
    for name, value in filled.fields:
        if name not in said:
            data.setdefault(name, []).append(value)
    data |= {name: [value] if isinstance(value, str) else value for name, value in said.items()}
    return browser.client.post(to or filled.action, data=data, headers=HEADERS, follow_redirects=False)
