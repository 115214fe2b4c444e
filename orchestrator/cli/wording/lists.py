"""How do worklists, inboxes and timelines read?"""

from typing import Any
from zoneinfo import ZoneInfo

from orchestrator.cli.wording.lines import columns, moment, wrapped

Json = dict[str, Any]


def worklist_text(document: Json, zone: ZoneInfo) -> str:
    """Return a worklist as text, longest overdue first."""
    rows = [
        (
            "OVERDUE" if each["overdue"] else "",
            moment(each["due_at"], zone),
            each["kind"],
            each["key"] if each["kind"] == "reminder" else each["name"],
            each["role"],
            f"ward {each['ward']}  {each['episode_id']}",
        )
        for each in document["items"]
    ]
    return "\n".join(columns(rows, 0, whole=True)) or "nothing is open"


def inbox_text(document: Json, zone: ZoneInfo) -> str:
    """Return notices as text, latest first."""
    rows = [
        (
            moment(each["told_at"], zone),
            each["kind"],
            each["name"],
            f"to {each['role']}{_instead(each['skipped'])}",
            f"due {moment(each['due_at'], zone)}{' LATE' if each['late'] else ''}",
            f"ward {each['ward']}  {each['episode_id']}",
        )
        for each in document["notices"]
    ]
    return "\n".join(columns(rows, 0, whole=True)) or "no notices"


def _instead(skipped: str) -> str:
    return f" (nobody holds {skipped.replace(',', ', ')})" if skipped else ""


def timeline_text(story: Json) -> str:
    """Return what happened as text, the first first, in the zone of the episode."""
    zone = ZoneInfo(story["episode"]["timezone"])
    lines: list[str] = []
    for each in story["timeline"]:
        asserted = "" if each["authenticated"] else ", asserted"
        behalf = f" for {each['on_behalf_of']}" if each["on_behalf_of"] else ""
        lines.append(
            f"{each['seq']:>4}  {moment(each['at'], zone)}  {each['actor']} ({each['role']}{asserted}){behalf}"
        )
        lines += wrapped(each["words"], 6)
        lines += ["        of another ward, in an emergency (broken glass)"] if each["glass"] else []
        for detail in each["details"]:
            lines += wrapped(str(detail), 8)
        if each["reason"]:
            lines += wrapped(f"reason: {each['reason']}", 8)
    return "\n".join(lines)


def episodes_text(document: Json) -> str:
    """Return a patient's episodes as text."""
    rows = [
        (each["episode_id"], each["pathway"], each["state"], f"ward {each['ward']}") for each in document["episodes"]
    ]
    return "\n".join(columns(rows, 0, whole=True)) or "no patient is known by this identifier"


def deliveries_text(document: Json, zone: ZoneInfo) -> str:
    """Return what waits to leave the house as text, a dead letter in capitals."""
    rows = [
        (
            "DEAD" if each["given_up_at"] else "",
            f"since {moment(each['since'], zone)}",
            each["route"],
            f"{each['notice']['kind']} to {each['notice']['role']}",
            f"{each['attempts']} {'try' if each['attempts'] == 1 else 'tries'}",
            f"{each['last_error'] or ('tried just now' if each['attempts'] else 'not tried yet')}  {each['id']}",
        )
        for each in document["deliveries"]
    ]
    return "\n".join(columns(rows, 0, whole=True)) or "nothing waits to leave the house"


def holds_text(document: Json, zone: ZoneInfo) -> str:
    """Return which records are held as text, latest first."""
    rows = [
        (
            moment(each["since"], zone),
            each["episode_id"],
            f"{each['name']}{', asserted' if each['asserted'] else ''}",
            each["reason"],
        )
        for each in document["holds"]
    ]
    more = [f"more: --before {document['before']}"] if document["before"] else []
    return "\n".join([*columns(rows, 0, whole=True), *more]) or "no record is held"


def looks_text(document: Json, zone: ZoneInfo) -> str:
    """Return who has seen a record as text, latest first, with the verdict on it."""
    rows = [
        (
            moment(each["at"], zone),
            each["name"],
            ", ".join([*([each["role"]] if each["role"] else []), *(["asserted"] if each["asserted"] else [])]),
            f"{each['kind']} {each['what']}{' BROKEN GLASS' if each['glass'] else ''}",
            f"ward {each['ward']}" if each["ward"] else each["episode_id"],
        )
        for each in document["looks"]
    ]
    reasons = [f"      {each['name']}: {each['reason']}" for each in document["looks"] if each["reason"]]
    word = "whole" if document["whole"] else "BROKEN"
    faults = [
        f"  record {each['seq']}: {each['what']}" if each["seq"] else f"  {each['what']}" for each in document["faults"]
    ]
    shown = columns(rows, 0, whole=True) or ["nobody has seen it"]
    return "\n".join(
        [*shown, *(["Why the glass was broken:", *reasons] if reasons else []), f"this record is {word}", *faults]
    )
