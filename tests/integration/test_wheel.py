"""Goal: the wheel carries the pages and their words, the steps of the schema, and the pathways as data, no package."""

import subprocess
import sys
import zipfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
_SHOWN = {".html", ".css", ".js", ".svg", ".po"}
STEPS = ROOT / "orchestrator" / "store" / "migrations" / "versions"


def test_the_wheel_carries_the_pathways(tmp_path: Path) -> None:
    code = "import sys; from hatchling.build import build_wheel; build_wheel(sys.argv[1])"
    subprocess.run([sys.executable, "-c", code, str(tmp_path)], cwd=ROOT, check=True, capture_output=True)
    (wheel,) = tmp_path.glob("carepath-*.whl")
    with zipfile.ZipFile(wheel) as archive:
        names = set(archive.namelist())
    data = {path.relative_to(ROOT).as_posix() for path in (ROOT / "workflows").rglob("*.yaml")}
    assert data
    assert {f"orchestrator/{name}" for name in data} <= names
    steps = {f"orchestrator/store/migrations/versions/{path.name}" for path in STEPS.glob("[0-9]*.py")}
    assert len(steps) > 1
    assert steps <= names
    pages = ROOT / "orchestrator" / "web"
    shown = {path.relative_to(ROOT).as_posix() for path in pages.rglob("*.*") if path.suffix in _SHOWN}
    assert {Path(name).suffix for name in shown} == _SHOWN
    assert shown <= names
    assert {name.split("/")[0] for name in names if ".dist-info/" not in name} == {
        "orchestrator",
        "workers",
    }
