"""Who uses the system? Seeded people who look at a patient and do something sensible, and ask until they are answered.

A command is asked with one idempotency key, at any of the APIs, again and again until an answer comes that is none of
the server's own trouble.
"""

import http.client
import json
import random
import threading
import time
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from tests.chaos.history import Asked, History

PATHWAYS = ("post-viral-cerebellar-demyelination", "autoimmune-hemiplegia", "autoimmune-cerebellar-ataxia")
ANSWER_SECONDS = 10.0
LAST_SECONDS = 60.0
PAUSE_SECONDS = 0.2
_PROBLEM = 500
View = dict[str, Any]


class Ward:
    """What the people have in common: the patients, where to ask, and whether it is time to work."""

    def __init__(self, ports: Sequence[int], token: str, history: History, patients: int) -> None:
        self.ports, self.token, self.history, self.patients = ports, token, history, patients
        self.episodes: list[str] = []
        self.working, self.over = threading.Event(), threading.Event()
        self.working.set()
        self.busy = 0
        self.lock = threading.Lock()

    def rest(self, seconds: float) -> bool:
        """Let nobody begin anything new; tell whether all that was begun is done in time."""
        self.working.clear()
        deadline = time.monotonic() + seconds
        while self.busy and time.monotonic() < deadline:
            self.over.wait(0.02)
        return not self.busy


class Act(NamedTuple):
    """A command that a person has in mind."""

    verb: str
    role: str
    body: dict[str, Any]


class Person(threading.Thread):
    """One of them. seed: what he does follows from it, and from what he sees."""

    def __init__(self, number: int, seed: int, ward: Ward, pause: float = PAUSE_SECONDS) -> None:
        super().__init__(name=f"person-{number}", daemon=True)
        self._random, self._ward, self._pause = random.Random(f"{seed} person {number}"), ward, pause
        self._actor, self._asked = f"person-{number}", 0

    def run(self) -> None:
        """Work until it is over."""
        while not self._ward.over.wait(self._random.uniform(0, 2 * self._pause)):
            if self._ward.working.wait(0.1):
                with self._ward.lock:
                    self._ward.busy += 1
                try:
                    self._do_something()
                finally:
                    with self._ward.lock:
                        self._ward.busy -= 1

    def _do_something(self) -> None:
        known = self._ward.episodes
        if not known or (len(known) < self._ward.patients and self._random.random() < 0.3):
            self._enrol()
            return
        episode = self._random.choice(known)
        status, seen = self._talk("GET", f"/episodes/{episode}")
        if status == http.HTTPStatus.OK:
            act = self._choose(seen)
            self._ask(act.verb, f"/episodes/{episode}/{act.verb}", episode, act)

    def _enrol(self) -> None:
        number = {"system": "hospital-number", "value": f"{self._actor} {self._asked}"}
        body = {"pathway": self._random.choice(PATHWAYS), "ward": f"w-{self._random.randint(1, 3)}"}
        act = Act("enrol", "clinician", {**body, "timezone": "Europe/London", "identifiers": [number]})
        episode = self._ask("enrol", "/episodes", "", act)
        if episode:
            self._ward.episodes.append(episode)

    def _choose(self, seen: View) -> Act:
        """Return something that the view suggests."""
        chosen: list[Callable[[], Act]] = [lambda: Act("record", "clinician", {"facts": self._facts()})]
        gates = [each["gate"] for each in seen["gates"]]
        for each in seen["proposals"]:
            body = {"regimens": [each["regimen"]], "override": gates, "reason": "as proposed"}
            chosen.append(lambda body=body: Act("confirm", "lead", body))  # type: ignore[misc]
        for each in seen["courses"]:
            if each["in_force"]:
                verb = self._random.choice(("give", "give", "give", "miss"))
                regimen = each["regimen"]
                chosen.append(lambda verb=verb, regimen=regimen: Act(verb, "nurse", {"regimen": regimen}))  # type: ignore[misc]
        for each in seen["tasks"]:
            chosen.append(lambda task=each["task"]: Act("complete", "nurse", {"task": task}))  # type: ignore[misc]
        for each in seen["reminders"]:
            chosen.append(lambda name=each["reminder"]: Act("acknowledge", "lead", {"reminder": name}))  # type: ignore[misc]
        return self._random.choice(chosen)()

    def _facts(self) -> dict[str, Any]:
        return self._random.choice(
            (
                {"severity": self._random.choice(("mild", "moderate", "severe"))},
                {"infection_status": "excluded"},
                {"weight_kg": self._random.randint(45, 110), "height_cm": self._random.randint(150, 200)},
                {"response": self._random.choice(("complete", "partial", "limited", "none", "worse"))},
            )
        )

    def _ask(self, kind: str, path: str, episode: str, act: Act) -> str:
        """Ask until an answer comes; return the episode that it names, if any."""
        self._asked += 1
        key, begun, tries, last = f"{self._actor}.{self._asked}", time.time(), 0, float("inf")
        self._ward.history.note("asks", actor=self._actor, kind=kind, episode_id=episode, key=key, body=act.body)
        status: int | None = None
        told: View = {}
        while time.monotonic() < last:
            tries += 1
            status, told = self._talk("POST", path, act, key)
            if status is not None and status < _PROBLEM:
                break
            if self._ward.over.is_set() and last == float("inf"):
                last = time.monotonic() + LAST_SECONDS
            time.sleep(self._random.uniform(0.05, 0.5))
        answered = status if status is not None and status < _PROBLEM else None
        named = str(told.get("episode_id", episode))
        seq, code = int(told.get("seq", 0)), str(told.get("code", ""))
        self._ward.history.add(Asked(self._actor, kind, named, key, tries, answered, seq, code, begun, time.time()))
        return named if answered is not None else ""

    def _talk(self, method: str, path: str, act: Act | None = None, key: str = "") -> tuple[int | None, View]:
        """Return status and content of one answer; no status where none came."""
        connection = http.client.HTTPConnection(
            "127.0.0.1", self._random.choice(self._ward.ports), timeout=ANSWER_SECONDS
        )
        headers = {"Authorization": f"Bearer {self._ward.token}", "Carepath-Actor": self._actor}
        headers["Carepath-Role"] = act.role if act else "clinician"
        if act:
            headers |= {"Content-Type": "application/json", "Idempotency-Key": key}
        try:
            connection.request(method, f"/api/v1{path}", json.dumps(act.body) if act else None, headers)
            answer = connection.getresponse()
            return answer.status, json.loads(answer.read())
        except (OSError, http.client.HTTPException, ValueError):
            return None, {}
        finally:
            connection.close()
