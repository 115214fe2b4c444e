"""Goal: the production shape is whole: pinned images, health of every process, no eviction, secrets in files alone."""

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

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


def test_what_the_image_copies_is_there() -> None:
    dockerfile = (ROOT / "Dockerfile").read_text(encoding="utf-8")
    for line in re.findall(r"^COPY (?!--)(.+)$", dockerfile, re.MULTILINE):
        for name in line.split()[:-1]:
            assert (ROOT / name).exists(), name
