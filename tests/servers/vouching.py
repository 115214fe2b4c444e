"""Providers of OpenID Connect on loopback: a real one in a process of its own, and one that a test makes lie.

The real one is written by others and does as the standard says. The small one also checks what we send (PKCE, the
client's secret, a code that is good once), and signs whatever a test wants to see refused.
"""

import base64
import hashlib
import json
import os
import secrets
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.client import HTTPConnection
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, unquote, urlencode, urlsplit

from joserfc import jwt
from joserfc.jwk import ECKey

from tests.servers.ports import free_port

CLIENT, SECRET = "carepath-test", "a secret of two:parts+"  # noqa: S105  of a test
Claims = dict[str, Any]


@contextmanager
def real_provider() -> Iterator[str]:
    """Run a provider of others in a process of its own; yield its issuer."""
    port = free_port()
    environ = {**os.environ, "PYTHONWARNINGS": "ignore"}
    words = [sys.executable, "-m", "oidc_provider_mock", "--port", str(port), "--require-nonce", "true"]
    with subprocess.Popen(words, env=environ, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        try:
            _wait(process, port)
            yield f"http://127.0.0.1:{port}"
        finally:
            process.terminate()


def _wait(process: "subprocess.Popen[bytes]", port: int) -> None:
    """Return when it answers."""
    end = time.monotonic() + 60
    while process.poll() is None and time.monotonic() < end:
        connection = HTTPConnection("127.0.0.1", port, timeout=5)
        try:
            connection.request("GET", "/.well-known/openid-configuration")
            if connection.getresponse().status == 200:
                return
        except OSError:
            threading.Event().wait(0.05)
        finally:
            connection.close()
    raise AssertionError("the provider did not come up")


def signed_in_there(away: str, subject: str) -> str:
    """Sign in at the real provider as a browser would; return the address to which it sends the browser back."""
    parts = urlsplit(away)
    connection = HTTPConnection(parts.hostname or "", parts.port, timeout=20)
    try:
        headers = {"Content-Type": "application/x-www-form-urlencoded"}
        connection.request("POST", f"{parts.path}?{parts.query}", urlencode({"sub": subject}), headers)
        return str(connection.getresponse().headers["location"])
    finally:
        connection.close()


def _right(claims: Claims, _: "Issuer") -> Claims:
    return claims


@dataclass
class Issuer:
    """The small provider. change: what is done to the claims before they are signed.

    header, key: those of the token.   sign: makes the token itself.   told: what the provider says of itself besides.
    answer: what is sent instead of a token: a status, headers and a body.
    """

    address: str = ""
    key: ECKey = field(default_factory=lambda: ECKey.generate_key("P-256", {"kid": "one", "use": "sig"}))
    header: dict[str, Any] = field(default_factory=lambda: {"alg": "ES256", "kid": "one"})
    change: Callable[[Claims, "Issuer"], Claims] = _right
    sign: Callable[[Claims, "Issuer"], str] | None = None
    told: dict[str, Any] = field(default_factory=dict)
    shown: list[ECKey] | None = None
    answer: tuple[int, dict[str, str], bytes] | None = None
    asked: list[str] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)
    _codes: dict[str, dict[str, str]] = field(default_factory=dict)

    def authorize(self, away: str, subject: str = "s-1") -> str:
        """Let somebody in; return the query with which the browser goes back."""
        asked = {name: values[-1] for name, values in parse_qs(urlsplit(away).query).items()}
        assert asked["response_type"] == "code"
        assert asked["code_challenge_method"] == "S256"
        code = secrets.token_urlsafe(16)
        self._codes[code] = {**asked, "subject": subject}
        return urlencode({"code": code, "state": asked["state"]})

    def documents(self) -> dict[str, Any]:
        keys = [self.key] if self.shown is None else self.shown
        return {
            "/.well-known/openid-configuration": {
                "issuer": self.address, "authorization_endpoint": f"{self.address}/authorize",
                "token_endpoint": f"{self.address}/token", "jwks_uri": f"{self.address}/keys", **self.told,
            },
            "/keys": {"keys": [key.as_dict(private=False) for key in keys]},
        }  # fmt: skip

    def token(self, sent: dict[str, str], authorization: str) -> dict[str, str]:
        """Return what a code stands for; note what was wrong with the request."""
        asked = self._codes.pop(sent.get("code", ""), None)
        if asked is None:
            return {"error": "invalid_grant"}
        digest = hashlib.sha256(sent["code_verifier"].encode()).digest()
        checks = {
            "challenge": base64.urlsafe_b64encode(digest).decode().rstrip("=") == asked["code_challenge"],
            "redirect_uri": sent["redirect_uri"] == asked["redirect_uri"],
            "client": sent["client_id"] == asked["client_id"] == CLIENT,
            "secret": self._secret(sent, authorization) == SECRET,
        }
        self.faults += [name for name, well in checks.items() if not well]
        now = int(time.time())
        claims = {
            "iss": self.address, "aud": CLIENT, "sub": asked["subject"], "iat": now, "exp": now + 300,
            "nonce": asked["nonce"],
        }  # fmt: skip
        claims = self.change(claims, self)
        made = self.sign(claims, self) if self.sign else jwt.encode(self.header, claims, self.key)
        return {"access_token": "unused", "token_type": "Bearer", "id_token": made}

    def _secret(self, sent: dict[str, str], authorization: str) -> str:
        if not authorization:
            return sent.get("client_secret", "")
        name, _, given = base64.b64decode(authorization.removeprefix("Basic ")).decode().partition(":")
        return unquote(given.replace("+", " ")) if unquote(name) == CLIENT else ""


@contextmanager
def small_provider() -> Iterator[Issuer]:
    """Run the small provider."""
    issuer = Issuer()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:  # noqa: N802
            issuer.asked.append(self.path)
            found = issuer.documents().get(self.path)
            self._send(404 if found is None else 200, {}, json.dumps(found or {}).encode())

        def do_POST(self) -> None:  # noqa: N802
            issuer.asked.append(self.path)
            body = self.rfile.read(int(self.headers["content-length"])).decode()
            sent = {name: values[-1] for name, values in parse_qs(body).items()}
            if issuer.answer is not None:
                self._send(*issuer.answer)
                return
            told = issuer.token(sent, self.headers.get("authorization", ""))
            self._send(400 if "error" in told else 200, {}, json.dumps(told).encode())

        def _send(self, status: int, headers: dict[str, str], body: bytes) -> None:
            self.send_response(status)
            for name, value in {
                "Content-Type": "application/json",
                "Content-Length": str(len(body)),
                **headers,
            }.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    issuer.address = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield issuer
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
