"""What is answered about holds and erasure."""

from typing import Annotated

from pydantic import BaseModel, Field

from orchestrator.api.answers import Reply


class Hold(BaseModel):
    """by, name: who holds it; the id twice where there is no account.   since: by the wall's time.

    asserted: nobody proved that it was this person.
    """

    by: str
    name: str
    asserted: bool
    since: str
    reason: str


class Held(Reply):
    """held: null where the record is not held.   episodes, open: how many the patient has, and how many are open."""

    episode_id: str
    erased: bool
    held: Hold | None
    episodes: int
    open: int
    records: Annotated[int, Field(description="How many were merged into this one patient; they are held together.")]


class HoldOn(Hold):
    """A hold, by an episode of the patient who is held."""

    episode_id: str


class Holds(Reply):
    holds: list[HoldOn]
    before: Annotated[str | None, Field(description="Send it as `before` for the next page; null at the end.")]


class Erased(Reply):
    erased: Annotated[list[str], Field(description="The episodes that nobody can read any more.")]
