"""Goal: the production shape is whole: pinned images, health of every process, no eviction, secrets in files alone."""

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from orchestrator import config
from orchestrator.cli.serve import GRACE_SECONDS
from workers.app import LONGEST_JOB_SECONDS

ROOT = Path(__file__).resolve().parents[2]
COMPOSE: dict[str, Any] = yaml.safe_load((ROOT / "docker-compose.yml").read_text(encoding="utf-8"))
SERVICES: dict[str, Any] = COMPOSE["services"]


def test_the_processes_of_production_are_there() -> None:
    assert set(SERVICES) == {"postgres", "redis", "migrate", "api", "worker", "clock", "sheets"}


@pytest.mark.parametrize("name", sorted(SERVICES))
def test_images_are_pinned_by_version(name: str) -> None:
    assert re.search(r":\d+\.\d+", SERVICES[name]["image"])


def test_the_base_image_is_pinned_by_version() -> None:
    dockerfile = (ROOT / "Dockerfile").read_text(encoding="utf-8")
    assert re.search(r"^ARG PYTHON_IMAGE=python:\d+\.\d+\.\d+-", dockerfile, re.MULTILINE)
    assert "\nUSER 10001:10001\n" in dockerfile


@pytest.mark.parametrize("name", sorted(set(SERVICES) - {"migrate"}))
def test_every_lasting_process_tells_its_health(name: str) -> None:
    assert SERVICES[name]["healthcheck"]["test"]


@pytest.mark.parametrize("name", ["api", "worker", "clock"])
def test_nothing_starts_before_the_migration_is_done(name: str) -> None:
    assert SERVICES[name]["depends_on"]["migrate"] == {"condition": "service_completed_successfully"}


def test_the_broker_never_evicts() -> None:
    assert "--maxmemory-policy noeviction" in SERVICES["redis"]["command"][-1]


def test_secrets_come_from_files_alone() -> None:
    for service in SERVICES.values():
        for name, value in service.get("environment", {}).items():
            assert not re.search("PASSWORD|TOKEN|SECRET", name) or (
                name.endswith("_FILE") and value.startswith("/run/")
            )
    assert all(set(secret) == {"file"} for secret in COMPOSE["secrets"].values())


def test_only_the_api_is_published_and_on_loopback() -> None:
    published = {name: service["ports"] for name, service in SERVICES.items() if "ports" in service}
    assert published == {"api": ["127.0.0.1:${CAREPATH_PORT:-8000}:8000"]}


def test_whoever_sends_reaches_the_gateways_and_reads_the_file_of_channels() -> None:
    for name in PROCESSES:
        service = SERVICES[name]
        assert "front" in service["networks"]
        assert "./channels:/channels:ro" in service["volumes"]
        assert service["environment"]["CAREPATH_CHANNELS"] == "${CAREPATH_CHANNELS:-}"


def test_whoever_opens_the_store_reads_the_file_of_channels_that_it_is_told_of() -> None:
    for name in (*PROCESSES, "sheets"):  # without it they do not start
        assert "./channels:/channels:ro" in SERVICES[name]["volumes"]


PROCESSES = ("api", "worker", "clock")


@pytest.mark.parametrize("name", PROCESSES)
def test_figures_and_health_are_told_inside_alone(name: str) -> None:
    service = SERVICES[name]
    assert service["environment"]["CAREPATH_METRICS"] == "0.0.0.0:9100"
    assert "http://127.0.0.1:9100/" in service["healthcheck"]["test"][-1]
    assert not any("9100" in port for port in service.get("ports", []))


@pytest.mark.parametrize("name", PROCESSES)
def test_logs_are_for_machines(name: str) -> None:
    assert SERVICES[name]["environment"]["CAREPATH_LOG"] == "json"


@pytest.mark.parametrize("name", PROCESSES)
def test_every_setting_is_one_that_the_program_knows(name: str) -> None:
    page = (ROOT / "docs" / "command-line.md").read_text(encoding="utf-8")
    assert all(f"`{setting}`" in page for setting in SERVICES[name]["environment"])


def test_who_is_asked_to_end_is_given_the_time_that_it_takes() -> None:
    def seconds(name: str) -> int:
        return int(str(SERVICES[name]["stop_grace_period"]).removesuffix("s"))

    assert seconds("worker") > LONGEST_JOB_SECONDS
    assert seconds("api") > int(SERVICES["api"]["environment"]["CAREPATH_DRAIN"]) + GRACE_SECONDS
    assert SERVICES["worker"]["command"][-2:] == ["--processes", "2"]


def test_where_doctor_runs_the_sheets_of_the_folder_that_was_named_are_seen() -> None:
    written, seen = SERVICES["sheets"], SERVICES["api"]
    assert written["command"][-1] == "/sheets"
    assert "${CAREPATH_SHEETS:-./sheets}:/sheets" in written["volumes"]
    assert seen["environment"]["CAREPATH_SHEETS"] == "${CAREPATH_SHEETS:+/sheets}", (
        "not named: no warning that none are made"
    )
    (folder,) = (each for each in seen["volumes"] if ":/sheets" in each)
    assert folder == "${CAREPATH_SHEETS:-./channels}:/sheets:ro", "not named: no empty folder of root's is made for it"
    assert set(written["volumes"]) - {"${CAREPATH_SHEETS:-./sheets}:/sheets"} == set(seen["volumes"]) - {folder}


def test_what_the_image_copies_is_there() -> None:
    dockerfile = (ROOT / "Dockerfile").read_text(encoding="utf-8")
    for line in re.findall(r"^COPY (?!--)(.+)$", dockerfile, re.MULTILINE):
        for name in line.split()[:-1]:
            assert (ROOT / name).exists(), name


ELSEWHERE = {
    *("CAREPATH_HOME", "CAREPATH_CACHE", "CAREPATH_ACTOR", "CAREPATH_ROLE", "CAREPATH_DEBUG"),  # of no such process
    *("CAREPATH_HOST", "CAREPATH_PORT"),  # said by the command
    *("CAREPATH_LOCAL", "CAREPATH_WORKFLOWS", "CAREPATH_OIDC_CLIENT_SECRET_FILE"),  # files of the hospital's own
}


def test_whatever_can_be_set_is_set_or_passed_on() -> None:
    page = (ROOT / "docs" / "command-line.md").read_text(encoding="utf-8")
    given = {name for service in SERVICES.values() for name in service.get("environment", {}) if "CAREPATH" in name}
    assert given | ELSEWHERE == set(re.findall(r"CAREPATH_[A-Z_]+", page))
    assert not given & ELSEWHERE


@pytest.mark.parametrize("name", [*PROCESSES, "migrate", "sheets"])
def test_what_the_hospital_sets_reaches_every_process(name: str) -> None:
    passed = {key for key, value in SERVICES[name]["environment"].items() if value == f"${{{key}:-}}"}
    assert {"CAREPATH_PROXIES", "CAREPATH_TIMEZONE", "CAREPATH_CHANNELS", "CAREPATH_OIDC_ISSUER"} <= passed


def test_what_is_passed_on_and_not_set_is_as_if_nobody_had_named_it() -> None:
    passed = [key for key, value in SERVICES["api"]["environment"].items() if value == f"${{{key}:-}}"]
    assert config.read(dict.fromkeys(passed, "")) == config.read({})
