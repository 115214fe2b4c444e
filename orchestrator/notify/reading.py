"""By which channels, to whom? The file that CAREPATH_CHANNELS names, read strictly; all its faults are told at once."""

import datetime as dt
import re
from collections.abc import Callable, Collection, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from orchestrator.errors import PathwayError, PathwayErrors
from orchestrator.notify.channel import Channel
from orchestrator.notify.directory import Directory, Route, Undecided
from orchestrator.notify.email.channel import EmailChannel
from orchestrator.notify.email.reading import read_mail
from orchestrator.notify.email.settings import ADDRESS, MailSettings
from orchestrator.notify.files import fault_at
from orchestrator.notify.personal import Personal, server_of
from orchestrator.notify.post import Find, Post, Way, nobody
from orchestrator.notify.webhook.channel import WebhookChannel
from orchestrator.notify.webhook.reading import read_hooks
from orchestrator.notify.webhook.settings import HookSettings, key
from orchestrator.notify.wording import KINDS
from orchestrator.pathway.faults import Faults, Parts
from orchestrator.pathway.fields import Fields
from orchestrator.pathway.reader import Map, Value, read_file
from orchestrator.pathway.terms import name_in
from orchestrator.wire.hosts import is_loopback
from orchestrator.wire.target import target

FORMAT = 1
MAIL, HOOK = EmailChannel.name, WebhookChannel.name
_ROUTE = re.compile(r"[a-z][a-z0-9-]{0,39}")


@dataclass(frozen=True, slots=True)
class Outside:
    """What the file says: how notices leave, and where they go. mail, hooks: None where nothing is said of them.

    link: the web face's address, without a slash at its end.   readable: it could be read.
    """

    directory: Directory | Undecided
    routes: tuple[Route, ...]
    link: str
    mail: MailSettings | None = None
    hooks: HookSettings | None = None
    readable: bool = True

    def post(self, zone: dt.tzinfo, find: Find = nobody) -> Post:
        """Return the ways out. zone: the hospital's, in which mails tell times.   find: people's own addresses."""
        channels = self._channels(zone)
        ways = {
            each.name: Way(channels[each.channel], each.to, server_of(each.channel, each.to)) for each in self.routes
        }
        return Post(ways, self.link, channels=channels, find=find, open=self.readable)

    def personal(self) -> Personal:
        """Return what people may choose for themselves."""
        return Personal(self._channels(dt.UTC), self.hooks)

    def _channels(self, zone: dt.tzinfo) -> dict[str, Channel]:
        channels: dict[str, Channel] = {}
        if self.mail is not None:
            channels[MAIL] = EmailChannel(self.mail, zone)
        if self.hooks is not None:
            channels[HOOK] = WebhookChannel(self.hooks)
        return channels

    def faults(self, seconds: float) -> list[tuple[str, str]]:
        """Try every server that a route leads to, all at once and for so long; sends nothing.

        Returns those that let us not in, each with a code.
        """
        tries = dict(self._probes(seconds))
        with ThreadPoolExecutor(max_workers=len(tries) or 1) as pool:
            codes = list(pool.map(lambda probe: probe(), tries.values()))
        return [(name, code) for name, code in zip(tries, codes, strict=True) if code]

    def _probes(self, seconds: float) -> Iterator[tuple[str, Callable[[], str]]]:
        if self.mail is not None:
            mail = replace(self.mail, seconds=min(seconds, self.mail.seconds))
            yield f"mail by {mail.host}", EmailChannel(mail, dt.UTC).probe
        if self.hooks is not None:
            channel = WebhookChannel(replace(self.hooks, seconds=min(seconds, self.hooks.seconds)))
            hosts = {key(target(route.to)): route.to for route in self.routes if route.channel == HOOK}
            for host, to in hosts.items():
                yield f"webhooks to {host}", partial(channel.probe, to)


NOWHERE = Outside(Directory(), (), "")
"""Where there is no file: nothing leaves the house."""

UNREADABLE = Outside(Undecided(), (), "", readable=False)
"""While the file cannot be read: what is to leave waits."""


def read_channels(path: Path, roles: Collection[str], *, files: bool = True) -> Outside:
    """Return what the file says. roles: those that the pathways know.

    files: whether the files are read too to which it points; whoever only tells needs none of them.
    Raises PathwayErrors: every fault, with its line and what would mend it.
    """
    return channels_of(read_file(path), str(path), roles, files=files)


def channels_of(said: Value, file: str, roles: Collection[str], *, files: bool = True) -> Outside:
    """Return what a file says that was read before. Raises PathwayErrors."""
    faults = Faults()
    fields = Fields(said, file, "the file of channels", line=1, faults=faults)
    link, mail, hooks, held = "", None, None, {}
    with faults.noting("format"):
        _format(fields)
    with faults.noting("link"):
        link = _link(fields)
    with faults.noting("mail"):
        if fields.take("mail", Map, None) is not None:
            mail = read_mail(fields.nested("mail", "'mail'"), now=files)
    with faults.noting("webhook"):
        if fields.take("webhook", Map, None) is not None:
            hooks = read_hooks(fields.nested("webhook", "'webhook'"), now=files)
    with faults.noting("held"):
        held = _held(fields, roles)
    reader = _Routes(roles, mail, hooks, frozenset(faults.sections))
    routes = fields.each("routes", "route", reader.route)
    with faults.noting("routes"):
        _check_doubles(fields, routes)
    with faults.noting("file"):
        fields.done()
    faults.tell()
    return Outside(Directory(routes.values(), held, roles), tuple(routes.values()), link, mail, hooks)


class _Routes:
    """Reads routes against what was read before them; of a part that is faulty itself nothing more is asked."""

    def __init__(
        self, roles: Collection[str], mail: MailSettings | None, hooks: HookSettings | None, faulty: frozenset[str]
    ) -> None:
        self._roles, self._mail, self._hooks, self._faulty = roles, mail, hooks, faulty

    def route(self, name: str, fields: Fields) -> Route:
        """Return one route. Raises PathwayError."""
        if not _ROUTE.fullmatch(name):
            raise fields.error(f"'{name}' is no name of a route", hint="lower-case letters, digits and hyphens")
        parts = Parts()
        way = parts.read(lambda: self._way(fields))
        roles = parts.read(lambda: _names(fields, "roles", self._roles, "role"))
        kinds = parts.read(lambda: _names(fields, "kinds", KINDS, "kind of notice"))
        wards = parts.read(lambda: _set(fields, "wards", fields.texts("wards", ())))
        parts.read(fields.done)
        parts.tell()
        return Route(name, *way, roles, wards, kinds)

    def _way(self, fields: Fields) -> tuple[str, str]:
        """Return channel and address, of which each is looked at though the other is faulty, as far as it can be."""
        parts = Parts()
        channel = parts.read(lambda: name_in(fields, "channel", fields.take("channel", str), (MAIL, HOOK), "channel"))
        to = parts.read(lambda: fields.take("to", str))
        parts.tell()
        (self._check_mail if channel == MAIL else self._check_hook)(fields, to)
        return channel, to

    def _check_mail(self, fields: Fields, to: str) -> None:
        if not ADDRESS.fullmatch(to):
            raise fault_at(fields, "to", "must be one mail address", "such as ward@hospital.example, without a name")
        if self._mail is None and "mail" not in self._faulty:
            raise fault_at(fields, "channel", "is mail, and no server is said", "add 'mail:' with server and from")

    def _check_hook(self, fields: Fields, to: str) -> None:
        try:
            where = target(to)
        except ValueError as error:
            raise fault_at(fields, "to", str(error)) from None
        if {"webhook", "hosts"} & self._faulty:
            return
        listed = self._hooks.hosts if self._hooks else {}
        if key(where) not in listed:
            what = f"leads to a host that is not listed: {key(where)}"
            raise fault_at(fields, "to", what, "list it, with its secret, under 'hosts' of 'webhook'")
        if self._hooks is not None and self._hooks.find(where) is None:
            wanted = "http, for it is listed with plain_http" if where.scheme == "https" else "https"
            raise fault_at(fields, "to", f"must begin with {wanted}")


def _format(fields: Fields) -> None:
    if fields.take("format", int) != FORMAT:
        raise fault_at(fields, "format", f"must be {FORMAT}", "this is what this version of carepath reads")


def _link(fields: Fields) -> str:
    url = fields.take("link", str)
    try:
        where = target(url)
    except ValueError as error:
        raise fault_at(fields, "link", str(error), "it is the address at which people reach carepath") from None
    if "?" in url:
        raise fault_at(fields, "link", "has a query")
    if where.scheme == "http" and not is_loopback(where.host):
        raise fault_at(fields, "link", "must begin with https://", "people sign in there")
    return url.rstrip("/")


def _held(fields: Fields, roles: Collection[str]) -> dict[str, frozenset[str]]:
    table = fields.take("held", Map, None)
    if table is None:
        return {}
    wards, parts = Fields(table, fields.file, "'held'"), Parts()
    found = {ward: parts.read(partial(_names, wards, ward, roles, "role")) for ward in table}
    parts.tell()
    return found


def _names(fields: Fields, key: str, known: Collection[str], what: str) -> frozenset[str]:
    """Return a list of names as a set. Raises PathwayErrors: every name that is not known."""
    parts, names = Parts(), fields.texts(key, ())
    for name in names:
        parts.read(partial(name_in, fields, key, name, known, what))
    parts.tell()
    return _set(fields, key, names)


def _set(fields: Fields, name: str, found: tuple[str, ...]) -> frozenset[str]:
    """Return a list as a set. Raises PathwayError for an empty text, or one that stands there twice."""
    for text in found:
        if not text.strip() or found.count(text) > 1:
            raise fault_at(fields, name, f"names '{text}' twice" if text.strip() else "holds an empty text")
    if not found and name in fields.values:
        raise fault_at(fields, name, "names none", "leave it out to take all")
    return frozenset(found)


def _check_doubles(fields: Fields, routes: Mapping[str, Route]) -> None:
    """Refuse two routes that would carry one notice to one address."""
    seen: list[Route] = []
    faults: list[PathwayError] = []
    for route in routes.values():
        other = next((each for each in seen if each.overlaps(route)), None)
        if other is not None:
            what = f"routes '{other.name}' and '{route.name}' carry the same notice to the same address"
            line = fields.values["routes"].line_of(route.name)
            hint = "join them, or part them by roles, wards or kinds"
            faults.append(PathwayError(what, file=fields.file, line=line, hint=hint))
        seen.append(route)
    if faults:
        raise PathwayErrors(faults)
