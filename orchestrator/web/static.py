"""Which files do pages load? Style, scripts and the mark, all from here; their addresses change with their content."""

import gzip
import hashlib
from functools import cache
from mimetypes import guess_type
from pathlib import Path

from fastapi import APIRouter, Request
from starlette.responses import Response

from orchestrator.errors import NotFound

FOLDER = Path(__file__).parent / "static"
DRAWINGS = Path(__file__).parent.parent / "report" / "style"
_DRAWN = ("way.css", "chart.css", "diagram.css")
"""The styles of what the reports draw and pages show too; a report carries them along."""
PREFIX = "/static/"
router = APIRouter(include_in_schema=False)


@router.get(PREFIX + "{version}/{name:path}")
def static(request: Request, version: str, name: str) -> Response:
    """Return a file; browsers may keep it, for what is changed has another address."""
    found = _files().get(name)
    if found is None or found[0] != version:
        raise NotFound("there is no such file")
    kind = guess_type(name)[0] or "text/plain"
    headers = {"Cache-Control": "public, max-age=31536000, immutable", "Vary": "Accept-Encoding"}
    if "gzip" in request.headers.get("accept-encoding", ""):
        return Response(_packed(name), media_type=kind, headers={**headers, "Content-Encoding": "gzip"})
    return Response(found[1], media_type=kind, headers=headers)


def address(name: str) -> str:
    """Return where a page finds a file."""
    return f"{PREFIX}{_files()[name][0]}/{name}"


@cache
def _packed(name: str) -> bytes:
    """Return a file compressed, once for all who ask."""
    return gzip.compress(_files()[name][1], mtime=0)


@cache
def _files() -> dict[str, tuple[str, bytes]]:
    """Return every file by name, with the version that stands in its address."""
    files = {str(path.relative_to(FOLDER)): path for path in FOLDER.rglob("*") if path.is_file()}
    files |= {name: DRAWINGS / name for name in _DRAWN}
    return {
        name: (hashlib.sha256(path.read_bytes()).hexdigest()[:12], path.read_bytes()) for name, path in files.items()
    }
