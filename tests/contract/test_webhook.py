"""Goal: webhooks are signed, go where they are meant to and nowhere else, and an answer means what the table says."""

import json
import threading
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial
from ipaddress import ip_network
from pathlib import Path
from socket import AF_INET, AF_INET6, gaierror
from typing import Any

import pytest

from orchestrator.clock import VirtualClock
from orchestrator.config import SettingError
from orchestrator.notify.channel import DELIVERED, Message, Result, Sent
from orchestrator.notify.webhook import HookHost, HookSettings, WebhookChannel
from orchestrator.notify.webhook.addresses import Networks, allowed
from orchestrator.notify.webhook.signature import secret_bytes, sign, verify
from orchestrator.wire.deadline import Address, resolve, tls_context
from orchestrator.wire.target import target
from tests.servers import outside
from tests.servers.certificates import Authority
from tests.servers.outside import HOST, Outside

NOW = datetime(2026, 7, 2, 8, 31, 7, tzinfo=UTC)
LOOPBACK = (ip_network("127.0.0.0/8"), ip_network("::1/128"))
OLD, NEW = b"o" * 24, b"n" * 64
MESSAGE = Message(
    "0192f0c1.3.0", "reminder", "clinician", "neuro-1", 0, datetime(2026, 7, 2, 8, 30, tzinfo=UTC), NOW, late=False,
    link="https://carepath.hospital.example/open/0192f0c1.3.0",
)  # fmt: skip


@pytest.fixture
def server(trusted: Authority) -> Iterator[Outside]:
    with outside.hook_server(trusted.server(HOST)) as running:
        yield running


def settings(port: int, file: Path, networks: Networks = LOOPBACK, secrets: tuple[bytes, ...] = (OLD,)) -> HookSettings:
    read = tuple(partial(bytes, secret) for secret in secrets)
    return HookSettings({f"{HOST}:{port}": HookHost(read, lambda: tls_context(str(file)), networks)})


def url(port: int) -> str:
    return f"https://{HOST}:{port}/in"


# The signature


def test_the_receiver_knows_the_sender_and_a_changed_byte(server: Outside, trusted: Authority) -> None:
    channel = WebhookChannel(settings(server.port, trusted.file, secrets=(OLD, NEW)), VirtualClock(NOW))
    assert channel.send(MESSAGE, url(server.port)) == DELIVERED
    (arrival,) = server.arrivals
    now = NOW.timestamp()
    for known in ((OLD,), (NEW,), (b"e" * 32, NEW)):
        assert verify(known, arrival.headers, arrival.body, now)
    assert not verify((b"e" * 32,), arrival.headers, arrival.body, now)
    assert not verify((), arrival.headers, arrival.body, now)
    for index in range(len(arrival.body)):
        changed = bytearray(arrival.body)
        changed[index] ^= 1
        assert not verify((OLD,), arrival.headers, bytes(changed), now)
    for name, value in (
        ("webhook-id", "f" * 32), ("webhook-timestamp", str(int(now) + 1)), ("webhook-timestamp", "9" * 5000),
    ):  # fmt: skip
        assert not verify((OLD,), arrival.headers | {name: value}, arrival.body, now)
    for name in ("webhook-id", "webhook-timestamp", "webhook-signature"):
        assert not verify((OLD,), {each: arrival.headers[each] for each in arrival.headers if each != name},
                          arrival.body, now)  # fmt: skip


def test_a_replay_is_too_old_and_a_new_try_is_fresh(server: Outside, trusted: Authority) -> None:
    clock = VirtualClock(NOW)
    channel = WebhookChannel(settings(server.port, trusted.file), clock)
    channel.send(MESSAGE, url(server.port))
    clock.advance(timedelta(seconds=301))
    channel.send(MESSAGE, url(server.port))
    first, again = server.arrivals
    later = clock.now().timestamp()
    assert not verify((OLD,), first.headers, first.body, later)
    assert verify((OLD,), again.headers, again.body, later)
    assert not verify((OLD,), again.headers, again.body, later - 301)
    assert first.body == again.body
    assert first.headers["webhook-id"] == again.headers["webhook-id"]


def test_the_signature_is_that_of_standard_webhooks() -> None:
    """The specification's own example."""
    secret = secret_bytes("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
    body = b'{"test": 2432232314}'
    wanted = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="
    assert sign([secret], "msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330, body) == wanted


@pytest.mark.parametrize(
    "text", ["", "whsec_", "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "whsec_short", "whsec_a*", "whsec_é"]
)
def test_a_secret_that_could_be_guessed_is_none(text: str) -> None:
    with pytest.raises(ValueError, match=r"^(no prefix|not base64|too short or too long)$"):
        secret_bytes(text)


def test_the_body_says_what_a_receiver_needs(server: Outside, trusted: Authority) -> None:
    WebhookChannel(settings(server.port, trusted.file), VirtualClock(NOW)).send(MESSAGE, url(server.port))
    assert json.loads(server.arrivals[0].body) == {
        "type": "notice.reminder",
        "timestamp": "2026-07-02T08:31:07Z",
        "data": {
            "id": "0192f0c1.3.0", "kind": "reminder", "role": "clinician", "ward": "neuro-1", "rung": 0, "late": False,
            "due_at": "2026-07-02T08:30:00Z", "link": MESSAGE.link, "text": "A reminder waits for an answer",
        },
    }  # fmt: skip


# What an answer means


@pytest.mark.parametrize(
    ("status", "sent"),
    [
        (200, DELIVERED),
        (202, DELIVERED),
        (301, Sent(Result.PERMANENT, "redirects")),
        (307, Sent(Result.PERMANENT, "redirects")),
        (400, Sent(Result.PERMANENT, "refused")),
        (401, Sent(Result.PASSING, "not-let-in")),
        (403, Sent(Result.PASSING, "not-let-in")),
        (404, Sent(Result.PERMANENT, "refused")),
        (408, Sent(Result.PASSING, "timeout-there")),
        (410, Sent(Result.PERMANENT, "gone")),
        (425, Sent(Result.PASSING, "too-early")),
        (429, Sent(Result.PASSING, "too-many")),
        (500, Sent(Result.PASSING, "server-error")),
        (503, Sent(Result.PASSING, "server-error")),
    ],
)
def test_what_an_answer_means(server: Outside, trusted: Authority, status: int, sent: Sent) -> None:
    server.answers.append(status)
    assert WebhookChannel(settings(server.port, trusted.file)).send(MESSAGE, url(server.port)) == sent
    assert server.arrivals == [], "nothing was taken, and no redirect was followed"


# Where it goes


CLOSED = [
    "0.0.0.0", "10.1.2.3", "100.64.0.1", "100.127.255.255", "127.0.0.1", "127.8.8.8", "169.254.169.254", "172.16.0.1",
    "172.31.255.255", "192.0.0.8", "192.0.2.1", "192.168.1.1", "198.18.0.1", "198.51.100.7", "203.0.113.9", "224.0.0.1",
    "239.1.1.1", "240.0.0.1", "255.255.255.255", "::", "::1", "::ffff:10.0.0.1", "::ffff:127.0.0.1", "::7f00:1",
    "64:ff9b::a00:1", "64:ff9b::808:808", "64:ff9b:1::1", "100::1", "2001::1", "2001:db8::1", "2002:a00:1::1",
    "3fff::1", "fc00::1", "fd12:3456::1", "fe80::1", "fec0::1", "ff02::1", "5f00::1",
]  # fmt: skip
OPEN = ["8.8.8.8", "1.1.1.1", "100.128.0.1", "172.32.0.1", "192.0.3.1", "::ffff:8.8.8.8", "2606:4700::1111", "2a00::1"]


@pytest.mark.parametrize("ip", CLOSED)
def test_addresses_that_are_not_public_are_refused_unless_listed(ip: str) -> None:
    assert not allowed(ip)
    assert allowed(ip, [ip_network(_own(ip))])


def _own(ip: str) -> str:
    """Return the network of this address alone; one of IPv4 in the guise of IPv6 is listed as what it is."""
    return ip.removeprefix("::ffff:") if "." in ip else ip


@pytest.mark.parametrize("ip", OPEN)
def test_public_addresses_are_open(ip: str) -> None:
    assert allowed(ip)


def test_a_name_that_leads_into_the_house_is_refused(server: Outside, trusted: Authority) -> None:
    channel = WebhookChannel(settings(server.port, trusted.file, networks=()))
    assert channel.send(MESSAGE, url(server.port)) == Sent(Result.PASSING, "address-refused")
    assert server.arrivals == []


def test_one_address_in_the_house_refuses_the_name(server: Outside, trusted: Authority) -> None:
    def mixed(host: str, port: int) -> list[Address]:
        return [Address(AF_INET, "127.0.0.1", port), Address(AF_INET6, "fd00::1", port)]

    channel = WebhookChannel(settings(server.port, trusted.file), ask=mixed)
    assert channel.send(MESSAGE, url(server.port)) == Sent(Result.PASSING, "address-refused")
    assert WebhookChannel(settings(server.port, trusted.file), ask=lambda *_: []).send(
        MESSAGE, url(server.port)
    ) == Sent(Result.PASSING, "address-refused")
    assert server.arrivals == []


def test_a_name_that_is_pointed_elsewhere_meanwhile_gains_nothing(trusted: Authority) -> None:
    """The name leads to the listed 127.0.0.2 when it is checked, and to another server ever after."""
    with outside.hook_server(trusted.server(HOST)) as inner:
        asked: list[str] = []

        def rebinding(host: str, port: int) -> list[Address]:
            asked.append(host)
            return [Address(AF_INET, "127.0.0.2" if len(asked) == 1 else "127.0.0.1", port)]

        channel = WebhookChannel(settings(inner.port, trusted.file, (ip_network("127.0.0.2"),)), ask=rebinding)
        assert channel.send(MESSAGE, url(inner.port)) == Sent(Result.PASSING, "unreachable")
        assert asked == [HOST], "asked once a message"
        assert channel.send(MESSAGE, url(inner.port)) == Sent(Result.PASSING, "address-refused")
        assert inner.arrivals == []


def test_an_address_that_does_not_answer_does_not_hide_the_next(server: Outside, trusted: Authority) -> None:
    def two(host: str, port: int) -> list[Address]:
        return [Address(AF_INET, "127.0.0.3", port), *resolve("127.0.0.1", port)]

    assert WebhookChannel(settings(server.port, trusted.file), ask=two).send(MESSAGE, url(server.port)) == DELIVERED


def test_a_resolver_that_hangs_does_not_hold_us(trusted: Authority) -> None:
    over = threading.Event()

    def hangs(host: str, port: int) -> list[Address]:
        over.wait(10)
        return []

    hosts = settings(9, trusted.file).hosts
    try:
        sent = WebhookChannel(HookSettings(hosts, seconds=0.2), ask=hangs).send(MESSAGE, url(9))
    finally:
        over.set()
    assert sent == Sent(Result.PASSING, "timeout")


def test_a_name_that_is_none(trusted: Authority) -> None:
    def unknown(host: str, port: int) -> list[Address]:
        raise gaierror(-2, "Name or service not known")

    sent = WebhookChannel(settings(9, trusted.file), ask=unknown).send(MESSAGE, url(9))
    assert sent == Sent(Result.PASSING, "no-such-host")


def test_only_listed_hosts_are_called(server: Outside, trusted: Authority) -> None:
    channel = WebhookChannel(settings(server.port, trusted.file))
    others = (f"https://127.0.0.1:{server.port}/", f"https://{HOST}/", f"http://{HOST}:{server.port}/")
    for other in others:
        assert channel.send(MESSAGE, other) == Sent(Result.PERMANENT, "host-not-listed")
    assert server.arrivals == []


def test_plain_http_reaches_loopback_where_it_is_listed() -> None:
    with outside.hook_server(None) as server:
        hosts = {f"127.0.0.1:{server.port}": HookHost((lambda: OLD,), None, LOOPBACK)}
        assert WebhookChannel(HookSettings(hosts)).send(MESSAGE, f"http://127.0.0.1:{server.port}/in") == DELIVERED
        assert server.arrivals[0].headers["host"] == f"127.0.0.1:{server.port}"


@pytest.mark.parametrize("name", ["HTTPS_PROXY", "https_proxy", "ALL_PROXY"])
def test_a_proxy_of_the_environment_is_not_obeyed(
    server: Outside, trusted: Authority, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    with outside.nobody_listens() as port:
        monkeypatch.setenv(name, f"http://127.0.0.1:{port}")
        assert WebhookChannel(settings(server.port, trusted.file)).send(MESSAGE, url(server.port)) == DELIVERED


@pytest.mark.parametrize(
    "bad",
    [
        "", "localhost", "ftp://localhost/", "https://", "https:///path", "https://user@localhost/", "https://a b/",
        "https://localhost/#part", "https://localhost:port/", "https://localhost:70000/", "https://local\\host/",
        "https://[fe80::1%eth0]/", "https://[::1/", "https://exämple/", "https://localhost/\r\nX: y", "https://-a/",
    ],
)  # fmt: skip
def test_what_is_no_address_of_a_webhook(bad: str) -> None:
    with pytest.raises(ValueError, match=r"^(holds|is not|does not|names|has) "):
        target(bad)


@pytest.mark.parametrize("what", ["secrets", "context"])
def test_a_file_that_cannot_be_read_passes(server: Outside, trusted: Authority, what: str) -> None:
    def unreadable() -> Any:  # noqa: ANN401
        raise SettingError("the file cannot be read")

    (host,) = settings(server.port, trusted.file).hosts.values()
    without = replace(host, secrets=(unreadable,)) if what == "secrets" else replace(host, context=unreadable)
    channel = WebhookChannel(HookSettings({f"{HOST}:{server.port}": without}))
    assert channel.send(MESSAGE, url(server.port)) == Sent(Result.PASSING, "file-unreadable")
    assert server.arrivals == []
