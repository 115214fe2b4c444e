"""How does a patient with his records read as text?"""

from collections.abc import Mapping
from typing import Any
from zoneinfo import ZoneInfo

from orchestrator.cli.wording.lines import columns, moment, wrapped

Json = Mapping[str, Any]


def patient_text(document: Json, zone: ZoneInfo) -> str:
    """Return a patient's records, the kept one first, and his episodes."""
    return "\n".join(_side(document, zone))


def compared_text(document: Json, zone: ZoneInfo) -> str:
    """Return two patients, one under the other, and what to say to merge them."""
    return "\n".join(
        [
            "KEPT", *_side(document["kept"], zone), "",
            "REPLACED", *_side(document["replaced"], zone), "",
            *_twice(document["open_twice"], "would be open"),
            "Are these one and the same person? Then: "
            f"carepath patient merge EPISODE {document['record']} --compared {document['compared']} --reason …",
        ]
    )  # fmt: skip


def separated_text(document: Json, zone: ZoneInfo) -> str:
    """Return what is left of a patient once a merge was taken back, and who acted meanwhile."""
    acted = [f"  {each['name']}: episode {', '.join(each['episodes'])}" for each in document["acted"]]
    return "\n".join([*_side(document, zone), "Acted while they were merged:", *(acted or ["  nobody"])])


def _side(side: Json, zone: ZoneInfo) -> list[str]:
    lines = []
    for record in side["records"]:
        numbers = ", ".join(f"{each['system']}={each['value']}" for each in record["identifiers"])
        lines.append(f"record {record['patient_id']}  {numbers or 'its numbers were erased'}")
        if record["replaced_by"]:
            when = (
                f"{moment(record['merged_at'], zone)} by {record['name']}{', asserted' if record['asserted'] else ''}"
            )
            lines.append(f"    replaced by {record['replaced_by']}, {when}")
            lines += wrapped(f"reason: {record['reason']}", 4) if record["reason"] else []
    rows = [
        (each["episode_id"], each["pathway"], each["state"], f"ward {each['ward']}", f"record {each['patient_id'][:8]}")
        for each in side["episodes"]
    ]
    return [*lines, *columns(rows, 2, whole=True), *_twice(side["open_twice"], "is open")]


def _twice(found: list[Json], what: str) -> list[str]:
    return [
        f"CAREFUL: more than one episode {what} on {each['pathway']}: "
        f"{', '.join(each['episodes'])}{' and one on another ward' if each['elsewhere'] else ''}"
        for each in found
    ]
