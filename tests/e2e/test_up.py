"""Goal: one command brings everything up; a patient's reminder climbs by itself; nothing is lost or left behind."""

import os
import signal
import socket
import subprocess
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.e2e.running import Up, alive, carepath, children, until, up

PATHWAY = "post-viral-cerebellar-demyelination"
REMINDER = "day-3-response"
SPEED = 43_200  # twelve hours a second: 72 hours in six
MARK = f"[simulated, {SPEED} times as fast] "


def enrol(system: Up, number: str) -> str:
    patient = {"system": "hospital-number", "value": number}
    body = {"pathway": PATHWAY, "ward": "w-1", "timezone": "Europe/London", "identifiers": [patient]}
    return str(system.ask("POST", "/api/v1/episodes", body)["episode_id"])


def act(system: Up, episode: str, verb: str, role: str = "clinician", **body: object) -> None:
    system.ask("POST", f"/api/v1/episodes/{episode}/{verb}", body, role=role)


def treat(system: Up, number: str) -> str:
    """Enrol a patient and begin the first line; return the episode's id."""
    episode = enrol(system, number)
    act(system, episode, "record", facts={"severity": "severe", "infection_status": "excluded"})
    act(system, episode, "confirm", regimens=["ivmp-pulse"])
    act(system, episode, "give", "nurse", regimen="ivmp-pulse")
    return episode


def told(system: Up, episode: str) -> set[str]:
    """Return the roles that were told of the reminder."""
    notices = system.ask("GET", "/api/v1/inbox?limit=500")["notices"]
    return {each["role"] for each in notices if (each["episode_id"], each["name"]) == (episode, REMINDER)}


@pytest.mark.rules("X-10", "P-07")
def test_the_whole_story(tmp_path: Path) -> None:
    """In one test, since bringing the system up is most of its time."""
    with up(tmp_path, "--simulated", "--speed", str(SPEED)) as system:
        a_reminder_fires_after_72_hours_climbs_and_is_answered(system)
        a_killed_worker_is_started_again_and_meanwhile_the_clock_fires(system)
        nobody_hears_that_the_store_is_locked(system)
        said = refused(tmp_path, "--port", "0", "--simulated")
        assert said == f"carepath: another carepath runs in {tmp_path / 'simulated'}: stop it first\n"
        episode = enrol(system, "3")
        before = system.ask("GET", f"/api/v1/episodes/{episode}/timeline")["entries"]
        assert system.end(signal.SIGTERM) == 0
        assert all(line.startswith(MARK) for line in system.lines), system.lines
    assert "never runs at another" in refused(tmp_path, "--port", "0", "--simulated", "--speed", "2")
    store = f"sqlite:///{tmp_path / 'simulated' / 'carepath.db'}"
    assert "this store is a simulated one" in refused(tmp_path, "--port", "0", "--database", store)
    with up(tmp_path, "--simulated") as again:
        after = again.ask("GET", f"/api/v1/episodes/{episode}/timeline")["entries"]
        assert after[: len(before)] == before
        assert again.end(signal.SIGINT) == 0
        assert all(line.startswith(MARK) for line in again.lines), again.lines


def a_reminder_fires_after_72_hours_climbs_and_is_answered(system: Up) -> None:
    episode = treat(system, "1")
    assert told(system, episode) == set()
    until(lambda: {"clinician", "lead"} <= told(system, episode), "the reminder fires and climbs to the lead")
    status, page = system.answer("GET", f"/open/{episode}.3.0", Authorization="")
    assert (status, "Opening this page has changed nothing" in page) == (200, True)
    shown = system.ask("GET", f"/api/v1/episodes/{episode}")
    assert shown["stage"] == "reassess"
    assert "response" in shown["missing"]
    act(system, episode, "acknowledge", "lead", reminder=REMINDER)
    act(system, episode, "record", facts={"response": "partial"})
    assert system.ask("GET", f"/api/v1/episodes/{episode}")["stage"] == "bridging"
    page = system.ask("GET", f"/api/v1/episodes/{episode}/report")
    assert "<svg" in page
    assert "simulated" in page.lower()


def a_killed_worker_is_started_again_and_meanwhile_the_clock_fires(system: Up) -> None:
    worker = system.pid_of("serve worker")
    os.kill(worker, signal.SIGKILL)
    until(lambda: not alive(worker), "it is gone")
    episode = treat(system, "2")
    until(lambda: "lead" in told(system, episode), "the reminder fires and climbs")
    until(lambda: "serve worker" in " ".join(children(system.process.pid).values()), "another worker runs")
    assert f"{MARK}worker was killed by SIGKILL; it is started again in 1 s" in system.lines


def nobody_hears_that_the_store_is_locked(system: Up) -> None:
    episodes = [enrol(system, f"load-{number}") for number in range(4)]

    def write(number: int) -> int:
        body = {"facts": {"weight_kg": 50 + number}}
        return system.answer("POST", f"/api/v1/episodes/{episodes[number % 4]}/record", body)[0]

    with ThreadPoolExecutor(8) as pool:
        assert set(pool.map(write, range(120))) == {200}
    assert [line for line in system.lines if "busy" in line or "locked" in line] == []


def test_a_killed_launcher_leaves_nothing_behind(tmp_path: Path) -> None:
    with up(tmp_path) as system:
        assert system.end(signal.SIGKILL) == -signal.SIGKILL


def test_the_first_token_is_shown_on_a_terminal_alone(tmp_path: Path) -> None:
    with up(tmp_path, token_file=False) as unseen:
        until(lambda: "there is no access token yet" in "".join(unseen.lines), "it says how to get one")
        assert unseen.end(signal.SIGTERM) == 0
    with up(tmp_path, terminal=True, token_file=False) as seen:
        (line,) = until(lambda: [line for line in seen.lines if "shown this once" in line], "the token")
        seen.token = line.rpartition(" ")[2]
        assert seen.answer("GET", "/api/v1/worklist")[0] == 200
        assert seen.end(signal.SIGHUP) == 0


def refused(home: Path, *options: str) -> str:
    """Run `carepath up`, which cannot start; return the one line that it says."""
    command = [carepath(), "up", "--home", str(home), *options]
    ended = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    assert (ended.returncode, ended.stdout) == (2, "")
    assert ended.stderr.count("\n") == 1
    return ended.stderr


def test_a_port_in_use_is_said_in_one_line(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        said = refused(tmp_path, "--port", str(port))
    assert said == f"carepath: port {port} is in use: choose another with --port, or make … PORT=\n"


def test_a_home_that_cannot_be_written_is_said_in_one_line(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    assert "cannot be written" in refused(tmp_path / "file" / "home", "--port", "0")


def test_a_speed_without_a_simulated_store_is_refused(tmp_path: Path) -> None:
    assert "add --simulated" in refused(tmp_path, "--port", "0", "--speed", "2")


def test_nothing_is_made_where_it_cannot_start(tmp_path: Path) -> None:
    home = tmp_path / "home"
    refused(home, "--port", "0", "--workflows", str(tmp_path / "nowhere"))
    refused(home, "--port", "0", "--simulated", "--workflows", str(tmp_path / "nowhere"))
    refused(home, "--port", "0", "--speed", "2")
    assert not home.exists()
