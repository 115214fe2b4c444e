"""What each route is for, said anew: whoever adds a route says here who may ask it, and with what it is asked.

It is written from the vocabulary's roles and permissions, not from the routes: a route that forgets its need, or needs
the wrong thing, differs from it.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

BEDSIDE = frozenset({"nurse", "clinician", "lead", "on-call", "pharmacist"})
ROLES = (*sorted(BEDSIDE), "auditor", "administrator", "service")
MAY = {
    "see": BEDSIDE | {"auditor"},
    "act": BEDSIDE,
    "audit": frozenset({"auditor", "lead"}),
    "hold": frozenset({"auditor"}),
    "merge": frozenset({"lead"}),
    "erase": frozenset({"administrator"}),
    "operate": frozenset({"administrator", "lead"}),
    "people": frozenset({"administrator"}),
    "know": frozenset(ROLES),
}
"""By action, the roles that may."""


@dataclass(frozen=True)
class Asked:
    """One route. action: what it is for.   body: JSON, or the fields of a form; OWN stands for the ward that is asked.

    ward: how the route says that a ward is not the caller's, where it is asked of a ward; 0 where it is not.
    vain: 404 is an answer of its own, since what it names is not there.   query: what stands behind the address.
    """

    action: str
    body: Mapping[str, object] = field(default_factory=dict)
    query: str = ""
    ward: int = 0
    vain: bool = False


WARD = "THE-WARD"
"""In a body or query: the ward of which is asked."""
NUMBER = "THE-NUMBER"
"""In a body: the hospital's number of the patient of whom is asked."""
EPISODE = "THE-EPISODE"
"""In a body: the episode of which is asked."""
_IDENTIFIERS = [{"system": "hospital-number", "value": "0009"}]
_NOBODYS = {"system": "hospital-number", "value": "none"}
_POSTS = {"posts": [{"ward": WARD, "role": "service"}]}
_TOKEN = {"label": "x", "scopes": ["know"], "days": 1}
_IDENTITY = {"issuer": "https://login.example", "subject": "s-1"}
_ENROL = {"pathway": "post-viral-cerebellar-demyelination", "ward": WARD, "identifiers": _IDENTIFIERS}
_SPAN = {"starts_at": "soon", "ends_at": "later"}
_RECORD = "00000000-0000-4000-8000-000000000000"
_ITSELF = {"identifier": {"system": "hospital-number", "value": NUMBER}}
_MERGE = {"replaced": _RECORD, "compared": "0" * 32, "reason": "why"}
_SHIFT = "from=2026-03-02T07:00:00Z&to=2026-03-02T15:00:00Z"

OPEN = ("task", "lumbar-puncture")
"""Kind and key of something that stays open in every episode that is asked of."""
_ITEM = {"episode_id": EPISODE, "kind": OPEN[0], "key": OPEN[1]}

API: dict[str, Asked] = {
    "POST /api/v1/episodes": Asked("act", _ENROL, ward=403),
    "POST /api/v1/episodes/find": Asked("see", {"identifier": {"system": "hospital-number", "value": NUMBER}}),
    "GET /api/v1/episodes/{episode_id}": Asked("see"),
    "GET /api/v1/episodes/{episode_id}/explain": Asked("see"),
    "GET /api/v1/episodes/{episode_id}/timeline": Asked("see"),
    "GET /api/v1/episodes/{episode_id}/story": Asked("see"),
    "GET /api/v1/episodes/{episode_id}/report": Asked("see"),
    "POST /api/v1/episodes/{episode_id}/record": Asked("act", {"facts": {"severity": "mild"}}),
    "POST /api/v1/episodes/{episode_id}/confirm": Asked("act", {"regimens": ["observation"]}),
    "POST /api/v1/episodes/{episode_id}/give": Asked("act", {"regimen": "observation"}),
    "POST /api/v1/episodes/{episode_id}/miss": Asked("act", {"regimen": "observation"}),
    "POST /api/v1/episodes/{episode_id}/decline": Asked("act", {"regimen": "observation"}),
    "POST /api/v1/episodes/{episode_id}/stop": Asked("act", {"regimen": "observation"}),
    "POST /api/v1/episodes/{episode_id}/retract": Asked("act", {"target": "severity", "reason": "why"}),
    "POST /api/v1/episodes/{episode_id}/complete": Asked("act", {"task": "eeg"}),
    "POST /api/v1/episodes/{episode_id}/acknowledge": Asked("act", {"reminder": "task-due"}),
    "POST /api/v1/episodes/{episode_id}/close": Asked("act", {"outcome": "nowhere"}),
    "POST /api/v1/episodes/{episode_id}/change-ward": Asked("act", {"ward": "no-such-ward", "reason": "why"}),
    "GET /api/v1/episodes/{episode_id}/hold": Asked("audit"),
    "POST /api/v1/episodes/{episode_id}/hold": Asked("hold", {"reason": "case 7"}),
    "POST /api/v1/episodes/{episode_id}/hold/end": Asked("hold", {"reason": "case 7"}),
    "POST /api/v1/episodes/{episode_id}/erase": Asked("erase", {"reason": "case 7"}),
    "GET /api/v1/episodes/{episode_id}/patient": Asked("see"),
    "POST /api/v1/episodes/{episode_id}/merge/compare": Asked("merge", _ITSELF),
    "POST /api/v1/episodes/{episode_id}/merge": Asked("merge", _MERGE, vain=True),
    "POST /api/v1/episodes/{episode_id}/unmerge": Asked("merge", {"replaced": _RECORD, "reason": "why"}),
    "DELETE /api/v1/episodes/{episode_id}/glass": Asked("see"),
    "GET /api/v1/episodes/{episode_id}/looks": Asked("audit", query="?lists=true"),
    "GET /api/v1/holds": Asked("hold"),
    "GET /api/v1/worklist": Asked("see", query=f"?ward={WARD}", ward=404),
    "GET /api/v1/inbox": Asked("see", query=f"?ward={WARD}", ward=404),
    "GET /api/v1/board": Asked("see", query=f"?ward={WARD}", ward=404),
    "GET /api/v1/handover": Asked("see", query=f"?ward={WARD}&{_SHIFT}", ward=404),
    "GET /api/v1/load": Asked("see", query=f"?ward={WARD}", ward=404),
    "GET /api/v1/operations": Asked("operate"),
    "GET /api/v1/changes": Asked("see", query=f"?ward={WARD}", ward=404),
    "POST /api/v1/items/claim": Asked("act", _ITEM, ward=404),
    "POST /api/v1/items/look": Asked("act", _ITEM, ward=404),
    "POST /api/v1/items/release": Asked("act", _ITEM, ward=404),
    "POST /api/v1/items/hand-over": Asked("act", {**_ITEM, "to": "u-1"}, ward=404),
    "POST /api/v1/items/take-over": Asked("act", {**_ITEM, "holder": "u-1"}, ward=404),
    "POST /api/v1/items/snooze": Asked("act", {**_ITEM, "until": None}, ward=404),
    "GET /api/v1/pathways": Asked("know"),
    "GET /api/v1/me": Asked("know"),
    "GET /api/v1/me/tokens": Asked("know"),
    "POST /api/v1/me/tokens": Asked("know", _TOKEN),
    "POST /api/v1/me/tokens/end": Asked("know", {"token_id": "t-000000000000"}, vain=True),
    "POST /api/v1/me/language": Asked("know", {"language": "de"}),
    "GET /api/v1/me/sessions": Asked("know"),
    "POST /api/v1/me/sessions/end": Asked("know"),
    "POST /api/v1/me/identities/end": Asked("know", _IDENTITY, vain=True),
    "GET /api/v1/people/{person_id}/sessions": Asked("people"),
    "GET /api/v1/people": Asked("people"),
    "POST /api/v1/people": Asked("people", {"login": "y-new", "name": "New", **_POSTS}, ward=403),
    "GET /api/v1/people/records": Asked("people"),
    "GET /api/v1/people/{person_id}": Asked("people"),
    "POST /api/v1/people/{person_id}/change": Asked("people", {"name": "Changed"}, ward=403),
    "POST /api/v1/people/{person_id}/posts": Asked("people", _POSTS, ward=403),
    "POST /api/v1/people/{person_id}/password": Asked("people", ward=403),
    "POST /api/v1/people/{person_id}/unlock": Asked("people", ward=403),
    "GET /api/v1/people/{person_id}/tokens": Asked("people"),
    "POST /api/v1/people/{person_id}/tokens": Asked("people", _TOKEN, ward=403),
    "POST /api/v1/people/{person_id}/tokens/end": Asked("people", {"token_id": "t-000000000000"}, vain=True, ward=403),
    "POST /api/v1/people/{person_id}/sessions/end": Asked("people", ward=403),
    "POST /api/v1/people/{person_id}/identities": Asked("people", _IDENTITY, ward=403),
    "POST /api/v1/people/{person_id}/identities/end": Asked("people", _IDENTITY, vain=True, ward=403),
    "POST /api/v1/people/{person_id}/factor/end": Asked("people", {"reason": "lost"}, ward=403),
    "POST /api/v1/people/{person_id}/end": Asked("people", ward=403),
    "GET /api/v1/pathways/{name}": Asked("know"),
    "GET /api/v1/pathways/{name}/{version}": Asked("know"),
    "GET /api/v1/deliveries": Asked("operate"),
    "POST /api/v1/deliveries/resend": Asked("operate", {"delivery": "a.b.c"}, vain=True),
    "POST /api/v1/deliveries/drop": Asked("operate", {"delivery": "a.b.c", "reason": "why"}, vain=True),
    "GET /api/v1/rota/{ward}": Asked("know", ward=404),
    "POST /api/v1/rota/{ward}/add": Asked("operate", {"role": "nurse", "person_id": "u-none", **_SPAN}, ward=404),
    "POST /api/v1/rota/{ward}/remove": Asked("operate", {"duty_id": "d-none"}, ward=404, vain=True),
    "GET /api/v1/people/{person_id}/contacts": Asked("know"),
    "POST /api/v1/people/{person_id}/contacts/add": Asked("know", {"channel": "pigeon", "address": "loft"}),
    "POST /api/v1/people/{person_id}/contacts/remove": Asked("know", {"name": "none"}, vain=True),
    "POST /api/v1/people/{person_id}/contacts/test": Asked("know", {"name": "none"}, vain=True),
    "GET /api/v1/people/{person_id}/absences": Asked("know"),
    "POST /api/v1/people/{person_id}/absences/add": Asked("know", _SPAN),
    "POST /api/v1/people/{person_id}/absences/remove": Asked("know", {"away_id": "a-none"}, vain=True),
}
"""By method and path, as the router has them."""

EMERGENCY = {
    "POST /api/v1/glass": Asked("act", {"identifier": _NOBODYS, "reason": "called to an emergency"}),
    "POST /api/v1/episodes/{episode_id}/glass": Asked("act", {"reason": "called to an emergency"}),
}
"""What opens another ward's patient, and is not asked with the others: tests of its own do."""

_TYPED_WHAT = {"system": "hospital-number", "what": NUMBER}
_TYPED = {"system": "hospital-number", "value": NUMBER}
PAGES: dict[str, Asked] = {
    "GET /": Asked("know"),
    "GET /worklist": Asked("see", query=f"?ward={WARD}", ward=404),
    "GET /inbox": Asked("see", query=f"?ward={WARD}", ward=404),
    "GET /live": Asked("see", query=f"?ward={WARD}", ward=404),
    "GET /episodes/{episode_id}/items/{handle}": Asked("act"),
    "POST /episodes/{episode_id}/items/{handle}/claim": Asked("act"),
    "POST /episodes/{episode_id}/items/{handle}/release": Asked("act"),
    "POST /episodes/{episode_id}/items/{handle}/hand-over": Asked("act"),
    "POST /episodes/{episode_id}/items/{handle}/take-over": Asked("act"),
    "POST /episodes/{episode_id}/items/{handle}/snooze": Asked("act"),
    "GET /password": Asked("know"),
    "POST /password": Asked("know", {"present": "", "password": "", "again": ""}),
    "POST /sign-out": Asked("know"),
    "GET /board": Asked("see"),
    "GET /board/{ward:path}": Asked("see", ward=404),
    "GET /handover": Asked("see"),
    "GET /handover/{ward:path}": Asked("see", ward=404),
    "GET /wall/{ward:path}": Asked("see", ward=404),
    "POST /wall/{ward:path}": Asked("see", {"present": ""}, ward=404),
    "GET /load": Asked("see", query=f"?ward={WARD}", ward=404),
    "GET /pathways": Asked("know"),
    "GET /pathways/{name}": Asked("know"),
    "GET /pathways/{name}/{version}": Asked("know"),
    "GET /operations": Asked("operate"),
    "POST /operations/resend": Asked("operate", {"delivery": "a.b.c"}),
    "POST /operations/drop": Asked("operate", {"delivery": "a.b.c", "reason": "why"}),
    "GET /enrol": Asked("act"),
    "POST /enrol": Asked("act", {**_TYPED, "pathway": "post-viral-cerebellar-demyelination", "ward": WARD}, ward=403),
    "GET /find": Asked("see"),
    "POST /find": Asked("see", _TYPED),
    "GET /episodes/{episode_id}": Asked("see"),
    "GET /episodes/{episode_id}/explain": Asked("see"),
    "GET /episodes/{episode_id}/news": Asked("see", query="?since=1"),
    "GET /episodes/{episode_id}/report": Asked("see"),
    "POST /episodes/{episode_id}/record": Asked("act", {"fact.severity": "mild"}),
    "POST /episodes/{episode_id}/confirm": Asked("act", {"regimen": "observation"}),
    "POST /episodes/{episode_id}/give": Asked("act", {"regimen": "observation"}),
    "POST /episodes/{episode_id}/miss": Asked("act", {"regimen": "observation"}),
    "POST /episodes/{episode_id}/decline": Asked("act", {"regimen": "observation"}),
    "POST /episodes/{episode_id}/stop": Asked("act", {"regimen": "observation"}),
    "POST /episodes/{episode_id}/retract": Asked("act", {"target": "severity", "reason": "why"}),
    "POST /episodes/{episode_id}/complete": Asked("act", {"task": "eeg"}),
    "POST /episodes/{episode_id}/acknowledge": Asked("act", {"reminder": "task-due"}),
    "POST /episodes/{episode_id}/close": Asked("act", {"outcome": "nowhere"}),
    "POST /episodes/{episode_id}/change-ward": Asked("act", {"ward": "no-such-ward", "reason": "why"}),
    "GET /me": Asked("know"),
    "POST /me/language": Asked("know", {"language": ""}),
    "POST /me/link": Asked("know", {"vouched": "", "present": ""}),
    "POST /me/sessions": Asked("know", {"session": ""}),
    "POST /me/tokens": Asked("know", {"label": "x", "scope": ["know"], "days": "1"}),
    "POST /me/tokens/end": Asked("know", {"token": "t-000000000000"}, vain=True),
    "POST /me/identity/end": Asked("know", _IDENTITY),
    "GET /people": Asked("people"),
    "GET /people/new": Asked("people"),
    "POST /people/new": Asked("people", {"login": "z-new", "name": "New", "post": [f"service/{WARD}"]}, ward=403),
    "GET /people/records": Asked("people", query="?check=yes"),
    "GET /people/{person_id}": Asked("people"),
    "POST /people/{person_id}/change": Asked("people", {"name": "Changed"}, ward=403),
    "POST /people/{person_id}/posts": Asked("people", {"post": [f"service/{WARD}"]}, ward=403),
    "POST /people/{person_id}/password": Asked("people", ward=403),
    "POST /people/{person_id}/unlock": Asked("people", ward=403),
    "POST /people/{person_id}/factor": Asked("people", {"reason": "lost", "present": ""}, ward=403),
    "POST /people/{person_id}/sessions": Asked("people", {"session": ""}, ward=403),
    "POST /people/{person_id}/token": Asked("people", {"token": "t-000000000000"}, vain=True, ward=403),
    "POST /people/{person_id}/identity": Asked("people", {**_IDENTITY, "end": "yes"}, vain=True, ward=403),
    "GET /people/{person_id}/end": Asked("people"),
    "POST /people/{person_id}/end": Asked("people", ward=403),
    "GET /glass": Asked("act"),
    "POST /glass": Asked("act", {"system": "hospital-number", "number": NUMBER, "reason": "why", "password": ""}),
    "GET /episodes/{episode_id}/merge": Asked("merge"),
    "POST /episodes/{episode_id}/merge": Asked("merge", {"replaced": _RECORD, "compared": "", "reason": "why"}),
    "POST /episodes/{episode_id}/merge/compare": Asked("merge", _TYPED),
    "POST /episodes/{episode_id}/unmerge": Asked("merge", {"replaced": _RECORD, "reason": "why"}),
    "POST /episodes/{episode_id}/glass/close": Asked("see"),
    "GET /holds": Asked("hold"),
    "POST /holds": Asked("hold", _TYPED_WHAT),
    "GET /episodes/{episode_id}/hold": Asked("hold"),
    "POST /episodes/{episode_id}/hold": Asked("hold", {"reason": "case 7"}),
    "GET /erase": Asked("erase"),
    "POST /erase": Asked("erase", _TYPED_WHAT),
    "GET /episodes/{episode_id}/erase": Asked("erase"),
    "POST /episodes/{episode_id}/erase": Asked("erase", {"reason": "case 7", "password": ""}),
    "GET /episodes/{episode_id}/seen": Asked("audit", query="?lists=yes"),
    "GET /rota": Asked("know"),
    "GET /rota/{ward:path}": Asked("know", ward=404),
    "POST /rota/{ward:path}": Asked("operate", {"do": "remove", "duty": "d-none"}, ward=404),
    "GET /me/factor": Asked("know"),
    "POST /me/factor/start": Asked("know", {"present": ""}),
    "POST /me/factor/confirm": Asked("know", {"code": "000000"}),
    "POST /me/factor/codes": Asked("know", {"present": "", "code": ""}),
    "POST /me/factor/end": Asked("know", {"present": "", "code": ""}),
    "GET /me/reach": Asked("know"),
    "POST /me/reach/contact": Asked("know", {"channel": "pigeon", "address": "loft"}),
    "POST /me/reach/contact/remove": Asked("know", {"name": "none"}),
    "POST /me/reach/contact/test": Asked("know", {"name": "none"}),
    "POST /me/reach/away": Asked("know", _SPAN),
    "POST /me/reach/away/remove": Asked("know", {"away": "a-none"}),
}
