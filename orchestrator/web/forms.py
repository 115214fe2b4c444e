"""Was this form ours? Each carries a word that only its own session's pages know; what was typed is kept for who must
type again.
"""

import hmac
import os
from collections.abc import Container
from typing import Annotated
from urllib.parse import urlsplit

from fastapi import Depends, Request
from starlette.datastructures import FormData, UploadFile

from orchestrator.errors import InputError, NotAllowed
from orchestrator.web.door import TOKEN

FIELD = "csrf"
_LONGEST_ADDRESS = 2_000
_MOST_FIELDS, _LONGEST = 400, 10_000
_URLENCODED = "application/x-www-form-urlencoded"
_ENDED = "this form is of another session, or of one that has ended: open the page again"
_AS_TYPED = frozenset({"password", "again", "present"})
"""Fields that hold passwords."""
_SECRET = _AS_TYPED | {"token", "code", "recovery"}
"""What no page shows or holds again."""
_CARRIED = frozenset({FIELD, "key", "seen", "place", "back", "role", "sure"})
"""What a form carries and nobody typed."""


class Unsent(NotAllowed):
    """A form of a session that has ended; nothing was done, and what was typed can be sent again. to: where."""

    def __init__(self, form: "Form", to: str) -> None:
        self.form, self.to = form, to
        super().__init__(_ENDED)

    @property
    def kept(self) -> list[tuple[str, str]]:
        """Return its fields, for a form that sends them again."""
        return self.form.pairs({FIELD})

    @property
    def shown(self) -> list[str]:
        """Return what somebody typed or chose, each as a line."""
        pairs = self.form.pairs(_CARRIED)
        return [f"{name.rpartition('.')[2].replace('_', ' ')}: {value}" for name, value in pairs]


def word_of(request: Request) -> str:
    """Return the word that a form of this session carries, masked anew for each page: pages travel compressed, and what
    is the same in all of them could be guessed from their lengths. Empty for who is not signed in.
    """
    word = _word(request)
    mask = os.urandom(len(word))
    return (mask + _mixed(word, mask)).hex()


def _is_word(request: Request, given: str) -> bool:
    """Tell whether a form carries the word of this session."""
    word = _word(request)
    try:
        sent = bytes.fromhex(given)
    except ValueError:
        return False
    fits = len(sent) == 2 * len(word)
    return fits and hmac.compare_digest(_mixed(sent[: len(word)], sent[len(word) :]), word)


def _word(request: Request) -> bytes:
    token = request.scope.get(TOKEN, "")
    return hmac.digest(token.encode(), b"carepath form", "sha256") if token else b""


def _mixed(one: bytes, other: bytes) -> bytes:
    return bytes(a ^ b for a, b in zip(one, other, strict=True))


class Form:
    """What was sent: texts by field, in order. Blanks around a text are gone, but for passwords."""

    def __init__(self, sent: FormData) -> None:
        texts = [(name, value) for name, value in sent.multi_items() if not isinstance(value, UploadFile)]
        self._sent = [(name, value if name in _AS_TYPED else value.strip()) for name, value in texts]

    @classmethod
    def empty(cls) -> "Form":
        """Return a form into which nothing was typed yet."""
        return cls(FormData())

    def __getitem__(self, name: str) -> str:
        """Return the last text under a name; empty where there is none."""
        return next((value for key, value in reversed(self._sent) if key == name), "")

    def all(self, name: str) -> list[str]:
        """Return every text under a name that is not empty."""
        return [value for key, value in self._sent if key == name and value]

    def pairs(self, but: Container[str]) -> list[tuple[str, str]]:
        """Return what was sent, in order, for a form that sends it again. but: fields to leave out."""
        return [(name, value) for name, value in self._sent if value and name not in but]

    def starting(self, prefix: str) -> dict[str, list[str]]:
        """Return the texts of the fields that begin like this, by the rest of their names."""
        found: dict[str, list[str]] = {}
        for name, value in self._sent:
            if name.startswith(prefix):
                found.setdefault(name.removeprefix(prefix), []).append(value)
        return found


def inside(address: str, otherwise: str = "/") -> str:
    """Return an address of ours; `otherwise` for an empty one, and for one that would lead elsewhere."""
    try:
        parts = urlsplit(address)
    except ValueError:
        return otherwise
    outside = parts.scheme or parts.netloc or not address.startswith("/") or address.startswith(("//", "/\\"))
    return otherwise if outside or not address.isprintable() or len(address) > _LONGEST_ADDRESS else address


async def read_form(request: Request) -> Form:
    """Return a form that was sent from a page of this session. Raises NotAllowed and InputError."""
    sent = await request.form(max_files=0, max_fields=_MOST_FIELDS)
    if any(isinstance(value, str) and len(value) > _LONGEST for value in sent.values()):
        raise InputError(f"a field holds more than {_LONGEST} characters")
    form = Form(sent)
    if not _is_word(request, form[FIELD]):
        raise _unsent(request, form) or NotAllowed(_ENDED)
    return form


async def unsent(request: Request) -> Unsent | None:
    """Return the form that somebody sent who is not signed in any more; None for what was no form of a session."""
    if request.headers.get("content-type", "").partition(";")[0] != _URLENCODED:
        return None
    return _unsent(request, Form(await request.form(max_files=0, max_fields=_MOST_FIELDS)))


def _unsent(request: Request, form: Form) -> Unsent | None:
    """Return what can be sent again: a form of ours, without a password in it."""
    return Unsent(form, request.url.path) if form[FIELD] and not any(form[name] for name in _SECRET) else None


Sent = Annotated[Form, Depends(read_form)]
"""In every route that changes something; `app` refuses to serve one without it."""
