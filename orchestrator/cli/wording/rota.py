"""How do a rota, a person's channels and absences read?"""

from typing import Any
from zoneinfo import ZoneInfo

from orchestrator.cli.wording.lines import columns, moment, section

Json = dict[str, Any]


def rota_text(document: Json, zone: ZoneInfo) -> str:
    """Return who is told on a ward as text: by role, in stretches of time, and then the duties with their ids."""
    lines = [f"ward {document['ward']} from {document['from']}, days: {document['days']}"]
    for role, stretches in document["told"].items():
        rows = [(moment(each["starts_at"], zone), moment(each["ends_at"], zone), _who(each)) for each in stretches]
        lines += section(role, columns(rows, whole=True))
    others = [
        (role, _names(held) + ": all are told")
        for role, held in document["holders"].items()
        if role not in document["told"]
    ]
    lines += section("no rota in these days", columns(others))
    duties = [
        (each["duty_id"], each["role"], moment(each["starts_at"], zone), moment(each["ends_at"], zone), each["name"])
        for each in document["duties"]
    ]
    return "\n".join(lines + section("duties", columns(duties)))


def reach_text(document: Json, zone: ZoneInfo) -> str:
    """Return by which channels a person is told, and when that person is away, as text."""
    contacts = [
        (each["name"], each["address"], " ".join([*each["kinds"], each["quiet"] and f"not {each['quiet']}"]).strip())
        for each in document["contacts"]
    ]
    aways = [
        (each["away_id"], moment(each["starts_at"], zone), moment(each["ends_at"], zone), _instead(each))
        for each in document["absences"]
    ]
    lines = [
        f"person {document['person_id']}",
        *section("told by", columns(contacts)),
        *section("away", columns(aways)),
    ]
    return "\n".join(lines if contacts else [*lines, "", "no channel of their own: the inbox, and the ward's routes"])


def _who(stretch: Json) -> str:
    names = _names(stretch["people"])
    return names if stretch["on_duty"] else f"NOBODY ON DUTY: all who hold the post are told ({names or 'none'})"


def _names(people: list[Json]) -> str:
    return ", ".join(each["name"] for each in people)


def _instead(away: Json) -> str:
    instead = away["deputy"]["name"] if away["deputy"] else "nobody instead"
    missing = ", ".join(f"{post['role']} on {post['ward']}" for post in away["uncovered"])
    return f"{instead}{f' (not as {missing})' if away['deputy'] and missing else ''}"
