"""Goal: the wheel carries the pathways as package data under orchestrator/, and no importable package of that name."""

import subprocess
import sys
import zipfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def test_the_wheel_carries_the_pathways(tmp_path: Path) -> None:
    code = "import sys; from hatchling.build import build_wheel; build_wheel(sys.argv[1])"
    subprocess.run([sys.executable, "-c", code, str(tmp_path)], cwd=ROOT, check=True, capture_output=True)
    (wheel,) = tmp_path.glob("carepath-*.whl")
    with zipfile.ZipFile(wheel) as archive:
        names = set(archive.namelist())
    data = {path.relative_to(ROOT).as_posix() for path in (ROOT / "workflows").rglob("*.yaml")}
    assert data
    assert {f"orchestrator/{name}" for name in data} <= names
    assert {name.split("/")[0] for name in names if ".dist-info/" not in name} == {
        "orchestrator",
        "workers",
    }
