"""Which settings hold? Read once, from the environment (CAREPATH_*) and the command line's options, which win.

Nothing here opens anything; a setting that cannot be right is refused in one line that names it. `repr` tells no
address of a database or broker, since both may carry a password.
"""

import ipaddress
import os
import re
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple
from urllib.parse import SplitResult, parse_qs, quote, urlsplit, urlunsplit

from orchestrator.clock import is_zone
from orchestrator.errors import InputError

_PACKAGED = Path(__file__).parent / "workflows"
_CHECKOUT = Path(__file__).parents[1] / "workflows"
_LEAST_PATIENCE = 3
"""Longer than the store waits for a lock."""
_LONGEST_SECRET, _LONGEST_LABEL = 1000, 60
_FLAGS = {"yes": True, "true": True, "1": True, "no": False, "false": False, "0": False}


class SettingError(InputError):
    """A setting cannot be used: which one, and what it should be."""


class Place(NamedTuple):
    """Where to listen."""

    host: str
    port: int


SIMULATED, DEMO = "simulated", "demo"
"""Folders in the home of stores for trying things out, beside the real one."""


class OpenIdSettings(NamedTuple):
    """A provider of OpenID Connect. secret_file: None for a client without a secret.   label: what people call it.

    acr: of which one the provider must say that it is how somebody signed in there; empty: none is asked for.
    """

    issuer: str
    client_id: str
    secret_file: Path | None
    label: str
    acr: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Settings:
    """Everything that differs from one installation to the next.

    home: the folder for whatever has no place of its own: store, keys, token, broker. It need not exist yet.
    broker_url: empty where `carepath up` starts its own.   timezone: the hospital's, an IANA name.
    admin_token_file: a secret file that holds the administrator's token; None where
    the program makes one itself. Either way the store keeps its hash alone.
    released_only: patients are enrolled on released versions alone.   local: the hospital's file of local values.
    channels: the file that says by which channels notices leave the house; None: by none.
    cache: the folder for what can be found out again; it need not exist.   sheets: that of the wards' sheets, if any.
    proxies: addresses of proxies whose word for the caller's address and for HTTPS is taken, with commas between.
    metrics: where a process tells its figures and its health; None where nobody asked for it.
    log_json: log lines are JSON objects.   drain_seconds: for how long the API still serves when it was asked to end.
    database_patience: for how many seconds PostgreSQL may say nothing until a connection is given up.
    openid: who else vouches for people; None where nobody does.
    second_factor: roles of which one is required behind the password; `all` for everybody.
    """

    home: Path
    database_url: str = field(repr=False)
    broker_url: str = field(repr=False)
    keys: Path
    workflows: Path
    timezone: str
    admin_token_file: Path | None
    host: str
    port: int
    simulated: bool = False
    released_only: bool = False
    local: Path | None = None
    channels: Path | None = None
    cache: Path = Path("cache")
    metrics: Place | None = None
    log_json: bool = False
    drain_seconds: float = 0.0
    proxies: str = "127.0.0.1,::1"
    sheets: Path | None = None
    openid: OpenIdSettings | None = None
    database_patience: float = 20.0
    second_factor: frozenset[str] = frozenset()

    @property
    def local_file(self) -> Path | None:
        """The hospital's file of local values: the one named, else that in the folder of pathways, if there is one."""
        beside = self.workflows / "local.yaml"
        return self.local or (beside if beside.is_file() else None)

    @property
    def broker_folder(self) -> Path:
        """Where the embedded broker keeps its queue."""
        return self.home / "broker"

    @property
    def database_file(self) -> Path | None:
        """The file of an SQLite store; None for PostgreSQL."""
        scheme, _, path = self.database_url.partition(":///")
        return Path(path.partition("?")[0]) if scheme.startswith("sqlite") else None

    @property
    def database_name(self) -> str:
        """The store's address, fit to be shown: without user and password; a file by its path."""
        if self.database_file is not None:
            return str(self.database_file)
        parts = urlsplit(self.database_url)
        place = parts.netloc.rpartition("@")[2]
        return f"{parts.scheme}://{place}{parts.path}"


def read(
    environ: Mapping[str, str] | None = None,
    *,
    home: Path | None = None,
    database_url: str | None = None,
    workflows: Path | None = None,
    local: Path | None = None,
    host: str | None = None,
    port: int | None = None,
    simulated: bool = False,
    beside: str = SIMULATED,
) -> Settings:
    """Return the settings. simulated: those of the simulated store, a sister of the real one in the same home.

    beside: the folder of that sister: SIMULATED, or DEMO for that of the demonstration.

    Raises SettingError.
    """
    given = {name: value for name, value in (os.environ if environ is None else environ).items() if value}
    folder = (home or Path(given.get("CAREPATH_HOME") or _default_home(given))).expanduser().absolute()
    if simulated:
        folder /= beside
        given.pop("CAREPATH_DATABASE_URL", None)  # that of the real one
        given.pop("CAREPATH_KEYS", None)
    database = database_url or given.get("CAREPATH_DATABASE_URL") or f"sqlite:///{folder / 'carepath.db'}"
    token, values = given.get("CAREPATH_ADMIN_TOKEN_FILE"), given.get("CAREPATH_LOCAL")
    channels = given.get("CAREPATH_CHANNELS")
    return Settings(
        home=folder,
        database_url=_database(database, given.get("CAREPATH_DATABASE_PASSWORD_FILE")),
        broker_url=_broker(given.get("CAREPATH_BROKER_URL", ""), given.get("CAREPATH_BROKER_PASSWORD_FILE")),
        keys=Path(given.get("CAREPATH_KEYS") or folder / "carepath.keys").expanduser().absolute(),
        workflows=workflows or Path(given.get("CAREPATH_WORKFLOWS") or default_workflows()),
        timezone=_timezone(given.get("CAREPATH_TIMEZONE", "UTC")),
        admin_token_file=Path(token) if token else None,
        host=host or given.get("CAREPATH_HOST", "127.0.0.1"),
        port=_port(port if port is not None else given.get("CAREPATH_PORT", "8000")),
        simulated=simulated,
        released_only=_choice("CAREPATH_RELEASED_ONLY", given.get("CAREPATH_RELEASED_ONLY", "no"), _FLAGS),
        local=local or (Path(values) if values else None),
        channels=Path(channels).expanduser().absolute() if channels else None,
        sheets=Path(given["CAREPATH_SHEETS"]).expanduser().absolute() if "CAREPATH_SHEETS" in given else None,
        cache=Path(given.get("CAREPATH_CACHE") or _default_cache(given)).expanduser().absolute(),
        metrics=place(given.get("CAREPATH_METRICS", "")),
        log_json=_choice("CAREPATH_LOG", given.get("CAREPATH_LOG", "text"), {"text": False, "json": True}),
        drain_seconds=_seconds("CAREPATH_DRAIN", given.get("CAREPATH_DRAIN", "0")),
        proxies=_networks("CAREPATH_PROXIES", given.get("CAREPATH_PROXIES", "127.0.0.1,::1")),
        openid=_openid(given),
        database_patience=_patience(given.get("CAREPATH_DATABASE_PATIENCE", "20")),
        second_factor=_roles("CAREPATH_SECOND_FACTOR", given.get("CAREPATH_SECOND_FACTOR", "")),
    )


def default_workflows() -> Path:
    """Return the pathways that came with the program: the wheel's package data, or the checkout's folder."""
    return _PACKAGED if _PACKAGED.is_dir() else _CHECKOUT


def secret(path: Path, name: str) -> str:
    """Return what a secret file holds, without blanks around it; `name` is the setting that pointed to it."""
    try:
        held = path.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        why = getattr(error, "strerror", None) or "it is no text"
        raise SettingError(f"{name}: the file {path} cannot be read: {why}") from None
    if not held or len(held) > _LONGEST_SECRET or "\n" in held:
        raise SettingError(f"{name}: the file {path} must hold one line of 1 to {_LONGEST_SECRET} characters")
    return held


def _default_home(environ: Mapping[str, str]) -> Path:
    base = environ.get("XDG_DATA_HOME")
    return (Path(base) if base else Path.home() / ".local" / "share") / "carepath"


def _default_cache(environ: Mapping[str, str]) -> Path:
    base = environ.get("XDG_CACHE_HOME")
    usual = Path.home() / ("Library/Caches" if sys.platform == "darwin" else ".cache")
    return (Path(base) if base else usual) / "carepath"


def _database(url: str, password_file: str | None) -> str:
    scheme = url.partition(":")[0].partition("+")[0]
    if scheme not in {"sqlite", "postgresql", "postgres"}:
        raise SettingError("the store's address must begin with sqlite:/// or postgresql://")
    if scheme == "sqlite" and not url.partition(":///")[2]:
        raise SettingError("the store's address must name a file: sqlite:///PATH")
    if scheme == "sqlite":
        return url
    parts = _parts(
        url, "the store's address", "postgresql://USER@HOST:PORT/NAME, of several servers ?host=FIRST,SECOND"
    )
    if password_file is None:
        return url
    return _with_password(url, parts, secret(Path(password_file), "CAREPATH_DATABASE_PASSWORD_FILE"))


def _broker(url: str, password_file: str | None) -> str:
    scheme = url.partition(":")[0]
    if url and scheme not in {"redis", "rediss", "redis+socket", "unix", "amqp", "amqps"}:
        raise SettingError(
            "CAREPATH_BROKER_URL must begin with redis://, rediss://, redis+socket://, amqp:// or amqps://"
        )
    parts = _parts(url, "CAREPATH_BROKER_URL", "redis://HOST:PORT/0 or amqp://USER@HOST:PORT//")
    if password_file is None or not parts.hostname:
        return url
    return _with_password(url, parts, secret(Path(password_file), "CAREPATH_BROKER_PASSWORD_FILE"))


def _openid(given: Mapping[str, str]) -> OpenIdSettings | None:
    issuer, client_id = given.get("CAREPATH_OIDC_ISSUER"), given.get("CAREPATH_OIDC_CLIENT_ID")
    if issuer is None and client_id is None:
        return None
    if issuer is None or client_id is None:
        raise SettingError("CAREPATH_OIDC_ISSUER and CAREPATH_OIDC_CLIENT_ID go together: set both, or neither")
    host = _issuer_host(issuer)
    label, secret_file = given.get("CAREPATH_OIDC_LABEL", host), given.get("CAREPATH_OIDC_CLIENT_SECRET_FILE")
    if len(label) > _LONGEST_LABEL or not label.isprintable():
        raise SettingError(f"CAREPATH_OIDC_LABEL must be 1 to {_LONGEST_LABEL} characters that can be shown")
    acr = tuple(given.get("CAREPATH_OIDC_ACR", "").split())
    if not all(each.isascii() and each.isprintable() for each in acr):
        raise SettingError("CAREPATH_OIDC_ACR must be visible ASCII, with spaces between")
    return OpenIdSettings(issuer, client_id, Path(secret_file).expanduser() if secret_file else None, label, acr)


def _issuer_host(issuer: str) -> str:
    try:
        parts = urlsplit(issuer)
        host = parts.hostname or ""
    except ValueError:
        raise SettingError("CAREPATH_OIDC_ISSUER is not an address that can be read") from None
    plain = parts.scheme == "http" and host in {"127.0.0.1", "::1", "localhost"}
    if not (parts.scheme == "https" or plain) or not host or re.search(r"[?#@\s]", issuer):
        raise SettingError(
            "CAREPATH_OIDC_ISSUER must be an https:// address as the provider spells it, without ? and #"
        )
    return host


def _parts(url: str, name: str, spelt: str) -> SplitResult:
    """Return the parts of an address. Raises SettingError for one that cannot be read, with how it is spelt."""
    try:
        parts = urlsplit(url)
        _ = parts.port  # read as a number only when it is asked for
    except ValueError:
        raise SettingError(f"{name} cannot be read: write {spelt}") from None
    return parts


def _with_password(url: str, parts: SplitResult, password: str) -> str:
    """Return the address with the password in it, unless it has one already."""
    if parts.password is not None or "password" in parse_qs(parts.query):
        return url
    user, _, place = parts.netloc.rpartition("@")
    return urlunsplit(parts._replace(netloc=f"{user}:{quote(password, safe='')}@{place}"))


def _timezone(name: str) -> str:
    if not is_zone(name):
        same = "that is the same on every machine; name one such as Europe/London"
        raise SettingError(f"CAREPATH_TIMEZONE: there is no time zone '{name[:40]}' {same}")
    return name


def place(value: str) -> Place | None:
    """Return where `[HOST:]PORT` is, on this machine's loopback where it names no host; None for an empty text."""
    if not value:
        return None
    host, _, port = value.rpartition(":")
    if not port.isdigit() or not 1 <= int(port) <= 65535:
        raise SettingError("CAREPATH_METRICS must be PORT or HOST:PORT, with a port from 1 to 65535")
    return Place(host.strip("[]") or "127.0.0.1", int(port))


def _choice(name: str, value: str, choices: Mapping[str, bool]) -> bool:
    if value not in choices:
        either = "yes or no" if choices is _FLAGS else " or ".join(choices)
        raise SettingError(f"{name} must be {either}")
    return choices[value]


def _networks(name: str, value: str) -> str:
    """Return addresses and networks as they are; none of them stands for everybody."""
    for each in value.split(","):
        try:
            if ipaddress.ip_network(each.strip(), strict=False).prefixlen == 0:
                raise ValueError
        except ValueError:
            raise SettingError(f"{name} must be addresses or networks with commas between, such as 10.0.0.7") from None
    return value


def _roles(name: str, value: str) -> frozenset[str]:
    """Return roles with commas between; which there are is known where the pathways are."""
    roles = frozenset(each.strip() for each in value.split(",") if each.strip())
    if not all(re.fullmatch(r"[a-z][a-z0-9-]{0,39}", each) for each in roles):
        raise SettingError(f"{name} must be roles with commas between, such as administrator,lead; or all")
    return roles


def _seconds(name: str, value: str) -> float:
    if not re.fullmatch(r"\d{1,3}(\.\d{1,3})?", value):
        raise SettingError(f"{name} must be a number of seconds, 999 at most")
    return float(value)


def _patience(value: str) -> float:
    seconds = _seconds("CAREPATH_DATABASE_PATIENCE", value)
    if seconds < _LEAST_PATIENCE:
        raise SettingError(f"CAREPATH_DATABASE_PATIENCE must be {_LEAST_PATIENCE} seconds at least")
    return seconds


def _port(value: str | int) -> int:
    try:
        port = int(value)
    except ValueError:
        port = -1
    if not 0 <= port <= 65535:
        raise SettingError("the port must be a number from 0 to 65535")
    return port
