"""Goal: whoever takes an item has it, and everybody knows; nothing clinical moves for it, and it stands on record."""

import threading
from datetime import datetime, timedelta
from typing import Any

from httpx2 import Response

from orchestrator.api.app import PREFIX
from orchestrator.service.handlers import new_key
from orchestrator.service.people.looking import sealed_for
from orchestrator.service.people.recording import Author
from tests.integration.api.conftest import T0, Ward

ADMINISTRATOR = Author("u-test", "administrator")
DOSE = "ivmp-pulse"


class Colleague:
    """A person with a token of her own."""

    def __init__(self, ward: Ward, login: str, *posts: tuple[str, str]) -> None:
        self._ward, people = ward, ward.system.people
        self.id = people.add(ADMINISTRATOR, login=login, name=f"{login.capitalize()} Made-Up", posts=posts)
        made = ward.system.signing.make_token(ADMINISTRATOR, self.id, label="t", scopes=["see", "act"], days=1)
        self._token = made[1]

    def ask(self, verb: str, item: dict[str, str], **more: object) -> Response:
        headers = {"Authorization": f"Bearer {self._token}", "Idempotency-Key": new_key()}
        return self._ward.client.post(f"{PREFIX}/items/{verb}", json={**item, **more}, headers=headers)

    def list(self, **query: str) -> list[dict[str, Any]]:
        headers = {"Authorization": f"Bearer {self._token}"}
        rows: list[dict[str, Any]] = self._ward.client.get(f"{PREFIX}/worklist", params=query, headers=headers).json()[
            "items"
        ]
        return rows


def items(ward: Ward, **query: str) -> list[dict[str, Any]]:
    asked = "&".join(f"{name}={value}" for name, value in query.items())
    rows: list[dict[str, Any]] = ward.get(f"/worklist?{asked}&limit=500").json()["items"]
    return rows


def named(row: dict[str, Any]) -> dict[str, str]:
    return {name: row[name] for name in ("episode_id", "kind", "key")}


def a_task(ward: Ward, name: str = "eeg") -> dict[str, str]:
    return named(next(row for row in items(ward, kind="task") if row["name"] == name))


def instant(at: datetime) -> str:
    return at.isoformat().replace("+00:00", "Z")


def looks(ward: Ward, episode: str) -> list[dict[str, Any]]:
    patient = items(ward)[0]["patient_id"]
    return [row for row in ward.system.sight.looks(patient) if row["kind"] != "read"]


def test_who_takes_an_item_has_it_and_a_repeat_gets_the_same_answer(each_ward: Ward) -> None:
    ward = each_ward
    episode = ward.enrol()
    ann, bob = Colleague(ward, "ann", ("N2", "nurse")), Colleague(ward, "bob", ("N2", "clinician"))
    task = a_task(ward)
    ward.advance(minutes=1)
    before = items(ward)
    first = ann.ask("claim", task)
    assert first.status_code == 200, first.text
    assert ann.ask("claim", task).json() == first.json()
    assert first.json()["claim"] == {
        "person_id": ann.id, "name": "Ann Made-Up", "at": "2026-03-02T08:01:00.000000Z", "snoozed_until": None
    }  # fmt: skip
    late = bob.ask("claim", task)
    assert (late.status_code, late.json()["code"], late.json()["person_id"]) == (409, "claimed", ann.id)
    assert late.json()["detail"] == "Ann Made-Up has taken this already"
    assert bob.ask("release", task).status_code == 409
    shown = {(row["kind"], row["key"]): row for row in bob.list()}
    assert shown["task", task["key"]]["claim"]["person_id"] == ann.id
    assert [{**row, "claim": None} for row in items(ward)] == before, "nothing else of the list has changed"
    assert [named(row) for row in ann.list(holder=ann.id)] == [task]
    assert ann.ask("release", task).json()["claim"] is None
    assert ann.ask("release", task).json()["claim"] is None
    assert [row["kind"] for row in looks(ward, episode)] == ["claim", "release"]


def test_of_two_who_claim_at_once_one_gets_it(each_ward: Ward) -> None:
    ward = each_ward
    ward.enrol()
    crowd = [Colleague(ward, f"c{number}", ("N2", "nurse")) for number in range(4)]
    task, answers = a_task(ward), list[tuple[str, Response]]()
    together = threading.Barrier(len(crowd))

    def take(who: Colleague) -> None:
        together.wait()
        answers.append((who.id, who.ask("claim", task)))

    threads = [threading.Thread(target=take, args=(who,)) for who in crowd]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    winners = [who for who, answer in answers if answer.status_code == 200]
    assert len(winners) == 1, [answer.text for _, answer in answers]
    losers = [answer for _, answer in answers if answer.status_code == 409]
    assert [answer.json()["person_id"] for answer in losers] == winners * 3
    assert [row["by"] for row in looks(ward, "") if row["kind"] == "claim"] == winners


def test_a_claim_goes_with_its_item_and_does_not_come_back(each_ward: Ward) -> None:
    ward = each_ward
    episode = ward.enrol()
    ann = Colleague(ward, "ann", ("N2", "nurse"))
    task = a_task(ward)
    assert ann.ask("claim", task).status_code == 200
    ward.do(episode, "record", "clinician", facts={"virus": "ebv"})
    assert ann.list(holder=ann.id), "an entry that leaves the item open leaves its claim"
    ward.do(episode, "complete", task=task["key"])
    assert ann.list(holder=ann.id) == []
    gone = ann.ask("claim", task)
    assert (gone.status_code, gone.json()["code"]) == (404, "not-found")
    with ward.system.store.read() as reader:
        assert reader.items(task["episode_id"])
        assert all(row["claim"] is None for row in items(ward))


def test_a_claim_stays_when_its_item_is_told_to_another_role(each_ward: Ward) -> None:
    ward = each_ward
    ward.enrol()
    ann = Colleague(ward, "ann", ("N2", "nurse"))
    ward.fire()
    reminder = next(row for row in items(ward) if row["kind"] == "reminder")
    assert reminder["role"] == "clinician"
    assert ann.ask("claim", named(reminder)).status_code == 200
    ward.advance(hours=1)
    ward.fire()
    (climbed,) = [row for row in items(ward) if row["key"] == reminder["key"]]
    assert climbed["role"] == "lead", "a claim silences nothing"
    assert climbed["claim"]["person_id"] == ann.id


def test_handing_over(each_ward: Ward) -> None:
    ward = each_ward
    episode = ward.enrol()
    ann, bob = Colleague(ward, "ann", ("N2", "nurse")), Colleague(ward, "bob", ("N2", "clinician"))
    nan, far = Colleague(ward, "nan", ("*", "nurse")), Colleague(ward, "far", ("N9", "clinician"))
    task = a_task(ward)
    assert ann.ask("claim", task).status_code == 200
    for to in (far.id, "u-nobody"):
        assert ann.ask("hand-over", task, to=to).status_code == 422
    handed = ann.ask("hand-over", task, to=bob.id, reason="blood was sent, tube 2")
    assert handed.json()["claim"]["person_id"] == bob.id
    assert ann.ask("hand-over", task, to=bob.id, reason="again").json() == handed.json()
    assert ann.ask("hand-over", task, to=nan.id).json()["person_id"] == bob.id
    assert ann.ask("take-over", task, holder=nan.id).status_code == 409, "not from a third"
    assert ann.ask("take-over", task, holder=bob.id).json()["claim"]["person_id"] == ann.id
    assert ann.ask("hand-over", task, to=nan.id).json()["claim"]["person_id"] == nan.id, "a nurse to a nurse"
    ward.system.people.add(ADMINISTRATOR, login="adm", name="A. Dm", posts=[("*", "administrator")])
    ward.system.people.end(ADMINISTRATOR, bob.id)
    assert nan.ask("hand-over", task, to=bob.id).status_code == 422
    kept = looks(ward, episode)
    assert [row["kind"] for row in kept] == ["claim", "hand-over", "hand-over", "hand-over"]
    assert kept[1]["what"] == f"task, to {bob.id}"
    with ward.system.store.read() as reader:
        row = next(each for each in reader.looks(kept[1]["chain"], 0, 50) if each.kind == "hand-over")
        stored = reader.episode(task["episode_id"])
    assert stored is not None
    assert row.sealed is not None
    told = ward.system.desk.key(stored).decrypt(row.sealed, sealed_for(row)).decode()
    assert told == "eeg: blood was sent, tube 2"
    assert ward.system.sight.faults(kept[1]["chain"]) == []


def test_what_is_put_off_stands_aside_from_ones_own_list_alone(each_ward: Ward) -> None:
    ward = each_ward
    ward.enrol()
    ann, bob = Colleague(ward, "ann", ("N2", "nurse")), Colleague(ward, "bob", ("N2", "nurse"))
    task = a_task(ward)
    until = instant(T0 + timedelta(hours=2))
    assert ann.ask("snooze", task, until=until, reason="asleep").status_code == 409, "only what was taken"
    assert ann.ask("claim", task).status_code == 200
    assert bob.ask("snooze", task, until=until, reason="asleep").status_code == 409
    for wrong in ("2026-03-02T12:00:01Z", "2026-03-02T08:00:00Z"):
        assert ann.ask("snooze", task, until=wrong, reason="asleep").status_code == 422
    assert ann.ask("snooze", task, until=until).json()["detail"].endswith("say why it is put off")
    answer = ann.ask("snooze", task, until=until, reason="asleep")
    assert answer.json()["claim"]["snoozed_until"] == until.replace("Z", ".000000Z")
    assert ann.ask("snooze", task, until=until, reason="asleep").json() == answer.json()

    def mine() -> list[dict[str, Any]]:
        return ward.system.queries.worklist(holder=ann.id, awake=True).rows

    assert mine() == []
    assert task in [named(row) for row in ann.list()], "never from the ward's"
    ward.advance(hours=2)
    assert [named(row) for row in mine()] == [task]
    later = instant(T0 + timedelta(hours=5))
    assert ann.ask("snooze", task, until=later, reason="asleep").status_code == 200
    assert mine() == []
    assert ann.ask("snooze", task, until=None).json()["claim"]["snoozed_until"] is None
    assert [named(row) for row in mine()] == [task]
    assert [row["kind"] for row in looks(ward, "")] == ["claim", "snooze", "snooze", "snooze"]


def test_what_is_due_is_not_put_off_and_what_comes_due_earlier_is_back(each_ward: Ward) -> None:
    ward = each_ward
    episode = ward.enrol()
    ann = Colleague(ward, "ann", ("N2", "nurse"))
    due = a_task(ward, "neurology-consult")
    assert ann.ask("claim", due).status_code == 200
    ward.advance(minutes=1)
    said = ann.ask("snooze", due, until=instant(ward.now + timedelta(minutes=5)), reason="soon")
    assert said.status_code == 422
    assert "cannot be put off" in said.json()["detail"]
    ward.do(
        episode, "record", "clinician", facts={"severity": "severe", "weight_kg": 70, "infection_status": "excluded"}
    )
    start = instant(ward.now + timedelta(hours=3))
    ward.do(episode, "confirm", "clinician", regimens=[DOSE], parameters={"start": start})
    dose = named(next(row for row in items(ward, kind="dose")))
    assert ann.ask("claim", dose).status_code == 200
    over = instant(ward.now + timedelta(hours=3, seconds=1))
    assert ann.ask("snooze", dose, until=over, reason="r").status_code == 422, "until it is due at most"
    assert ann.ask("snooze", dose, until=start, reason="r").status_code == 200
    assert ward.system.queries.worklist(holder=ann.id, awake=True, kinds=("dose",)).rows == []
    with ward.system.store.change() as change:  # as when what it counts from is corrected
        sql = "UPDATE item SET due_at = (SELECT at FROM episode LIMIT 1) WHERE kind = 'dose'"
        change._sql.exec_driver_sql(sql)
    assert ward.system.queries.worklist(holder=ann.id, awake=True, kinds=("dose",)).rows


def test_a_reminder_is_put_off_until_its_next_rung_at_most(each_ward: Ward) -> None:
    ward = each_ward
    ward.enrol()
    ann = Colleague(ward, "ann", ("N2", "nurse"))
    ward.fire()
    reminder = named(next(row for row in items(ward) if row["kind"] == "reminder"))
    assert ann.ask("claim", reminder).status_code == 200
    past = instant(ward.now + timedelta(hours=1, seconds=1))
    assert ann.ask("snooze", reminder, until=past, reason="r").status_code == 422
    rung = instant(ward.now + timedelta(hours=1))
    assert ann.ask("snooze", reminder, until=rung, reason="r").status_code == 200
    ward.advance(hours=1)
    ward.fire()
    assert [row["role"] for row in items(ward) if row["key"] == reminder["key"]] == ["lead"]
    assert ward.system.queries.worklist(holder=ann.id, awake=True).rows


def test_a_patient_who_was_moved_is_nobodys_again(each_ward: Ward) -> None:
    ward = each_ward
    ward.enrol()
    ann = Colleague(ward, "ann", ("N2", "nurse"))
    task = a_task(ward)
    assert ann.ask("claim", task).status_code == 200
    with ward.system.store.change() as change:
        change._sql.exec_driver_sql("UPDATE item SET ward = 'N3'")
        change._sql.exec_driver_sql("UPDATE episode SET ward = 'N3'")
    assert all(row["claim"] is None for row in items(ward))
    cho = Colleague(ward, "cho", ("N3", "nurse"))
    assert cho.ask("claim", task).json()["claim"]["person_id"] == cho.id


def test_another_wards_items_are_not_there(ward: Ward) -> None:
    ward.enrol()
    far, eye = Colleague(ward, "far", ("N9", "nurse")), Colleague(ward, "eye", ("N2", "auditor"))
    task = a_task(ward)
    more: dict[str, dict[str, object]] = {
        "claim": {}, "release": {}, "hand-over": {"to": far.id}, "take-over": {"holder": far.id},
        "snooze": {"until": None},
    }  # fmt: skip
    for verb, fields in more.items():
        assert far.ask(verb, task, **fields).status_code == 404
        assert eye.ask(verb, task, **fields).status_code == 403
    assert looks(ward, "") == []


def test_the_worklist_can_be_narrowed(ward: Ward) -> None:
    ward.enrol()
    ward.fire()
    kinds = {row["kind"] for row in items(ward)}
    assert {row["kind"] for row in items(ward, kind="reminder")} == {"reminder"} < kinds
    ward.advance(minutes=1)
    assert {row["overdue"] for row in items(ward, overdue="true")} == {True}
    assert ward.get("/worklist?kind=nonsense").status_code == 422
    assert ward.get("/worklist?holder=u-nobody").json()["items"] == []
