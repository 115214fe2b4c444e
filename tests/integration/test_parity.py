"""Goal: what the pages and the command line do, a program can do; a page or a command without its route fails here."""

from collections.abc import Iterator

import click

from orchestrator.cli.main import cli
from tests.integration.access_table import API, EMERGENCY, PAGES

_E, _P, _I = "/episodes/{episode_id}", "/people/{person_id}", "/episodes/{episode_id}/items/{handle}"
_IN_PERSON = "a second factor is held by the person, who shows it at the door"
NOT_FOR_PROGRAMS = {
    "POST /password": "a password is chosen by the person who types it, at the door",
    "GET /me/factor": "a form; whether there is one is told by GET /me",
    **{f"POST /me/factor/{verb}": _IN_PERSON for verb in ("start", "confirm", "codes", "end")},
    "POST /me/link": "a provider vouches for a person in that person's browser",
    "POST /sign-out": "a program has no session: its token is ended",
    "GET /": "leads to the page where one begins",
    "GET /password": "a form",
    "GET /enrol": "a form",
    "GET /find": "a form",
    "GET /glass": "a form",
    "GET /wall/{ward:path}": "a form",
    "POST /wall/{ward:path}": "makes a browser a screen: a program is none",
    "GET /people/new": "a form",
    "GET /erase": "a form",
    f"GET {_E}/erase": "a form",
    "POST /erase": "leads to one record by a number: a program names the episode",
    "POST /holds": "leads to one record by a number: a program names the episode",
    f"GET {_P}/end": "a form",
}
PAGE_ROUTES = {
    "GET /worklist": "GET /worklist",
    "GET /inbox": "GET /inbox",
    "GET /live": "GET /changes",
    f"GET {_I}": "POST /items/look",
    **{f"POST {_I}/{verb}": f"POST /items/{verb}" for verb in ("claim", "release", "hand-over", "take-over", "snooze")},
    "GET /board": "GET /board",
    "GET /board/{ward:path}": "GET /board",
    "GET /handover": "GET /handover",
    "GET /handover/{ward:path}": "GET /handover",
    "GET /load": "GET /load",
    "GET /pathways": "GET /pathways",
    "GET /pathways/{name}": "GET /pathways/{name}",
    "GET /pathways/{name}/{version}": "GET /pathways/{name}/{version}",
    "GET /operations": "GET /operations",
    "POST /operations/resend": "POST /deliveries/resend",
    "POST /operations/drop": "POST /deliveries/drop",
    "POST /enrol": "POST /episodes",
    "POST /find": "POST /episodes/find",
    f"GET {_E}": f"GET {_E}",
    f"GET {_E}/explain": f"GET {_E}/explain",
    f"GET {_E}/news": "GET /changes",
    f"GET {_E}/report": f"GET {_E}/report",
    **{
        f"POST {_E}/{verb}": f"POST {_E}/{verb}"
        for verb in (
            "record", "confirm", "give", "miss", "decline", "stop", "retract", "complete", "acknowledge", "close"
        )
    },
    f"POST {_E}/change-ward": f"POST {_E}/change-ward",
    f"GET {_E}/merge": f"GET {_E}/patient",
    **{f"POST {_E}/{verb}": f"POST {_E}/{verb}" for verb in ("merge/compare", "merge", "unmerge")},
    "GET /holds": "GET /holds",
    f"GET {_E}/hold": f"GET {_E}/hold",
    f"POST {_E}/hold": f"POST {_E}/hold",
    f"POST {_E}/erase": f"POST {_E}/erase",
    "GET /me": "GET /me",
    "POST /me/language": "POST /me/language",
    "POST /me/sessions": "POST /me/sessions/end",
    "POST /me/tokens": "POST /me/tokens",
    "POST /me/tokens/end": "POST /me/tokens/end",
    "POST /me/identity/end": "POST /me/identities/end",
    "GET /people": "GET /people",
    "POST /people/new": "POST /people",
    "GET /people/records": "GET /people/records",
    f"GET {_P}": f"GET {_P}",
    f"POST {_P}/change": f"POST {_P}/change",
    f"POST {_P}/posts": f"POST {_P}/posts",
    f"POST {_P}/password": f"POST {_P}/password",
    f"POST {_P}/unlock": f"POST {_P}/unlock",
    f"POST {_P}/factor": f"POST {_P}/factor/end",
    f"POST {_P}/sessions": f"POST {_P}/sessions/end",
    f"POST {_P}/token": f"POST {_P}/tokens/end",
    f"POST {_P}/identity": f"POST {_P}/identities/end",
    f"POST {_P}/end": f"POST {_P}/end",
    "POST /glass": "POST /glass",
    f"POST {_E}/glass/close": f"DELETE {_E}/glass",
    f"GET {_E}/seen": f"GET {_E}/looks",
    "GET /rota": "GET /rota/{ward}",
    "GET /rota/{ward:path}": "GET /rota/{ward}",
    "POST /rota/{ward:path}": "POST /rota/{ward}/add",
    "GET /me/reach": f"GET {_P}/contacts",
    "POST /me/reach/contact": f"POST {_P}/contacts/add",
    "POST /me/reach/contact/remove": f"POST {_P}/contacts/remove",
    "POST /me/reach/contact/test": f"POST {_P}/contacts/test",
    "POST /me/reach/away": f"POST {_P}/absences/add",
    "POST /me/reach/away/remove": f"POST {_P}/absences/remove",
}  # fmt: skip
"""By page, the route by which a program does the same."""

OF_THE_MACHINE = {
    "api", "audit", "backup", "clock", "completion", "db", "demo", "doctor", "keys", "restore", "rules", "scenario",
    "sheets", "token", "up", "verify", "worker",
}  # fmt: skip
"""Commands and groups that look after files and processes of their own machine, by whoever holds it."""
OF_FILES = {f"pathway {verb}" for verb in ("check", "diagram", "page", "release", "releases")}
"""What is done with pathway files where they lie; what comes of it is told by `GET /pathways`."""
COMMAND_ROUTES = {
    **{verb: f"POST {_E}/{verb}" for verb in ("record", "confirm", "give", "miss", "decline", "stop", "retract")},
    **{verb: f"POST {_E}/{verb}" for verb in ("complete", "acknowledge", "close", "erase", "hold")},
    "transfer": f"POST {_E}/change-ward",
    "patient show": f"GET {_E}/patient",
    "patient compare": f"POST {_E}/merge/compare",
    "patient merge": f"POST {_E}/merge",
    "patient unmerge": f"POST {_E}/unmerge",
    "enrol": "POST /episodes",
    "find": "POST /episodes/find",
    "show": f"GET {_E}",
    "explain": f"GET {_E}/explain",
    "timeline": f"GET {_E}/timeline",
    "story": f"GET {_E}/story",
    "report": f"GET {_E}/report",
    "seen": f"GET {_E}/looks",
    "holds": "GET /holds",
    "worklist": "GET /worklist",
    "inbox": "GET /inbox",
    "deliveries": "GET /deliveries",
    "deliveries resend": "POST /deliveries/resend",
    "deliveries drop": "POST /deliveries/drop",
    "pathway list": "GET /pathways",
    "pathway show": "GET /pathways/{name}/{version}",
    "rota show": "GET /rota/{ward}",
    "rota add": "POST /rota/{ward}/add",
    "rota remove": "POST /rota/{ward}/remove",
    "rota reach": f"GET {_P}/contacts",
    "rota contact": f"POST {_P}/contacts/add",
    "rota no-contact": f"POST {_P}/contacts/remove",
    "rota test": f"POST {_P}/contacts/test",
    "rota away": f"POST {_P}/absences/add",
    "rota back": f"POST {_P}/absences/remove",
    "user add": "POST /people",
    "user list": "GET /people",
    "user show": f"GET {_P}",
    "user posts": f"POST {_P}/posts",
    "user password": f"POST {_P}/password",
    "user token": f"POST {_P}/tokens",
    "user records": "GET /people/records",
    "user no-factor": f"POST {_P}/factor/end",
    "user end": f"POST {_P}/end",
}
"""By command, the route by which a program does the same."""


def commands(group: click.Group, before: str = "") -> Iterator[str]:
    """Yield every command; a group that does something by itself too."""
    for name, each in group.commands.items():
        if isinstance(each, click.Group):
            yield from commands(each, f"{before}{name} ")
        if not isinstance(each, click.Group) or each.invoke_without_command:
            yield f"{before}{name}"


def test_every_page_has_its_route() -> None:
    assert set(PAGE_ROUTES) | set(NOT_FOR_PROGRAMS) == set(PAGES), "say by which route a program does the same"
    assert not set(PAGE_ROUTES) & set(NOT_FOR_PROGRAMS)
    assert {_below(route) for route in PAGE_ROUTES.values()} <= set(API | EMERGENCY)


def test_every_command_has_its_route() -> None:
    found = {each for each in commands(cli) if each.split(" ")[0] not in OF_THE_MACHINE}
    assert found - OF_FILES == set(COMMAND_ROUTES), "say by which route a program does the same"
    assert {_below(route) for route in COMMAND_ROUTES.values()} <= set(API | EMERGENCY)


def _below(route: str) -> str:
    method, path = route.split(" ")
    return f"{method} /api/v1{path}"
