"""Errors of SQL statements, with the condition names and SQLSTATEs of Databricks."""

from __future__ import annotations

from collections.abc import Sequence

from f1mesh.errors import PermanentError
from f1mesh.sql_text import dotted


class SqlError(PermanentError):
    """A statement failed: `[CONDITION] what was wrong and what to do. SQLSTATE: xxxxx`."""

    def __init__(self, condition: str, message: str, sqlstate: str) -> None:
        super().__init__(f"[{condition}] {message} SQLSTATE: {sqlstate}")
        self.condition = condition
        self.sqlstate = sqlstate


def quoted(parts: Sequence[str]) -> str:
    """A name as Databricks shows it in messages: `a`.`b`.`c`."""
    return dotted(*parts)


def unsupported(what: str, remedy: str) -> SqlError:
    """The embedded warehouse cannot honour this, and says so instead of ignoring it."""
    return SqlError(
        "UNSUPPORTED_FEATURE", f"The embedded warehouse does not support {what}. {remedy}", "0A000"
    )


def syntax_error(near: str, line: int, column: int, expected: str = "") -> SqlError:
    """The statement cannot be read at this place."""
    hint = f" Expected {expected}." if expected else ""
    where = f"at or near '{near}'" if near else "at the end of the statement"
    return SqlError(
        "PARSE_SYNTAX_ERROR", f"Syntax error {where} (line {line}, column {column}).{hint}", "42601"
    )


def table_not_found(parts: Sequence[str]) -> SqlError:
    return SqlError(
        "TABLE_OR_VIEW_NOT_FOUND",
        f"The table or view {quoted(parts)} cannot be found. Verify the spelling and correctness "
        "of the schema and catalog.",
        "42P01",
    )


def table_exists(parts: Sequence[str]) -> SqlError:
    return SqlError(
        "TABLE_OR_VIEW_ALREADY_EXISTS",
        f"Cannot create table or view {quoted(parts)} because it already exists. Choose a "
        "different name, drop or replace the existing object, or add the IF NOT EXISTS clause.",
        "42P07",
    )


def schema_not_found(parts: Sequence[str]) -> SqlError:
    return SqlError(
        "SCHEMA_NOT_FOUND",
        f"The schema {quoted(parts)} cannot be found. Verify the spelling and correctness of the "
        "schema and catalog.",
        "42704",
    )


def catalog_not_found(name: str) -> SqlError:
    return SqlError("NO_SUCH_CATALOG_EXCEPTION", f"Catalog '{name}' was not found.", "42704")


def column_not_found(name: str, known: Sequence[str]) -> SqlError:
    return SqlError(
        "UNRESOLVED_COLUMN.WITH_SUGGESTION",
        f"A column with name {quoted([name])} cannot be resolved. Did you mean one of the "
        f"following? [{', '.join(quoted([k]) for k in known)}].",
        "42703",
    )
