"""What happened to this patient, why, and who decided? The report: one page by itself, to read, keep and print."""

from fastapi import APIRouter, Request
from starlette.responses import HTMLResponse, Response

from orchestrator.http.page import headers_for
from orchestrator.http.serving import serving, system_of
from orchestrator.report import as_html, people_in
from orchestrator.web.look import EpisodeId, looking

router = APIRouter(include_in_schema=False)


@router.get("/episodes/{episode_id}/report", dependencies=looking("report"))
def report(request: Request, episode_id: EpisodeId) -> Response:
    """Show the episode's story, with the verdict on its chain; people by what they are called now, beside their ids."""
    system = system_of(request)
    told = system.telling.story(episode_id, simulated=system.simulated)
    merges = system.sight.looked.merges(episode_id)
    banner = serving(request).banner()
    page = as_html(
        told,
        system.pathway(told["episode"]["hash"]),
        banner and banner.to_json(),
        merges,
        system.people.names(people_in(told, merges)),
    )
    return HTMLResponse(page, headers=headers_for(page))
