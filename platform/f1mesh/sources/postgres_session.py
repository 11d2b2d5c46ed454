"""Sessions with a source database, whose errors say whether trying again may help."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from f1mesh.errors import PermanentError, TransientError

if TYPE_CHECKING:
    from psycopg import Connection

# Classes of SQLSTATE: connection, rollback, resources, objects in use, shutdown, system.
_TRANSIENT_STATES = ("08", "40", "53", "55", "57", "58")


@contextmanager
def session(url: str, name: str) -> Iterator[Connection]:
    """A transaction that ends with the block, and is undone by an error.

    Raises TransientError where the database fails, PermanentError where it refuses something;
    `name` is what the message calls it.
    """
    import psycopg

    try:
        with psycopg.connect(url, connect_timeout=10) as connection:
            yield connection
    except psycopg.Error as error:
        state = error.sqlstate or "08"
        kind = TransientError if state.startswith(_TRANSIENT_STATES) else PermanentError
        raise kind(f"{name}: {str(error).strip()}") from error


def ask(url: str, statement: str, name: str) -> list[dict[str, object]] | int:
    """The rows of the last statement's result, or how many rows it changed; then commits."""
    from psycopg.rows import dict_row

    with session(url, name) as connection:
        cursor = connection.cursor(row_factory=dict_row)
        cursor.execute(statement)
        while cursor.nextset():
            pass
        return cursor.fetchall() if cursor.description else cursor.rowcount
