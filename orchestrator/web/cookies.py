"""How does a browser keep something of ours? In a cookie of this host alone, which no script can read."""

from datetime import timedelta
from typing import Literal, NamedTuple

from starlette.datastructures import Headers
from starlette.requests import cookie_parser
from starlette.responses import Response
from starlette.types import Scope


class Cookie(NamedTuple):
    """A cookie. lasts: for how long a browser keeps it.   samesite: whether it comes along from another site's link."""

    name: str
    lasts: timedelta
    samesite: Literal["lax", "strict"] = "lax"

    def of(self, scope: Scope) -> str:
        """Return what the browser sent of it; empty for nothing."""
        return cookie_parser(Headers(scope=scope).get("cookie", "")).get(self._named(scope), "")

    def keep(self, scope: Scope, response: Response, value: str) -> None:
        """Have the browser keep it."""
        response.set_cookie(
            self._named(scope), value, max_age=int(self.lasts.total_seconds()), path="/",
            secure=scope["scheme"] == "https", httponly=True, samesite=self.samesite,
        )  # fmt: skip

    def drop(self, scope: Scope, response: Response) -> None:
        """Take it out of the browser."""
        response.delete_cookie(
            self._named(scope), path="/", secure=scope["scheme"] == "https", httponly=True, samesite=self.samesite
        )

    def _named(self, scope: Scope) -> str:
        """Return its name: over HTTPS one that no other host can set; a browser takes that over HTTPS alone."""
        return f"__Host-{self.name}" if scope["scheme"] == "https" else self.name
