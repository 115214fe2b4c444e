"""Goal: an episode's document stays small for years, and comes back from its bytes as it was."""

import zlib
from pathlib import Path

import pytest

from benchmarks.five_years import episode_after_five_years
from orchestrator.episode.document import dump, load
from orchestrator.episode.model import Episode
from orchestrator.pathway.loader import load_library

ROOT = Path(__file__).parents[2]
SEALING = 28
"""Nonce and tag of the encryption, in bytes."""


@pytest.fixture(scope="module")
def episode() -> Episode:
    library = load_library(ROOT / "workflows")
    return episode_after_five_years(library.newest("post-viral-cerebellar-demyelination"))


def test_a_patient_was_treated_on_every_line_and_relapsed_twice(episode: Episode) -> None:
    assert episode.stage == "maintenance"
    assert episode.round == 2
    assert len(episode.courses) == 12


def test_the_document_stays_small(episode: Episode) -> None:
    document = dump(episode)
    assert len(document) < 8_000
    assert len(zlib.compress(document, 1, wbits=-13)) + SEALING < 2_000


def test_the_document_comes_back_as_it_was(episode: Episode) -> None:
    document = dump(episode)
    assert load(document) == episode
    assert dump(load(document)) == document
