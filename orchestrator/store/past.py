"""How does PostgreSQL write what happened before now? By a clock of the caller's: for stories and demonstrations."""

from sqlalchemy import Engine

from orchestrator.clock import Clock
from orchestrator.store.postgres import PostgresStore


class PastStore(PostgresStore):
    """A PostgreSQL store on a clock of this process: the instant stands in the SQL of each transaction."""

    def __init__(self, engine: Engine, story: Clock) -> None:
        super().__init__(engine)
        self._story = story

    @property
    def _clock(self) -> str:
        return f"timestamptz '{self._story.now().isoformat()}'"

    @_clock.setter
    def _clock(self, _: str) -> None:
        """The parent sets it once; here it follows the story."""
