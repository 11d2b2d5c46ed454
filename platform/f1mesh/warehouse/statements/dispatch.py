"""Which handler reads a statement, by its first words."""

from __future__ import annotations

from f1mesh.warehouse.errors import unsupported
from f1mesh.warehouse.sql.tokens import Cursor
from f1mesh.warehouse.statements import (
    alter,
    comments,
    describe,
    dml,
    insert,
    maintenance,
    merge,
    queries,
    schemas,
    settings,
    show,
    tables,
    views,
)
from f1mesh.warehouse.statements.context import Handler

_HANDLERS: dict[tuple[str, ...], Handler] = {
    ("SELECT",): queries.query,
    ("WITH",): queries.query,
    ("VALUES",): queries.query,
    ("FROM",): queries.query,
    ("(",): queries.query,
    ("TABLE",): queries.table,
    ("EXPLAIN",): queries.explain,
    ("CREATE", "SCHEMA"): schemas.create_schema,
    ("CREATE", "DATABASE"): schemas.create_schema,
    ("CREATE", "CATALOG"): schemas.create_catalog,
    ("CREATE", "TABLE"): tables.create_table,
    ("CREATE", "VIEW"): views.create_view,
    ("DROP", "SCHEMA"): schemas.drop_schema,
    ("DROP", "DATABASE"): schemas.drop_schema,
    ("DROP", "TABLE"): tables.drop_table,
    ("DROP", "VIEW"): views.drop_view,
    ("USE",): schemas.use,
    ("SET", "CATALOG"): schemas.set_catalog,
    ("SET",): settings.set_,
    ("RESET",): settings.reset,
    ("INSERT",): insert.insert,
    ("UPDATE",): dml.update,
    ("DELETE",): dml.delete,
    ("MERGE",): merge.merge,
    ("TRUNCATE",): dml.truncate,
    ("ALTER", "TABLE"): alter.alter_table,
    ("ALTER", "VIEW"): alter.alter_view,
    ("ALTER", "SCHEMA"): alter.alter_schema,
    ("COMMENT", "ON"): comments.comment_on,
    ("DESCRIBE",): describe.describe,
    ("DESC",): describe.describe,
    ("SHOW",): show.show,
    ("OPTIMIZE",): maintenance.optimize,
    ("VACUUM",): maintenance.vacuum,
    ("RESTORE",): maintenance.restore,
}
_MODIFIERS = {"OR", "REPLACE", "TEMPORARY", "TEMP", "GLOBAL", "EXTERNAL"}


def kind_of(cursor: Cursor) -> tuple[str, ...]:
    """The first words that decide: ("CREATE", "VIEW") for `create or replace temp view`."""
    first = cursor.word()
    if first == "CREATE":
        ahead = 1
        while cursor.word(ahead) in _MODIFIERS:
            ahead += 1
        return first, cursor.word(ahead)
    if (first, cursor.word(1)) in _HANDLERS:
        return first, cursor.word(1)
    return (first,)


def handler_for(cursor: Cursor) -> Handler:
    """The handler of a statement. Raises PARSE_SYNTAX_ERROR for an empty one and
    UNSUPPORTED_FEATURE for one that nothing here can honour."""
    if cursor.done:
        raise cursor.error("a statement")
    kind = kind_of(cursor)
    found = _HANDLERS.get(kind)
    if found is None:
        words = " ".join(word for word in kind if word) or cursor.source(cursor.tokens[0])
        if len(kind) == 1 and kind[0] not in _KNOWN_ELSEWHERE:
            raise cursor.error("a statement")
        raise unsupported(words, "Nothing was done.")
    return found


_KNOWN_ELSEWHERE = {
    "ALTER", "ANALYZE", "CACHE", "CALL", "CLEAR", "COMMENT", "COPY", "CREATE", "DECLARE", "DENY",
    "DROP", "EXECUTE", "FSCK", "GET", "GRANT", "LIST", "LOAD", "MSCK", "PUT", "REFRESH", "REMOVE",
    "REORG", "REPAIR", "REVOKE", "SYNC", "UNCACHE", "UNDROP",
}  # fmt: skip
