"""How is the answer to a program's command kept for whoever repeats it? The same for both databases."""

from datetime import datetime

from sqlalchemy import delete, insert, select, update

from orchestrator.service.rows import AnswerRow
from orchestrator.store import staff_tables as s
from orchestrator.store.people import PeopleWrites

_A = s.answer.c
_ANSWERS = select(*(_A[name] for name in AnswerRow._fields))


class AnswerWrites(PeopleWrites):
    """Writes within the transaction of one connection; see `service.ports.Change`."""

    def answer_of(self, cause: bytes) -> AnswerRow | None:
        self._hold(cause.hex())
        row = self._sql.execute(_ANSWERS.where(_A.cause == cause)).first()
        return None if row is None else AnswerRow(*row)

    def add_answer(self, row: AnswerRow) -> None:
        self._sql.execute(insert(s.answer).values(**row._asdict()))

    def amend_answer(self, cause: bytes, answer: str) -> None:
        self._sql.execute(update(s.answer).where(_A.cause == cause).values(answer=answer))

    def forget_answers(self, before: datetime, limit: int) -> None:
        oldest = select(_A.cause).where(_A.at < before).order_by(_A.at).limit(limit).with_for_update(skip_locked=True)
        gone = [row[0] for row in self._sql.execute(oldest)]
        if gone:
            self._sql.execute(delete(s.answer).where(_A.cause.in_(gone)))
