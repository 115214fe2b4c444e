"""How are the first rows of an order found among millions, without a sort? Each value by itself, by its own index.

An index over (role, told_at) gives the latest of one role at once. Asked for several, or for all, a server reads every
row and sorts; so each value is asked for by itself, and what they give is put together.
"""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import ColumnElement, Select, Subquery, func, select, union_all


def distinct(column: ColumnElement[Any], *where: ColumnElement[bool]) -> Select[Any]:
    """Return the values of a column that an index begins with: a step for each of them, however many rows there are."""
    first = select(func.min(column).label("value")).where(*where)
    steps = first.cte(recursive=True)
    following = select(func.min(column)).where(column > steps.c.value, *where).correlate(steps).scalar_subquery()
    steps = steps.union_all(select(following).where(steps.c.value.is_not(None)))
    return select(steps.c.value).where(steps.c.value.is_not(None))


def first_of(parts: Sequence[Select[Any]], order: Sequence[ColumnElement[Any]], limit: int, name: str) -> Subquery:
    """Return the first rows of several selections of the same columns, of each of which no more is read.

    order: of the selections' own columns.   name: of the table whose columns they have, which stands for them outside.
    """
    each = [select(part.order_by(*order).limit(limit).subquery()) for part in parts]
    return (each[0] if len(each) == 1 else union_all(*each)).subquery(name)
