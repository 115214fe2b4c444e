"""Goal: by each channel alike what is told leaves the house, whatever the gateway does and whenever a worker dies.

Real gateways with TLS, both stores. (In the inbox every notice stands from its cause on: there is nothing to send.)
"""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC
from itertools import product
from pathlib import Path

import pytest

from orchestrator import config
from orchestrator.bootstrap import Simulation, System, open_system, prepare_store
from orchestrator.cli import valkey
from orchestrator.episode.commands import Actor
from orchestrator.errors import NotFound
from orchestrator.notify.channel import DELIVERED
from orchestrator.notify.reading import Outside, read_channels
from orchestrator.service.deliveries import TRIES_UNTOLD
from orchestrator.service.enrolment import EnrolRequest, Identifier
from orchestrator.service.handlers import new_key
from orchestrator.service.people.recording import Author
from orchestrator.service.rows import Lease
from tests.factories import OPERATOR
from tests.integration.gateways import KINDS, Gateway, gateway
from tests.integration.installation import CLINICIAN, PATHWAY, T0, Installation, installed
from tests.servers.outside import DROP, LATER, NEVER
from workers.deliver import deliver, send

LATER_MAIL = "recipient-refused-for-now"
ROLES = ("nurse", "clinician", "lead", "on-call", "pharmacist", "auditor", "administrator", "service")


@pytest.fixture(scope="module", params=["sqlite", "postgres"])
def store(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, redis_server: valkey.Valkey
) -> Iterator[Installation]:
    url = request.getfixturevalue("new_postgres_database")() if request.param == "postgres" else None
    with installed(request.param, tmp_path_factory.mktemp("home"), redis_server, url) as place:
        yield place


@pytest.fixture(params=KINDS)
def gate(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Gateway]:
    with gateway(request.param, tmp_path / "outside") as gate:
        yield gate


@pytest.fixture
def place(store: Installation, gate: Gateway) -> Installation:
    """The installation with one way out, by this gateway; nothing of an earlier test waits in it."""
    store.sql("DELETE FROM outbox")
    found = read_channels(gate.file(), ROLES)
    return replace(store, desk=with_ways(store.desk, found), system=with_ways(store.system, found))


def with_ways(system: System, outside: Outside) -> System:
    system.desk.directory = outside.directory
    return replace(system, post=outside.post(UTC))


def told(place: Installation) -> tuple[str, Lease]:
    """Enrol a patient, which tells one notice at once; return the episode and that notice, taken."""
    episode = place.enrol()
    (lease,) = place.system.deliveries.take(200)
    assert lease.notice.episode_id == episode
    return episode, lease


def recorded(place: Installation, episode: str) -> tuple[int, int]:
    """Return how many notices of an episode wait to leave, and how many deliveries are on record."""
    return place.rows("outbox", episode), place.rows("delivery", episode)


def test_what_is_told_arrives_and_is_recorded_once(place: Installation, gate: Gateway) -> None:
    episode = place.enrol()
    assert deliver(place.system) == 1
    assert deliver(place.system) == 0
    assert len(gate.of(episode)) == 1
    assert recorded(place, episode) == (0, 1)


def test_nothing_of_the_patient_leaves(place: Installation, gate: Gateway) -> None:
    # Names so long that no signature and no random id holds one of them by chance.
    who, by = (Identifier("canary-number", f"CANARY-{new_key()}"),), Actor("canary-person", "clinician")
    request = EnrolRequest(PATHWAY, who, "w-1", "Europe/London", by, new_key())
    episode = place.desk.enrolments.enrol(request).episode_id
    deliver(place.system)
    ((arrival,), (notice,)) = gate.of(episode), place.inbox(episode)
    sent = repr(arrival)
    patient = place.system.queries.show(episode)["patient_id"]
    for never in ("CANARY", "canary", PATHWAY, notice["name"], patient):
        assert never not in sent
    assert notice["role"] in sent


def test_a_worker_that_dies_after_the_gateway_took_it_sends_again_under_one_id(
    place: Installation, gate: Gateway
) -> None:
    episode, lease = told(place)
    assert place.system.post.send(lease) == DELIVERED  # and then it dies: nothing is recorded
    assert recorded(place, episode) == (1, 0)
    assert not deliver(place.system), "the dead worker's lease still holds"
    place.let_leases_end()
    assert deliver(place.system) == 1
    first, again = gate.references()
    assert first == again
    assert recorded(place, episode) == (0, 1)


def test_a_connection_that_breaks_after_the_gateway_took_it(place: Installation, gate: Gateway) -> None:
    gate.server.answers.append(DROP)
    episode = place.enrol()
    assert deliver(place.system) == 0
    place.let_leases_end()
    assert deliver(place.system) == 1
    first, again = gate.references()
    assert first == again
    assert recorded(place, episode) == (0, 1)


def test_a_worker_whose_lease_has_passed_on_has_no_say(place: Installation, gate: Gateway) -> None:
    episode, paused = told(place)
    place.let_leases_end()
    assert deliver(place.system) == 1
    assert not send(place.system, paused)
    gate.server.answers.append(NEVER)
    assert not send(place.system, paused)
    assert recorded(place, episode) == (0, 1)
    assert place.undelivered(episode) == []


def test_a_refusal_for_now_is_tried_again_ever_more_seldom_and_its_owners_are_told_once(
    place: Installation, gate: Gateway
) -> None:
    gate.server.answers.extend([LATER] * (TRIES_UNTOLD + 1))
    episode = place.enrol()
    waits = []
    for tries in range(1, TRIES_UNTOLD + 2):
        place.sql("UPDATE outbox SET next_try_at = {past} WHERE attempts > 0 OR route = 'all'")
        before = place.system.pulse.look().wall
        (lease,) = [each for each in place.system.deliveries.take(200) if each.notice.kind == "reminder"]
        assert lease.attempts == tries
        assert not send(place.system, lease)
        (row,) = [each for each in place.system.deliveries.outgoing() if each.notice.kind == "reminder"]
        assert row.next_try_at is not None
        waits.append((row.next_try_at - before).total_seconds())
        assert place.undelivered(episode) == (["administrator", "lead"] if tries >= TRIES_UNTOLD else [])
    assert all(later > 1.5 * sooner for sooner, later in zip(waits, waits[1:], strict=False))
    place.let_leases_end()
    assert deliver(place.system) == 1
    assert recorded(place, episode) == (0, 1)
    assert place.undelivered(episode) == ["administrator", "lead"]


def test_what_was_taken_and_not_begun_counts_as_no_try(place: Installation, gate: Gateway) -> None:
    gate.server.answers.append(LATER)
    place.enrol()
    deliver(place.system)
    place.let_leases_end()
    for _ in range(TRIES_UNTOLD):
        (lease,) = place.system.deliveries.take(200)
        assert place.system.deliveries.release(lease)
    (row,) = place.system.deliveries.outgoing()
    assert (row.attempts, row.last_error) == (1, "server-error" if gate.kind == "webhook" else LATER_MAIL)
    assert deliver(place.system) == 1


def test_a_refusal_for_good_has_owners_who_are_never_told_of_themselves(place: Installation, gate: Gateway) -> None:
    gate.server.answers.extend([NEVER] * 20)
    episode = place.enrol()
    for _ in range(3):
        assert deliver(place.system) == 0
        place.let_leases_end()
    assert place.undelivered(episode) == ["administrator", "lead"]
    rows = place.system.deliveries.outgoing(dead=True)
    assert [(row.notice.kind, row.attempts) for row in rows] == [("reminder", 1)]


def test_a_dead_letter_goes_out_by_the_mended_address(place: Installation, gate: Gateway) -> None:
    gate.server.answers.append(NEVER)
    episode = place.enrol()
    assert deliver(place.system) == 0
    (dead,) = place.system.outgoing.page(dead=True).rows
    mended = with_ways(place.system, read_channels(gate.file("mended"), ROLES))
    assert deliver(mended) == 0, "it waits for a person"
    mended.outgoing.resend(OPERATOR, dead["id"])
    assert deliver(mended) == 1
    (arrival,) = gate.of(episode)
    assert "mended" in arrival.to
    assert recorded(place, episode) == (0, 1)
    with pytest.raises(NotFound):
        mended.outgoing.resend(OPERATOR, dead["id"])


def test_a_route_that_was_taken_away_leaves_a_dead_letter_until_it_is_put_back(
    place: Installation, gate: Gateway
) -> None:
    episode = place.enrol()
    (gate.folder / "without.yaml").write_text("format: 1\nlink: https://carepath.example\n")
    without = replace(place.system, post=read_channels(gate.folder / "without.yaml", ROLES).post(UTC))
    for _ in range(TRIES_UNTOLD):
        assert place.system.outgoing.page(dead=True).rows == [], "a newer file than this worker's may name it"
        place.let_leases_end()
        assert deliver(without) == 0
    (dead,) = place.system.outgoing.page(dead=True).rows
    assert (dead["route"], dead["last_error"]) == ("all", "no-such-route")
    assert place.undelivered(episode) == ["administrator", "lead"]
    assert place.system.outgoing.resend_all(OPERATOR, "other") == 0
    assert place.system.outgoing.resend_all(OPERATOR, "all") == 1
    assert deliver(place.system) == 1
    assert recorded(place, episode) == (0, 1)


def test_whoever_takes_a_dead_letter_over_stands_on_record(place: Installation, gate: Gateway) -> None:
    gate.server.answers.append(NEVER)
    episode = place.enrol()
    deliver(place.system)
    (dead,) = place.system.outgoing.page(dead=True).rows
    place.system.outgoing.drop(Author("u-107", "lead"), dead["id"], "rang the ward")
    assert recorded(place, episode) == (0, 1)
    with place.system.store.read() as reader:
        found = reader._sql.exec_driver_sql(
            f"SELECT result, dropped_by, reason FROM delivery WHERE episode_id = '{episode}'"
        ).one()
    assert tuple(found) == ("dropped", "u-107", "rang the ward")


# The file of channels is all that it takes


@pytest.mark.parametrize(("kind", "simulated"), [*product(KINDS, [False, True])])
def test_a_real_store_calls_people_and_a_simulated_one_calls_nobody(kind: str, simulated: bool, tmp_path: Path) -> None:
    with gateway(kind, tmp_path / "outside") as gate:
        settings = config.read({"CAREPATH_CHANNELS": str(gate.file())}, home=tmp_path / "home", simulated=simulated)
        prepare_store(settings, Simulation(T0, 1) if simulated else None)
        with open_system(settings) as system:
            who = (Identifier("mrn", "1"),)
            answer = system.enrolments.enrol(EnrolRequest(PATHWAY, who, "w-1", "UTC", CLINICIAN, new_key()))
            assert deliver(system) == (0 if simulated else 1)
        assert len(gate.of(answer.episode_id)) == (0 if simulated else 1)
