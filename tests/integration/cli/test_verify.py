"""Goal: a promise is proved, or answered with a patient's story that plays; the rest never counts as proved."""

import itertools
import json
import os
import re
import select
import shutil
import signal
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import orjson
import pytest

from orchestrator.pathway.loader import load_library
from orchestrator.service.proving import race, showing
from orchestrator.service.proving.found import Beat, Finding
from orchestrator.service.proving.kept import Kept
from tests.integration.cli.conftest import Terminal
from tests.patients import WORKFLOWS

H, P = "autoimmune-hemiplegia", "post-viral-cerebellar-demyelination"


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("CAREPATH_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


def changed(folder: Path, pathway: str, old: str, new: str, file: str = "") -> Path:
    """Return a folder of pathways with this one alone, changed in one place."""
    shutil.copytree(WORKFLOWS / "shared", folder / "shared")
    shutil.copytree(WORKFLOWS / pathway, folder / pathway, ignore=shutil.ignore_patterns("scenarios"))
    path = folder / (file or f"{pathway}/pathway.yaml")
    text = path.read_text(encoding="utf-8")
    assert text.count(old) == 1
    path.write_text(text.replace(old, new), encoding="utf-8")
    return folder


def without_four_weeks(folder: Path) -> Path:
    text = (WORKFLOWS / H / "pathway.yaml").read_text(encoding="utf-8")
    row = text[text.index("  four-weeks-over:") : text.index("  no-improvement:\n")]
    return changed(folder, H, row, "")


def test_what_is_proved_is_a_line_and_the_second_time_comes_from_the_cache(terminal: Terminal, cache: Path) -> None:
    said = terminal("verify", H, "--explain", "S-03")
    assert (said.code, said.err) == (0, "")
    assert said.out.startswith("S-03 of Autoimmune hemiplegia, version 1.0.0: proved\n")
    for words in ("No steroid is confirmed", "H-06: ", "Over which facts", "Guillain-Barré", "Times: "):
        assert words in said.out
    (kept,) = (cache / "proofs").glob("*.json")
    document = terminal("verify", H, "--explain", "S-03", "--json").document
    (promise,) = document["promises"]
    assert (promise["status"], promise["kept"], promise["rules"]) == ("proved", True, ["H-06"])
    assert "trace" not in promise
    kept.write_bytes(kept.read_bytes().replace(b'"proved"', b'"broken"'))
    assert terminal("verify", H, "--explain", "S-03", "--json").document["promises"][0]["kept"] is False
    again = terminal("verify", H, "--explain", "S-03", "--json", "--no-cache").document
    assert again["promises"][0]["kept"] is False


_PULSE = "deciding('response') && belongs('ivmp-pulse') && due('day-3') && no_improvement\","
BROKEN = {
    "S-01": (H, "gates:\n", "gates:\n  infection-excluded: null\n", ""),
    "S-02": (H, "passes: ever_given('first-line')", "passes: ever_given('first-line') || agitated", ""),
    "S-03": (H, "contraindicated, when: gbs_diagnosed,", "contraindicated, when: gbs_diagnosed && agitated,", ""),
    "S-04": (H, "minimum_days: 28", "minimum_days: 21", "shared/every-pathway.yaml"),
    "S-06": (P, "in: [maintenance], when: in_force('ivmp-pulse')", "in: [maintenance], when: relapsed()", ""),
    "S-07-shown": (H, 'when: "true", otherwise', "when: agitated, otherwise", "shared/every-pathway.yaml"),
    "S-10": (P, _PULSE, _PULSE.replace('",', " && virus == 'vzv'\","), ""),
    "S-10-escalates": (P, _PULSE, _PULSE.replace('",', " && virus == 'vzv'\","), ""),
}


@pytest.mark.parametrize("name", BROKEN)
def test_a_broken_promise_is_answered_with_a_story_that_shows_it(terminal: Terminal, tmp_path: Path, name: str) -> None:
    folder = changed(tmp_path / "own", *BROKEN[name])
    stories = tmp_path / "stories"
    said = terminal("verify", "--workflows", str(folder), "--stories", str(stories), "--json", "--explain", name)
    assert said.code == 1
    (promise,) = said.document["promises"]
    assert (promise["status"], promise["how"][:8]) == ("broken", "a story ")
    assert promise["trace"]
    (story,) = stories.iterdir()
    assert promise["story"] == str(story)
    played = terminal("scenario", "run", str(story), "--workflows", str(folder))
    assert (played.code, played.err) == (0, "")
    assert f"{name} is broken" in played.out
    sound = terminal("scenario", "run", str(story), "--workflows", str(WORKFLOWS))
    assert sound.code == 1, "on the pathway as it is the same story does not come to that"


def test_the_story_of_a_move_that_is_missing_lets_the_time_pass(terminal: Terminal, tmp_path: Path) -> None:
    folder = without_four_weeks(tmp_path / "own")
    said = terminal("verify", "--workflows", str(folder), "--timeout", "60", "--explain", "S-08")
    assert said.code == 1
    assert "A patient's story shows it on the engine" in said.out
    (story,) = (tmp_path / "cache" / "stories").iterdir()
    text = story.read_text(encoding="utf-8")
    assert "  - at: 28d\n    expect: {stage: reassess, " in text
    assert terminal("scenario", "run", str(story), "--workflows", str(folder)).code == 0


def test_two_moves_at_once_are_shown_by_the_engine_that_refuses_to_choose(terminal: Terminal, tmp_path: Path) -> None:
    row = (
        "  meaningful-improvement:\n    {from: [reassess, second-line, refractory], to: bridging, decides: response,"
        ' rule: [H-12, X-15], source: "003",\n     when: "deciding(\'response\') && improvement"}\n'
    )
    double = row.replace("meaningful-improvement:", "another:").replace(
        "[reassess, second-line, refractory]", "[reassess]"
    )
    folder = changed(tmp_path / "own", H, row, row + double.replace("to: bridging", "to: maintenance"))
    said = terminal("verify", "--workflows", str(folder), "--explain", "S-07", "--json")
    (promise,) = said.document["promises"]
    assert (said.code, promise["status"]) == (1, "broken")
    played = terminal("scenario", "run", promise["story"], "--workflows", str(folder))
    assert played.code == 2
    assert "another" in played.line


def test_what_the_engine_does_not_allow_is_never_shown_as_a_story(terminal: Terminal, cache: Path) -> None:
    pathway = load_library(WORKFLOWS).newest(H)
    nobody = (
        Beat("record", frozenset({"agitated is recorded"}), frozenset({"stage workup"})),
        Beat("", frozenset({"ivmp-pulse is confirmed"}), frozenset({"stage workup", "agitated = true"})),
    )
    Kept(cache / "proofs").keep(pathway, Finding("S-01", "broken", "a story of 1 steps", 0.1, (), nobody))
    said = terminal("verify", H, "--explain", "S-01", "--json")
    (promise,) = said.document["promises"]
    assert (said.code, promise["status"], promise["story"]) == (1, "unknown", None)
    assert "the abstraction is too wide here" in promise["how"]
    assert [each["option"] for each in promise["trace"]] == ["record", ""]
    assert not (cache / "stories").exists()


def test_a_machine_that_is_slow_gives_no_story_up_for_those_that_the_engine_did_not_allow_before_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    name = "S-07-shown"  # some stories with something taken back come first, which the engine does not allow
    pathway = load_library(changed(tmp_path / "own", *BROKEN[name])).newest(H)
    told, real, seconds = [], showing.story, itertools.count(step=30.0)

    def slowly(*given: Any) -> showing.Story | None:  # noqa: ANN401
        told.append(real(*given))
        return told[-1]

    monkeypatch.setattr(showing, "story", slowly)
    monkeypatch.setattr(race, "time", SimpleNamespace(monotonic=lambda: next(seconds)))
    promise = next(each for each in pathway.properties if each.name == name)
    found = race._searched(pathway, promise, 100_000)
    assert found.status == "broken"
    assert told[0] is None
    assert told[-1] is not None


def test_the_way_out_is_told(terminal: Terminal) -> None:
    said = terminal("verify", P, "--explain", "S-06")
    assert said.code == 0
    assert "The way out\n" in said.out
    words = " ".join(said.out.split())
    assert (
        "a person comes to that by recording: response complete, infection excluded, JC virus PCR negative and" in words
    )


def test_what_is_not_settled_in_time_is_unknown(terminal: Terminal) -> None:
    said = terminal("verify", H, "--timeout", "0.01", "--json", "--no-cache", "--explain", "S-07")
    assert said.code == 1
    assert said.document["unknown"] == 1
    assert said.document["proved"] == 0
    assert "counts as not proved" in terminal("verify", H, "--timeout", "0.01", "--no-cache", "--explain", "S-07").out


def test_a_pathway_without_promises_is_not_proved(terminal: Terminal, tmp_path: Path) -> None:
    text = (WORKFLOWS / "shared" / "every-pathway.yaml").read_text(encoding="utf-8")
    shared = text[text.index("\nproperties:") :]
    own = (WORKFLOWS / H / "pathway.yaml").read_text(encoding="utf-8")
    folder = changed(tmp_path / "own", H, shared, "\n", "shared/every-pathway.yaml")
    (folder / H / "pathway.yaml").write_text(own[: own.index("\nproperties:")] + "\n", encoding="utf-8")
    said = terminal("verify", "--workflows", str(folder))
    assert said.code == 1
    assert (
        said.out
        == f"{H}@1.0.0 promises nothing, so nothing of it is proved\n0 promises: 0 proved, 0 broken, 0 unknown\n"
    )


def test_a_line_says_how_a_promise_was_proved(terminal: Terminal) -> None:
    said = terminal("verify", H, f"{H}@1.0.0")
    assert (said.code, said.err) == (0, "")
    first, *lines, last = said.out.splitlines()
    names = sorted(each.name for each in load_library(WORKFLOWS).newest(H).properties)
    assert (first, [line.split()[0] for line in lines]) == (f"{H}@1.0.0", names)
    (moves,) = [line for line in lines if line.startswith("  S-07 ")]
    assert re.fullmatch(r"  S-07 +proved in [0-9.]+ s by the guards themselves, whatever came before", moves)
    (reached,) = [line for line in lines if line.startswith("  S-11 ")]
    assert re.fullmatch(r"  S-11 +proved in [0-9.]+ s by [0-9]+ stories, which come to all of [0-9]+ things", reached)
    assert last == f"{len(names)} promises: {len(names)} proved, 0 broken, 0 unknown"


def test_checking_a_file_proves_it_too_where_that_is_asked(terminal: Terminal) -> None:
    said = terminal("pathway", "check", str(WORKFLOWS / H / "pathway.yaml"), "--prove", "--json")
    assert said.code == 0, said.err
    assert said.document["pathways"][0]["name"] == H
    assert said.document["proved"] == len(said.document["promises"]) > 0


@pytest.mark.parametrize(
    ("words", "line"),
    [
        (("verify", "hemiplegia"), "no pathway 'hemiplegia'"),
        (("verify", H, "--explain", "S-99"), "no pathway here promises 'S-99'"),
        (("verify", "--timeout", "0"), "not in the range"),
        (("verify", "--workflows", "nowhere"), "there is no folder of pathways at nowhere"),
    ],
)
def test_what_cannot_be_used_is_one_line(terminal: Terminal, words: tuple[str, ...], line: str) -> None:
    said = terminal(*words)
    assert (said.code, said.out) == (2, "")
    assert line in said.line


def test_stories_that_cannot_be_written_are_one_line(terminal: Terminal, tmp_path: Path) -> None:
    folder = changed(tmp_path / "own", H, "gates:\n", "gates:\n  infection-excluded: null\n")
    file = tmp_path / "file"
    file.write_text("", encoding="utf-8")
    said = terminal("verify", "--workflows", str(folder), "--stories", str(file), "--explain", "S-01")
    assert said.code == 2
    assert "name a folder: --stories" in said.line


def test_without_the_solver_it_says_what_to_install(terminal: Terminal, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "z3", None)
    said = terminal("verify", H)
    assert (said.code, said.line.endswith("pip install carepath[proof]")) == (2, True)


# nothing is left behind


def family(session: int) -> dict[int, str]:
    """Return the processes of a session, by their commands."""
    found = {}
    for folder in Path("/proc").iterdir():
        if folder.name.isdigit():
            try:
                fields = (folder / "stat").read_text(encoding="utf-8").rpartition(")")[2].split()
                if int(fields[3]) == session and fields[0] != "Z":
                    found[int(folder.name)] = (folder / "cmdline").read_text(encoding="utf-8")
            except OSError:
                continue
    return found


@pytest.mark.skipif(not hasattr(os, "pidfd_open"), reason="asks Linux for its processes")
@pytest.mark.parametrize("end", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL], ids=lambda each: each.name)
def test_no_process_is_left_behind(tmp_path: Path, end: signal.Signals) -> None:
    program = "import sys; from orchestrator.cli.main import run; sys.argv[0] = 'carepath'; run()"
    command = [sys.executable, "-c", program, "verify", "--no-cache", "--workflows", str(WORKFLOWS)]
    process = subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, start_new_session=True, text=True
    )
    assert process.stdout is not None
    assert process.stderr is not None
    with process.stdout, process.stderr:
        assert process.stdout.readline().startswith("autoimmune-cerebellar-ataxia@")
        handles = [os.pidfd_open(pid) for pid in family(process.pid) if pid != process.pid]
        assert handles
        (os.killpg if end == signal.SIGINT else os.kill)(process.pid, end)
        code = process.wait(timeout=30)
        waiting = set(handles)
        while waiting:
            ended, _, _ = select.select(list(waiting), [], [], 30)
            assert ended, "a process runs on"
            waiting -= set(ended)
        for handle in handles:
            os.close(handle)
        said = process.stderr.read()
    if end == signal.SIGINT:  # after the others a process that was just being spawned may say that its parent is gone
        assert (code, said.strip()) == (130, "carepath: interrupted")


def test_json_is_one_object_on_one_line(terminal: Terminal) -> None:
    said = terminal("verify", H, "--explain", "S-02", "--json")
    assert orjson.loads(said.out) == json.loads(said.out)
    assert set(said.document) == {"promises", "proved", "broken", "unknown", "without_promises", "simulated"}
