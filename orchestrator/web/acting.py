"""What does a person do to an episode? One form for each command; what is not done is told, and what was typed is kept.

Every page may send these forms. Each holds `csrf` and `key`, and may hold `seen` (the entry that the person saw),
`back` (an address of ours to return to), `role` (of several that he holds there), `reason`, `override` (gates,
repeatable) and `place` (the form of the patient's page into which what was typed is put back). Its own fields, by verb:

    record                one `fact.NAME` a fact, repeated for a set; `typed` says what stands for unknown
    confirm               `regimen` (repeatable), `parameter.NAME`; a taper's own steps as rows of
                          `parameter.steps.days` and `parameter.steps.dose`
    give                  `regimen`, `given_at`: a time of the hospital's clocks; empty is now
    miss, decline, stop   `regimen`
    retract               `target`
    complete              `task`
    acknowledge           `reminder`
    close                 `outcome`
    change-ward           `ward`; `anyway` says yes though nobody there could be told: see `web.transferring`

What takes something away says what it will do before: it is sent twice, the second time with `sure`.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Annotated
from urllib.parse import urlsplit, urlunsplit

from fastapi import APIRouter, Depends, Request
from starlette.responses import RedirectResponse, Response

from orchestrator.audit.story import Ahead
from orchestrator.bootstrap import System
from orchestrator.episode.commands import Actor, Command
from orchestrator.errors import CarepathError, Changed, Conflict, InputError, KeyReused, StoreError
from orchestrator.http.needs import principal
from orchestrator.http.serving import system_of
from orchestrator.pathway.model import Pathway
from orchestrator.service.handlers import Answer
from orchestrator.service.handlers import Request as Asked
from orchestrator.service.people.looking import Seen
from orchestrator.service.people.principal import Action
from orchestrator.service.ports import Collision
from orchestrator.web.account import BUSY, CHANGED, OTHER, RESENT, TWICE, Account, kind_of
from orchestrator.web.bedside import head, zone_of
from orchestrator.web.episode import show
from orchestrator.web.forms import Form, Sent, inside
from orchestrator.web.look import EpisodeId, OnEpisode, acting, record_look
from orchestrator.web.pages import render
from orchestrator.web.typed import CHANGE_WARD, VERBS, TwiceThatNight, command_of, key_of, seen_of, tag_of

router = APIRouter(include_in_schema=False)
TAKES_AWAY = frozenset({"stop", "close", "retract"})
_REASON_TO_COME = "…"
"""Stands for the reason while nobody has given it: what would follow can be told before."""
_UNPROCESSABLE, _PRECONDITION, _UNAVAILABLE = 422, 412, 503

_KINDS: tuple[tuple[type[CarepathError], str, int], ...] = (
    (Changed, CHANGED, _PRECONDITION), (KeyReused, RESENT, _UNPROCESSABLE), (Collision, BUSY, _UNAVAILABLE),
    (StoreError, BUSY, _UNAVAILABLE), (TwiceThatNight, TWICE, _UNPROCESSABLE), (CarepathError, OTHER, _UNPROCESSABLE),
)  # fmt: skip
"""Of what kind the account of an error is, and with which status it is answered; the first that fits."""


@dataclass(frozen=True)
class Wish:
    """One form that was sent: what a person wants to be done to an episode."""

    request: Request
    episode_id: str
    seen: Seen
    verb: str
    form: Form
    pathway: Pathway

    @property
    def system(self) -> System:
        """Return the system."""
        return system_of(self.request)

    def answer(self) -> Response:
        """Do it and go back, ask whether it is meant, or tell why it was not done."""
        command: Command | None = None
        try:
            command = command_of(self.verb, self.form, self.pathway, zone_of(self.request))
            key, seen = key_of(self.form), seen_of(self.form)
            if self.verb in TAKES_AWAY and self.form["sure"] != "yes":
                return self._ask(command)
            answer = self.system.handlers.execute(self._asked(command, key, seen))
        except (InputError, Conflict, StoreError) as error:
            return self._tell(self._account_of(error, command))
        return self._back(answer) if answer.accepted else self._tell(self._refusal(answer.code, answer.text, command))

    def _asked(self, command: Command, key: str, seen: int | None) -> Asked:
        glass = self.seen.glass
        wards = None if glass else principal(self.request).wards(Action.ACT)
        actor, tag = self._actor(bool(command.override)), tag_of(self.form)
        return Asked(self.episode_id, command, actor, key, seen, tag, wards=wards, glass=glass)

    def _actor(self, leading: bool) -> Actor:
        return acting(self.request, self.seen.posted, role=self.form["role"], leading=leading)

    def _back(self, answer: Answer) -> Response:
        """Go where the form says; the address tells which entry was made, and nothing of the patient."""
        scheme, host, path, query, part = urlsplit(inside(self.form["back"], self._home))
        kept = "&".join(each for each in query.split("&") if each and not each.startswith(("done=", "entry=")))
        query = "&".join(filter(None, (kept, f"done={self.verb}&entry={answer.seq}")))
        return RedirectResponse(urlunsplit((scheme, host, path, query, part)), 303)

    @property
    def _home(self) -> str:
        """Return the patient's page; where that is not there for who has just moved the patient away, the worklist."""
        gone = self.verb == CHANGE_WARD and not principal(self.request).may(Action.SEE, self.form["ward"])
        return "/worklist" if gone else f"/episodes/{self.episode_id}"

    # what is not done

    def _tell(self, account: Account) -> Response:
        record_look(self.request, self.seen, self.episode_id, "episode")
        return show(self.request, self.episode_id, self.seen, account=account, status=account.status)

    def _account_of(self, error: CarepathError, command: Command | None) -> Account:
        kind, status = next((kind, status) for type_, kind, status in _KINDS if isinstance(error, type_))
        text, wish = str(error).removeprefix(f"{error.code}: "), "" if command is None else self._ahead(command).wish
        seen = seen_of(self.form) if kind == CHANGED else None
        field = error.field if isinstance(error, TwiceThatNight) else ""
        return Account(self.verb, self.form, kind, error.code, text, status, wish, seen=seen, field=field)

    def _refusal(self, code: str, text: str, command: Command) -> Account:
        kind, wish = kind_of(code, self.pathway), self._ahead(command).wish
        return Account(self.verb, self.form, kind, code, text, _UNPROCESSABLE, wish, overrides=command.override)

    # what takes something away

    def _ask(self, command: Command) -> Response:
        """Say what it would do, and ask whether that is meant."""
        tried = replace(command, reason=command.reason or _REASON_TO_COME)
        ahead = self._ahead(tried)
        while ahead.code in self.pathway.gates and ahead.code not in tried.override and self._leads():
            tried = replace(tried, override=(*tried.override, ahead.code))
            ahead = self._ahead(tried)
        if ahead.code:
            return self._tell(self._refusal(ahead.code, ahead.text, command))
        record_look(self.request, self.seen, self.episode_id, self.verb)
        whole = self.system.telling.whole(self.episode_id, reminders=0)
        gates = [each for each in whole.now["gates"] if each["gate"] in tried.override]
        return render(
            self.request, "episode/sure.html", verb=self.verb, form=self.form, ahead=ahead, gates=gates,
            needs_reason=bool(gates) or self._needs_reason(command),
            **head(self.request, self.seen, whole, self.form["role"]),
        )  # fmt: skip

    def _needs_reason(self, command: Command) -> bool:
        return self._ahead(replace(command, reason=None)).code == "needs-reason"

    def _leads(self) -> bool:
        return self._actor(leading=True).role in self.pathway.permissions.get("override", frozenset())

    def _ahead(self, command: Command) -> Ahead:
        return self.system.telling.rehearse(self.episode_id, command, self._actor(bool(command.override)))


def _route(verb: str) -> Callable[..., Response]:
    def act(
        request: Request, episode_id: EpisodeId, form: Sent, seen: Annotated[Seen, Depends(OnEpisode(Action.ACT))]
    ) -> Response:
        pathway = system_of(request).telling.pathway(episode_id)
        return Wish(request, episode_id, seen, verb, form, pathway).answer()

    return act


for _verb in VERBS:
    if _verb == CHANGE_WARD:
        continue
    router.add_api_route(f"/episodes/{{episode_id}}/{_verb}", _route(_verb), methods=["POST"], name=_verb)
