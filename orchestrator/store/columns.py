"""How is a table described? What all of them share: names of constraints, comments, strict types."""

from typing import Any

from sqlalchemy import Column, MetaData
from sqlalchemy.schema import SchemaItem
from sqlalchemy.types import TypeEngine

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "pk": "pk_%(table_name)s",
    }
)

STRICT: dict[str, Any] = {"sqlite_strict": True}
CLUSTERED: dict[str, Any] = {"sqlite_strict": True, "sqlite_with_rowid": False}


def col(
    name: str, kind: TypeEngine[Any], comment: str, *args: SchemaItem, null: bool = False, default: str | None = None
) -> Column[Any]:
    """Return a column; comment: what it holds, for whoever looks into the database."""
    return Column(name, kind, *args, nullable=null, comment=comment, server_default=default)
