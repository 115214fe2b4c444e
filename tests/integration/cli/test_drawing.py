"""Goal: at a terminal a pathway is drawn, told as a page, and shown with its decision tables, of any folder."""

import shutil
from pathlib import Path
from xml.etree import ElementTree

import pytest

from tests.integration.cli.conftest import PATHWAY, Terminal
from tests.patients import WORKFLOWS

DOCS = Path(__file__).resolve().parents[3] / "docs" / "pathways"


def test_the_diagram_is_svg_unless_mermaid_is_asked_for(terminal: Terminal) -> None:
    said = terminal("pathway", "diagram", PATHWAY)
    assert (said.code, said.err) == (0, "")
    assert said.out == (DOCS / f"{PATHWAY}.svg").read_text(encoding="utf-8")
    ElementTree.fromstring(said.out)  # noqa: S314  # our own
    text = terminal("pathway", "diagram", PATHWAY, "--format", "mermaid")
    assert text.out.startswith("stateDiagram-v2\n")
    assert "%% 1 begin-first-line" in text.out


def test_the_page_is_that_of_the_documents_but_for_its_link(terminal: Terminal) -> None:
    said = terminal("pathway", "page", PATHWAY)
    kept = (DOCS / f"{PATHWAY}.md").read_text(encoding="utf-8")
    assert said.out == kept.replace(f" [The whole diagram]({PATHWAY}.svg) has every guard in words.", "")


def test_both_come_as_json_too(terminal: Terminal) -> None:
    drawn = terminal("pathway", "diagram", f"{PATHWAY}@1.0.0", "--format", "mermaid", "--json").document
    assert (drawn["name"], drawn["version"], drawn["format"]) == (PATHWAY, "1.0.0", "mermaid")
    told = terminal("pathway", "page", PATHWAY, "--json").document
    assert told["page"].startswith("# Post-viral cerebellar demyelination\n")
    assert told["hash"] == drawn["hash"]


@pytest.mark.parametrize("command", ["diagram", "page"])
def test_a_pathway_that_is_not_there_is_one_line(terminal: Terminal, command: str) -> None:
    said = terminal("pathway", command, "post-viral")
    assert said.code != 0
    assert "no pathway 'post-viral'" in said.line


def test_a_hospital_s_own_folder_is_drawn(terminal: Terminal, tmp_path: Path) -> None:
    own = tmp_path / "own"
    shutil.copytree(WORKFLOWS / "shared", own / "shared")
    shutil.copytree(WORKFLOWS / PATHWAY, own / PATHWAY, ignore=shutil.ignore_patterns("scenarios"))
    file = own / PATHWAY / "pathway.yaml"
    text = file.read_text(encoding="utf-8")
    file.write_text(text.replace("title: Long-term follow-up", "title: Seen <for> years"), encoding="utf-8")
    assert "Seen &lt;for&gt;" in terminal("pathway", "diagram", PATHWAY, "--workflows", str(own)).out
    assert "Seen &lt;for&gt; years" in terminal("pathway", "page", PATHWAY, "--workflows", str(own)).out


def test_a_pathway_is_shown_with_its_decision_tables(terminal: Terminal) -> None:
    told = terminal("pathway", "show", PATHWAY, "--json").document
    (taper,) = [each for each in told["choices"] if each["regimens"] == ["steroid-taper"]]
    assert [row["standing"] for row in taper["rows"]] == [
        "contraindicated", "contraindicated", "recommended", "acceptable", "recommended",
    ]  # fmt: skip
    text = terminal("pathway", "show", PATHWAY).out
    assert "  observation\n      recommended     in workup, first-line: when severity is mild, unless" in text


def test_derived_facts_are_shown_with_their_derivation(terminal: Terminal) -> None:
    told = terminal("pathway", "show", "leukoencephalopathy", "--json").document
    (each,) = told["derived"]
    assert each["fact"] == "response"
    assert {row["value"] for row in each["rows"]} == {"worse", "none", "partial", "complete"}
    assert "Facts that follow from others\n  response, from symptoms," in terminal(
        "pathway", "show", "leukoencephalopathy"
    ).out  # fmt: skip


def test_proposals_are_read_from_the_recommended_to_the_contraindicated(terminal: Terminal) -> None:
    episode = terminal.enrol()
    terminal(
        "record", episode, "severity=severe", "infection_status=active", "steroids_contraindicated=true", "--as", "u"
    )
    said = terminal("show", episode).out
    places = [said.index(f"\n  {word:<16} ") for word in ("acceptable", "contraindicated")]
    assert places == sorted(places)
    assert said.index("ivig (Intravenous immunoglobulin)\n") < said.index("contraindicated  ivmp-pulse")


def test_what_a_hospital_set_stands_on_its_page_with_who_set_it(terminal: Terminal, tmp_path: Path) -> None:
    file = tmp_path / "local.yaml"
    file.write_text(
        "hospital: Example hospital\nrevision: 1\nauthor: {name: Author, role: consultant}\n"
        "approver: {name: Approver, role: clinical lead}\napproved: 2026-02-01\nreason: Our rota\n"
        "values:\n  tasks.eeg.due: 12h\n",
        encoding="utf-8",
    )
    said = terminal("pathway", "page", PATHWAY, "--local", str(file)).out
    (row,) = [line for line in said.splitlines() if line.startswith("| `tasks.eeg.due`")]
    assert "12h<br>instead of 24h" in row
    assert "Example hospital: Author, consultant; approved by Approver, clinical lead, 2026-02-01" in row
    (task,) = [line for line in said.splitlines() if line.startswith("| `eeg`")]
    assert "12 hours after it opened" in task
