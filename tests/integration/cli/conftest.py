"""A person at a terminal: `carepath` called in this process, on a store of its own for each test."""

import json
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from orchestrator.cli.main import main
from tests.integration.gateways import Gateway, gateway

PATHWAY = "post-viral-cerebellar-demyelination"


@dataclass(frozen=True)
class Said:
    """What one call answered."""

    code: int
    out: str
    err: str

    @property
    def document(self) -> dict[str, Any]:
        """The one JSON object on standard output."""
        assert self.out.count("\n") == 1
        found: dict[str, Any] = json.loads(self.out)
        return found

    @property
    def line(self) -> str:
        """The one line on standard error."""
        assert self.err.startswith("carepath: "), self.err
        assert self.err.count("\n") == 1, self.err
        assert len(self.err) < 700
        assert "Traceback" not in self.err
        return self.err.removeprefix("carepath: ").rstrip("\n")


class Terminal:
    """Calls the program; `home` is where its store lies."""

    def __init__(self, home: Path, capsys: pytest.CaptureFixture[str]) -> None:
        self.home, self._capsys = home, capsys

    def __call__(self, *words: str) -> Said:
        self._capsys.readouterr()
        code = main(words)
        caught = self._capsys.readouterr()
        return Said(code, caught.out, caught.err)

    def enrol(self, number: str = "0000001") -> str:
        """Enrol a patient and return the episode."""
        said = self("enrol", PATHWAY, "--patient", f"hospital-number={number}", "--ward", "neuro-1", "--json")
        assert said.code == 0, said.err
        return str(said.document["episode_id"])

    def seq(self, episode: str) -> int:
        """Return the number of the last entry."""
        return int(self("show", episode, "--json").document["seq"])

    def assert_sound(self) -> None:
        """Whatever happened, every chain is whole and everything stored follows from the entries."""
        assert self("audit", "verify", "--all", "--json").document["whole"] is True
        assert self("audit", "replay", "--all", "--json").document["equal"] is True


@pytest.fixture(scope="session")
def made_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An empty store and its keys, made once and copied for each test."""
    home = tmp_path_factory.mktemp("cli") / "home"
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("CAREPATH_HOME", str(home))
        assert main(["db", "upgrade"]) == 0
    return home


@pytest.fixture
def terminal(
    made_home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Terminal:
    """A terminal before a store without patients; the person there is `n1`, a clinician."""
    home = tmp_path / "home"
    shutil.copytree(made_home, home)
    for name in ("DATABASE_URL", "KEYS", "WORKFLOWS", "LOCAL", "BROKER_URL", "TIMEZONE", "ROLE", "ADMIN_TOKEN_FILE"):
        monkeypatch.delenv(f"CAREPATH_{name}", raising=False)
    monkeypatch.setenv("CAREPATH_HOME", str(home))
    monkeypatch.setenv("CAREPATH_ACTOR", "n1")
    return Terminal(home, capsys)


@pytest.fixture
def gate(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Gateway]:
    """A mail server that the file of channels names."""
    with gateway("e-mail", tmp_path / "outside") as gate:
        monkeypatch.setenv("CAREPATH_CHANNELS", str(gate.file()))
        yield gate
