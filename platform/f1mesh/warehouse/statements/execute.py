"""Running one statement from its text to its result."""

from __future__ import annotations

from collections.abc import Callable

from f1mesh.warehouse.errors import SqlError
from f1mesh.warehouse.information_schema import InformationSchema
from f1mesh.warehouse.lease import Lease
from f1mesh.warehouse.resolution import Resolver
from f1mesh.warehouse.results import Result
from f1mesh.warehouse.sessions import Session
from f1mesh.warehouse.sql.limits import refuse_too_deep
from f1mesh.warehouse.sql.tokens import Cursor
from f1mesh.warehouse.statements.context import Context
from f1mesh.warehouse.statements.dispatch import handler_for, kind_of
from f1mesh.warehouse.warehouse import Warehouse


def execute(
    warehouse: Warehouse, session: Session, lease: Lease, text: str, note: Callable[[str], None]
) -> Result:
    """Run one statement; `note` is told of what kind it is. Raises SqlError."""
    cursor = Cursor(text)
    refuse_too_deep(cursor.tokens)
    note(" ".join(kind_of(cursor)).lower())
    handler = handler_for(cursor)
    catalog, logs = warehouse.catalog, warehouse.logs
    resolver = Resolver(session, catalog, logs, InformationSchema(catalog, logs))
    try:
        return handler(Context(warehouse, session, lease, resolver), cursor)
    except RecursionError as error:
        raise SqlError(
            "STATEMENT_TOO_COMPLEX", "The statement is nested too deep. Split it.", "54001"
        ) from error
