"""Goal: a long word can be broken where it is spoken apart, and is the same word all the same."""

import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrator.pathway.loader import load_library
from orchestrator.web.syllables import LONGEST, hyphenated

SOFT = "\N{SOFT HYPHEN}"
WORKFLOWS = Path(__file__).parents[2] / "workflows"


@pytest.mark.parametrize(
    ("word", "parts"),
    [
        ("Leukoencephalopathy", "Leuko-en-ce-pha-lo-pathy"),
        ("Autoantibodies", "Auto-an-ti-bo-dies"),
        ("demyelination", "demye-li-na-tion"),
        ("plasmapheresis", "plas-ma-phe-resis"),
        ("Leukoenzephalopathie", "Leuko-en-ze-pha-lo-pa-thie"),
        ("Autoantikörper", "Auto-an-ti-körper"),
        ("VERLAUFSKONTROLLE", "VERLAUFS-KON-TROLLE"),
        ("Erhaltungstherapie", "Erhal-tungs-the-rapie"),
    ],
)
def test_long_words_are_broken_between_syllables(word: str, parts: str) -> None:
    assert hyphenated(word).replace(SOFT, "-") == parts
    assert hyphenated(f"the {word}, again").replace(SOFT, "") == f"the {word}, again"


@pytest.mark.parametrize(
    "text", ["", "encephalitis", "Neubewertung", "9000021900002190000", "post-viral ataxia", "<b>&amp;"]
)
def test_what_fits_and_what_is_no_word_stays_as_it_is(text: str) -> None:
    assert hyphenated(text) == text


@given(st.text(st.sampled_from("aeiouyäöü bcdfghklmnprstß-<&é1")))
def test_nothing_is_lost_and_four_letters_stand_on_either_side(text: str) -> None:
    found = hyphenated(text)
    assert found.replace(SOFT, "") == text
    words = re.findall(rf"[^\W\d_]+(?:{SOFT}[^\W\d_]+)+", found)
    assert found.count(SOFT) == sum(word.count(SOFT) for word in words), "within words alone"
    assert all(len(word.partition(SOFT)[0]) >= 4 and len(word.rpartition(SOFT)[2]) >= 4 for word in words)


def test_every_title_of_ours_fits_a_narrow_column() -> None:
    for pathway in load_library(WORKFLOWS).pathways:
        titles = [pathway.title, *(each.title for each in pathway.tasks.values())]
        titles += [each.title for each in pathway.reminders.values()]
        parts = re.findall(r"[^\W\d_]+", " ".join(hyphenated(each) for each in titles))
        assert max(map(len, parts)) <= LONGEST
