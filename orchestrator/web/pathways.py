"""What does a pathway say, and who answers for it? Diagram, tables in words, what is proved, sources, versions."""

from typing import Any

from fastapi import APIRouter, Request
from markupsafe import Markup
from starlette.responses import Response

from orchestrator.http.needs import needs
from orchestrator.http.serving import system_of
from orchestrator.report import diagram
from orchestrator.service.people.principal import Action
from orchestrator.service.proving.kept import Kept
from orchestrator.service.proving.shown import findings
from orchestrator.web.pages import Entry, render
from orchestrator.web.serving import pages_of

ENTRY = Entry("/pathways", "Pathways", Action.KNOW)
router = APIRouter(include_in_schema=False)


@router.get("/pathways", dependencies=needs(Action.KNOW))
def pathways(request: Request) -> Response:
    """Return the list of pathways and their versions."""
    system = system_of(request)
    return render(request, "pathways/list.html", pathways=system.overview.catalogue.all())


@router.get("/pathways/{name}", dependencies=needs(Action.KNOW))
def newest(request: Request, name: str) -> Response:
    """Return the version on which patients are enrolled."""
    return _page(request, name)


@router.get("/pathways/{name}/{version}", dependencies=needs(Action.KNOW))
def version(request: Request, name: str, version: str) -> Response:
    """Return one version, from the files or from what the store keeps."""
    return _page(request, name, version)


def _page(request: Request, name: str, label: str | None = None) -> Response:
    system = system_of(request)
    found = system.overview.catalogue.find(name, label)
    told: dict[str, Any] = system.overview.catalogue.tell(name, found.version)
    picture = Markup(diagram.draw(found, told["pathway"], style=False))  # noqa: S704  escaped there
    proofs = findings(found, system.library, Kept(pages_of(request).proofs))
    return render(request, "pathways/pathway.html", told=told, pathway=told["pathway"], picture=picture, proofs=proofs)
