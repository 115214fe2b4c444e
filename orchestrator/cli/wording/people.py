"""How do accounts, and what was changed of them, read?"""

from collections.abc import Mapping
from typing import Any
from zoneinfo import ZoneInfo

from orchestrator.cli.wording.lines import columns, moment, section

Json = dict[str, Any]
_TOLD = ("name", "label", "subject", "token", "reason", "factor", "key", "format")


def people_text(document: Json) -> str:
    """Return accounts as text, by name."""
    rows = [(each["login"], each["name"], _state(each), _posts(each)) for each in document["people"]]
    return "\n".join(columns(rows, 0)) or "nobody has an account"


def person_text(told: Json, zone: ZoneInfo) -> str:
    """Return one account as text."""
    lines = [
        f"{told['name']} ({told['login']}, {told['person_id']}): {_state(told)}",
        f"  posts: {_posts(told)}",
        f"  since {moment(told['created_at'], zone)}",
    ]
    lines += section("identities", (f"  {each['subject']} of {each['issuer']}" for each in told["identities"]))
    lines += section("sessions", (f"  last used {moment(each['seen_at'], zone)}" for each in told["sessions"]))
    tokens = (
        f"  {each['token_id']} {each['label']}: {', '.join(each['scopes'])}, "
        f"{'ended' if each['ended'] else 'until ' + moment(each['expires_at'], zone)}"
        for each in told["tokens"]
    )
    return "\n".join([*lines, *section("tokens", tokens)])


def records_text(told: Json, zone: ZoneInfo) -> str:
    """Return what was changed about people as text, the latest first, and whether that record is whole."""
    rows = [
        (
            str(each["seq"]),
            moment(each["at"], zone),
            each["by_name"],
            each["kind"],
            f"{each['about_name']} {_detail(each)}".strip(),
        )
        for each in told["records"]
    ]
    verdict = "the record of accounts is whole" if told["whole"] else "the record of accounts is BROKEN"
    faults = [f"  record {each['number']}: {each['what']}" for each in told["faults"][:20]]
    return "\n".join([*columns(rows, 0), verdict, *faults])


def _state(each: Mapping[str, Any]) -> str:
    if each["ended_at"]:
        return "ended"
    if not each["signs_in"]:
        return "no password"
    return "signs in with a second factor" if each["second_factor"] else "signs in"


def _posts(each: Mapping[str, Any]) -> str:
    return ", ".join(f"{post['role']}@{post['ward']}" for post in each["posts"]) or "none"


def _detail(each: Mapping[str, Any]) -> str:
    detail = each["detail"]
    posts = [f"{role}@{ward}" for ward, role in detail.get("posts", ())]
    parts = [
        *posts,
        *(str(detail[name]) for name in _TOLD if name in detail),
        *detail.get("letters", ()),
    ]
    return ", ".join([*parts, *(["asserted"] if detail.get("asserted") else [])])
