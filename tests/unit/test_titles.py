"""Goal: people read the full name of a treatment wherever it is spoken of; an old version still loads.

An abbreviation that is taken for another drug is an error of medication; an amount in a name outlives the dose.
"""

import re
import shutil
from pathlib import Path

import orjson
import pytest

from orchestrator.errors import PathwayError
from orchestrator.pathway.loader import load_library, load_text
from orchestrator.pathway.model import Pathway
from orchestrator.pathway.naming import regimen_called, regimen_title, selected
from orchestrator.pathway.tables import tables
from orchestrator.report.regimen import called
from tests.factories import untitled

WORKFLOWS = Path(__file__).parents[2] / "workflows"
NAME = "post-viral-cerebellar-demyelination"
PULSE = ("ivmp-pulse", "Methylprednisolone IV pulse")
_SHORT = re.compile(r"\b(?:IVIG|IVMP|PLEX|MTX|AZA|MMF|CYC|RTX|CSF|ART)\b", re.IGNORECASE)


@pytest.fixture(scope="module")
def pathway() -> Pathway:
    return load_library(WORKFLOWS).newest(NAME)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Return a folder with the post-viral pathway alone."""
    for part in ("shared", NAME):
        shutil.copytree(WORKFLOWS / part, tmp_path / part, ignore=shutil.ignore_patterns("scenarios"))
    return tmp_path


def refused(folder: Path, old: str, new: str) -> str:
    """Change the regimens' file; return what loading says, places named from the folder on."""
    file = folder / "shared" / "regimens.yaml"
    assert file.read_text().count(old) == 1
    file.write_text(file.read_text().replace(old, new))
    with pytest.raises(PathwayError) as caught:
        load_library(folder)
    return str(caught.value).replace(f"{folder}/", "")


def test_every_regimen_has_a_title_of_its_own_without_amount_or_abbreviation(pathway: Pathway) -> None:
    titles = [each.title for each in pathway.regimens.values()]
    assert all(titles)
    assert len({each.casefold() for each in titles}) == len(titles)
    for each in pathway.regimens.values():
        assert not re.search(r"\d", each.title), "the amount is the dose's"
        assert not _SHORT.search(each.title)
        assert each.title[:1].isupper()


@pytest.mark.parametrize("title", ["", 'title: "", ', 'title: " ", '])
def test_a_regimen_without_a_title_is_refused(folder: Path, title: str) -> None:
    said = refused(folder, "{title: Plasma exchange, kind: plex", f"{{{title}kind: plex")
    line = (folder / "shared" / "regimens.yaml").read_text().split("  plex: ")[0].count("\n") + 1
    assert said == (
        f"shared/regimens.yaml:{line}: regimen 'plex' has no 'title'; add title: the full name of the drug or the"
        " measure, without an amount"
    )


def test_a_title_that_is_anothers_is_refused(folder: Path) -> None:
    said = refused(folder, "title: Two-dose rituximab", "title: weekly Rituximab")
    assert "regimen 'rituximab-two-dose' has the title of 'rituximab-weekly': 'weekly Rituximab'" in said


def test_a_misspelt_title_is_pointed_at(folder: Path) -> None:
    assert "unknown key 'titel' in regimen 'plex'; did you mean 'title'?" in refused(
        folder, "{title: Plasma exchange", "{titel: Plasma exchange"
    )


def test_a_version_kept_from_before_titles_loads_as_it_was_and_says_its_names(pathway: Pathway) -> None:
    text = untitled(pathway, pathway.version)
    assert "title: Plasma exchange" not in text
    old, now = load_text(text), load_text(pathway.text)
    assert old.text == text, "what is kept is hashed as it is"
    assert now.hash == pathway.hash != old.hash
    assert (old.standings, old.transitions, old.gates) == (now.standings, now.transitions, now.gates)
    assert {regimen_title(old, name) for name in old.regimens} == set(old.regimens)
    assert tables(old)["regimens"]["plex"] == "plex"
    assert "response is to ivmp-pulse, ivig, plex, rituximab" in _means(old)
    assert f"response is to {PULSE[1]}, Intravenous immunoglobulin, Plasma exchange, rituximab" in _means(pathway)


def _means(pathway: Pathway) -> str:
    return " ".join(each["means"] for each in tables(pathway)["definitions"])


def test_a_regimen_is_called_by_its_title_and_known_by_its_name(pathway: Pathway) -> None:
    assert regimen_called(pathway, PULSE[0]) == {"regimen": PULSE[0], "title": PULSE[1]}
    assert regimen_title(pathway, "of-a-version-to-come") == "of-a-version-to-come"
    by_name = pathway.checks["day-3"].selector
    by_kind = pathway.gates["steroid-stop"].selector
    assert by_name is not None
    assert selected(pathway, by_name) == PULSE[1]
    assert selected(pathway, by_kind) == by_kind.text


def test_where_it_is_spelt_its_name_stands_beside_its_title_once() -> None:
    row = {"regimen": "a-b", "title": "A & <b>"}
    assert called(row) == "A &amp; &lt;b&gt;"
    assert called(row, spelt=True) == 'A &amp; &lt;b&gt; <code class="spelt">a-b</code>'
    assert called({"regimen": "a-b", "title": "a-b"}, spelt=True) == "a-b"


def test_the_page_says_both(pathway: Pathway) -> None:
    told = tables(pathway)
    given = {each["name"]: each["title"] for each in told["given"]}
    assert given["plex"] == told["regimens"]["plex"] == "Plasma exchange"
    assert orjson.dumps(told), "and is JSON still"
