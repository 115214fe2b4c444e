"""Goal: every process tells its figures and its health on a port of its own; the alarms that we give can all go off."""

import json
import os
import re
import signal
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import yaml
from prometheus_client.mmap_dict import MmapedDict

from orchestrator.cli import valkey, watching
from orchestrator.config import Place
from tests.integration.installation import Installation, installed, until
from tests.integration.production import Production, Running, ask, production
from tests.servers.ports import free_port
from tests.servers.postgres import Postgres, standing_still
from workers.app import FIRE, publish, waiting

ALERTS = Path(__file__).resolve().parents[2] / "docs" / "alerts.example.yaml"


@pytest.fixture(scope="module")
def place(
    tmp_path_factory: pytest.TempPathFactory, redis_server: valkey.Valkey, new_postgres_database: Callable[[], str]
) -> Iterator[Installation]:
    """An installation in which a patient's second rung comes due two seconds after the enrolment."""
    url = new_postgres_database()
    with installed(
        "postgres", tmp_path_factory.mktemp("home"), redis_server, url, ahead_seconds=3598, letters=False
    ) as place:
        place.forget_messages()
        yield place


@pytest.fixture(scope="module")
def shop(place: Installation, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Production]:
    """An API, a worker of two processes and a clock, after a patient's reminder has fired and arrived."""
    with production(place, tmp_path_factory.mktemp("shop"), CAREPATH_DATABASE_PATIENCE="3") as shop:
        for role, options in (("api", ()), ("worker", ("--processes", "2")), ("clock", ())):
            shop.start(role, *options)
        for running in shop.started:
            running.await_ready()
        episode = place.enrol()
        until(lambda: place.quiet(episode), "fired and delivered")
        assert place.told_once(episode)
        yield shop


def total(shop: Production, sample: str) -> float:
    return sum(running.figures().get(sample, 0.0) for running in shop.started)


def test_what_was_done_is_counted_by_whoever_did_it(shop: Production) -> None:
    assert total(shop, "carepath_episodes_fired_total") == 1
    assert total(shop, "carepath_lateness_seconds_count") == 1
    assert total(shop, 'carepath_lateness_seconds_bucket{le="5.0"}') == 1
    hints = [total(shop, f'carepath_hints_total{{outcome="{outcome}"}}') for outcome in ("published", "refused")]
    assert sum(hints) > 0, "the broker was asked, in time or not"
    assert total(shop, "carepath_firing_held") == 0


def test_the_api_tells_what_waits_in_the_store(shop: Production, place: Installation) -> None:
    (api,) = (running for running in shop.started if running.role == "api")
    found = api.figures()
    assert found["carepath_store_up"] == 1
    assert found[f'carepath_store_info{{schema="{place.schema()}",simulated="true"}}'] == 1
    assert found["carepath_due_episodes"] == found["carepath_oldest_due_age_seconds"] == 0
    assert found["carepath_set_aside_episodes"] == 0
    assert found["carepath_clock_looked_age_seconds"] < 60


def test_an_api_without_the_secret_of_the_hospitals_login_serves_and_says_so(shop: Production) -> None:
    secret = shop.home / "no-secret"
    named = {"ISSUER": "https://login.hospital.example", "CLIENT_ID": "carepath", "CLIENT_SECRET_FILE": str(secret)}
    api = shop.start("api", **{f"CAREPATH_OIDC_{name}": value for name, value in named.items()}).await_ready()
    (line,) = (line for line in api.lines() if line["event"] == "provider-failed")
    assert line["text"].startswith(f"CAREPATH_OIDC_CLIENT_SECRET_FILE: the file {secret} cannot be read")
    assert api.end() == 0
    shop.started.remove(api)  # the others are asked for their figures


def test_no_label_tells_of_a_patient_or_a_ward(shop: Production, place: Installation) -> None:
    names = {
        label
        for running in shop.started
        for sample in running.figures()
        if sample.startswith("carepath_")
        for label in re.findall(r'(\w+)="', sample)
    }
    assert names <= {"le", "channel", "outcome", "schema", "simulated"}


def test_every_alarm_asks_for_figures_that_there_are(shop: Production) -> None:
    known = {sample.partition("{")[0] for running in shop.started for sample in running.figures()}
    groups = yaml.safe_load(ALERTS.read_text(encoding="utf-8"))["groups"]
    rules = [rule for group in groups for rule in group["rules"]]
    assert len({rule["alert"] for rule in rules}) == len(rules) > 8
    for rule in rules:
        asked = set(re.findall(r"\bcarepath_\w+", rule["expr"]))
        assert asked, rule
        assert asked <= known, (rule["alert"], asked - known)
        assert {"summary", "description"} <= set(rule["annotations"])


def test_health_is_told_on_the_same_port(shop: Production) -> None:
    for running in shop.started:
        assert (running.status("/healthz"), running.status("/readyz"), running.status("/else")) == (200, 200, 404)
    (api,) = (running for running in shop.started if running.role == "api")
    assert ask(api.port, "/metrics")[0] == 303, "the public port tells no figures: it asks to sign in"


def test_a_database_that_stands_still_takes_nobody_along(
    shop: Production, place: Installation, postgres_server: Postgres
) -> None:
    (api,) = (running for running in shop.started if running.role == "api")
    waits, begins = place.enrol(), place.enrol()
    path, facts = f"/api/v1/episodes/{begins}/record", {"facts": {"weight_kg": 70}}
    with standing_still(postgres_server):
        assert shop.ask(api, "POST", path, facts, "key-1")[0] == 503
        for running in shop.started:
            until(lambda running=running: running.status("/readyz") == 503, f"{running.role} says that it cannot work")  # type: ignore[misc]
            assert running.status("/healthz") == 200
        assert ask(api.port, "/readyz")[0] == 503
    for running in shop.started:
        running.await_ready()
    assert shop.ask(api, "POST", path, facts, "key-1")[0] == 200
    until(lambda: place.quiet(waits) and place.quiet(begins), "what came due meanwhile fired")
    assert place.told_once(waits)
    assert place.told_once(begins)


def test_what_a_killed_process_counted_stays_and_its_files_go(shop: Production, place: Installation) -> None:
    (worker,) = (running for running in shop.started if running.role == "worker")
    publish(FIRE)
    until(lambda: waiting(FIRE) == 0, "a process took it")
    before = worker.figures()
    gone, folder = children(worker), shared_folder(worker)
    assert len(gone) == 2
    for child in gone:
        os.kill(child, signal.SIGKILL)
    until(lambda: len(children(worker) - gone) == 2, "others were started")
    after = worker.figures()
    counted = [name for name in before if "_total" in name or "_count" in name]
    assert counted
    assert all(after[name] >= before[name] for name in counted)
    left = {file.stem.rpartition("_")[2] for file in folder.glob("*.db")}
    assert not left & set(map(str, gone)), left
    assert worker.end() == 0
    assert not folder.exists()


def children(worker: Running) -> set[int]:
    return set(map(int, Path(f"/proc/{worker.process.pid}/task/{worker.process.pid}/children").read_text().split()))


def shared_folder(worker: Running) -> Path:
    """Return where the worker's processes count, found by the files that one of them has open."""
    for child in children(worker):
        for file in Path(f"/proc/{child}/maps").read_text().splitlines():
            if file.endswith(".db"):
                return Path(file.split()[-1]).parent
    raise AssertionError("no process of the worker counts anything in a file")


def test_a_process_that_begins_or_is_killed_as_it_begins_hides_nobody_elses_figures(tmp_path: Path) -> None:
    """The library makes a file and then fills it: its reader fails on an empty one, for good if nobody ever does."""
    ended, begins = 2**22 + 1, os.getpid()  # above any number that the kernel gives
    for number, content in ((begins, True), (ended, True), (begins, False), (ended, False)):
        name = "counter" if content else "histogram"
        file = tmp_path / f"{name}_{number}.db"
        file.touch()
        if content:
            counts = MmapedDict(str(file))  # type: ignore[no-untyped-call]
            counts.write_value(json.dumps(["fired", "fired_total", {}, "How often"]), 2.0, 0.0)  # type: ignore[no-untyped-call]
            counts.close()  # type: ignore[no-untyped-call]
    figures = watching.SharedFigures(tmp_path)
    assert b"fired_total 4.0\n" in figures()
    assert b"fired_total 4.0\n" in figures()
    assert {file.name for file in tmp_path.iterdir()} == {
        f"counter_{begins}.db",
        "counter_ended.db",
        f"histogram_{begins}.db",
    }


def test_a_defect_is_logged_and_a_caller_that_went_away_is_not(caplog: pytest.LogCaptureFixture) -> None:
    def broken() -> bytes:
        raise ZeroDivisionError

    def gone() -> bytes:
        raise BrokenPipeError

    for figures, lines in ((gone, 0), (broken, 1)):
        probes = watching.Probes("test", lambda: None, lambda: None, figures)
        with watching.watched(Place("127.0.0.1", port := free_port()), probes), pytest.raises(ConnectionError):
            ask(port, "/metrics")
        assert [record.levelname for record in caplog.records] == ["ERROR"] * lines


def test_a_number_that_another_users_process_bears_by_now_is_one_that_has_ended(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def kill(pid: int, number: int) -> None:
        raise PermissionError

    monkeypatch.setattr(os, "kill", kill)
    assert not watching._runs(1)
