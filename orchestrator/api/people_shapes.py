"""What may be asked about people, and what comes back? Bodies and answers of `api.people`."""

from typing import Annotated, Any

from pydantic import BaseModel, Field

from orchestrator.api.answers import Reply
from orchestrator.api.bodies import Body, Text, examples
from orchestrator.service.people.principal import Action

_POST = {"ward": "ward-7", "role": "nurse"}
Language = Annotated[str, Field(max_length=10, pattern=r"^[a-z]{0,3}$", description="A code such as de; empty: none.")]
Scopes = Annotated[
    list[str],
    Field(
        min_length=1, max_length=len(Action), description="What the token may do.",
        json_schema_extra={"items": {"type": "string", "enum": list(Action)}},
    ),
]  # fmt: skip


class Post(Body):
    """A role on a ward; the ward * stands for all."""

    ward: Text
    role: Annotated[str, Field(pattern=r"^[a-z][a-z0-9-]{0,39}$")]


Posts = Annotated[list[Post], Field(max_length=200)]


class Nothing(Body):
    """An empty object: the address says it all."""


class AddPerson(Body):
    model_config = examples({"login": "n.nurse", "name": "N. Nurse", "posts": [_POST]})
    login: Annotated[str, Field(max_length=64, description="2 to 64 letters a to z, digits and . _ @ -")]
    name: Annotated[str, Field(min_length=1, max_length=100)]
    language: Language = ""
    posts: Posts = []
    password: Annotated[bool, Field(description="false: comes in through the hospital's provider alone.")] = True


class ChangePerson(Body):
    model_config = examples({"name": "N. Nurse", "language": "de"})
    name: Annotated[str | None, Field(min_length=1, max_length=100)] = None
    language: Language | None = None


class SetPosts(Body):
    model_config = examples({"posts": [_POST]})
    posts: Posts


class MakeToken(Body):
    model_config = examples({"label": "laboratory link", "scopes": ["see"], "days": 90})
    label: Annotated[str, Field(min_length=1, max_length=100, description="What it is for.")]
    scopes: Scopes
    days: Annotated[int, Field(ge=1, le=366)]


class SpeakTo(Body):
    model_config = examples({"language": "de"})
    language: Language


class EndToken(Body):
    model_config = examples({"token_id": "t-0123456789ab"})
    token_id: Annotated[str, Field(pattern=r"^t-[0-9a-f]{12}$")]


class EndSessions(Body):
    model_config = examples({"session_id": "s-0123456789ab"}, {})
    session_id: Annotated[str, Field(pattern=r"^(s-[0-9a-f]{12})?$", description="Empty: all of them.")] = ""


class Identity(Body):
    model_config = examples({"issuer": "https://login.hospital.example", "subject": "248289761001"})
    issuer: Annotated[str, Field(min_length=8, max_length=500, pattern=r"^https?://[!-~]+$")]
    subject: Annotated[str, Field(min_length=1, max_length=255, pattern=r"^[ -~]+$")]


class TakeOff(Body):
    model_config = examples({"reason": "lost the telephone, and came with the badge"})
    reason: Annotated[str, Field(min_length=1, max_length=500, description="Why; it stands in the record.")]


class Account(Reply):
    """An account. seq: the number of its last change.   tag: its entity tag.   signs_in: has a password.

    second_factor: since when a code is asked for after it; null for none.
    """

    person_id: str
    login: str
    name: str
    language: str
    posts: list[dict[str, Any]]
    signs_in: bool
    second_factor: str | None
    locked_until: str | None
    created_at: str
    ended_at: str | None
    identities: list[dict[str, Any]]
    seq: int
    tag: str


class Accounts(Reply):
    """A page, by name. after: cursor of the next one, null at the end."""

    people: list[dict[str, Any]]
    after: str | None


class Me(Reply):
    """Who asks. scopes: what the token may do of what the posts allow."""

    actor_id: str
    posts: list[dict[str, Any]]
    scopes: list[str]
    account: dict[str, Any] | None


class Token(BaseModel):
    token_id: str
    label: str
    scopes: list[str]
    made_at: str
    expires_at: str
    ended: bool
    last_used_at: str | None


class Tokens(Reply):
    """A page. after: cursor of the next one, null at the end."""

    tokens: list[Token]
    after: str | None


class Session(BaseModel):
    """A browser in which a person is signed in. session_id: names it, opens nothing.   seen_at: to the minute."""

    session_id: str
    made_at: str
    seen_at: str


class Sessions(Reply):
    """A page, the first made first. after: cursor of the next one, null at the end."""

    sessions: list[Session]
    after: str | None


class StaffDone(Reply):
    """What became of a change. record: its number.   repeated: this key came before: the first answer again.

    password, token: in the first answer alone, and nowhere else.
    """

    person_id: str
    record: int
    at: str
    repeated: bool
    password: str | None = None
    token_id: str | None = None
    token: str | None = None


class StaffRecords(Reply):
    """A page, the latest first. before: cursor of the next one, null at the end."""

    records: list[dict[str, Any]]
    before: str | None
