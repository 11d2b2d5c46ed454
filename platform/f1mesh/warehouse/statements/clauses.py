"""Clauses that several statements share: columns, properties, comments, constraints."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from f1mesh.warehouse.errors import SqlError, column_not_found, quoted, unsupported
from f1mesh.warehouse.sql.tokens import Cursor
from f1mesh.warehouse.sql.types import read_type
from f1mesh.warehouse.storage.constraints import CHECK_PREFIX, PRIMARY_KEY, VARCHAR, PrimaryKey


@dataclass
class ColumnSpec:
    """A column as declared."""

    name: str
    type: Any
    length: int | None = None
    nullable: bool = True
    comment: str | None = None

    def field(self) -> dict[str, Any]:
        """The column in Delta's schema JSON."""
        metadata: dict[str, Any] = {"comment": self.comment} if self.comment else {}
        if self.length is not None:
            metadata[VARCHAR] = f"varchar({self.length})"
        return {
            "name": self.name,
            "type": self.type,
            "nullable": self.nullable,
            "metadata": metadata,
        }


@dataclass
class Declared:
    """Columns and constraints in the parentheses of CREATE TABLE."""

    columns: list[ColumnSpec] = field(default_factory=list)
    configuration: dict[str, str] = field(default_factory=dict)


def read_columns(cursor: Cursor) -> Declared:
    """Read `( column type ..., constraint ... )`."""
    declared = Declared()
    cursor.expect("(")
    while True:
        if any(cursor.sees(w) for w in ("CONSTRAINT",)) or _bare_constraint(cursor):
            read_constraint(cursor, declared.configuration)
        else:
            declared.columns.append(read_column(cursor, declared.configuration))
        if not cursor.accept(","):
            break
    cursor.expect(")")
    refuse_repeated([c.name for c in declared.columns])
    return declared


def refuse_repeated(names: list[str]) -> None:
    """Raise COLUMN_ALREADY_EXISTS where a name stands twice (in any case)."""
    folded = [name.lower() for name in names]
    for name in names:
        if folded.count(name.lower()) > 1:
            raise SqlError(
                "COLUMN_ALREADY_EXISTS",
                f"The column {quoted([name])} already exists. Choose another name or rename it.",
                "42711",
            )


def _bare_constraint(cursor: Cursor) -> bool:
    return (
        cursor.sees("PRIMARY", "KEY") or cursor.sees("FOREIGN", "KEY") or cursor.sees("CHECK", "(")
    )


def read_column(cursor: Cursor, configuration: dict[str, str]) -> ColumnSpec:
    """Read one column with its options."""
    name = cursor.identifier()
    kind, length = read_type(cursor)
    column = ColumnSpec(name, kind, length)
    while True:
        if cursor.accept("NOT", "NULL"):
            column.nullable = False
        elif cursor.accept("COMMENT"):
            column.comment = cursor.string()
        elif cursor.accept("PRIMARY", "KEY"):
            key = PrimaryKey(f"{name}_pk", (name,))
            configuration[PRIMARY_KEY] = key.to_json()
            column.nullable = False
        elif cursor.sees("CONSTRAINT") or cursor.sees("REFERENCES") or cursor.sees("FOREIGN"):
            raise unsupported(
                "constraints named at a column, or foreign keys",
                "Declare PRIMARY KEY or CHECK constraints on the table.",
            )
        elif cursor.word() in ("DEFAULT", "GENERATED", "MASK", "COLLATE"):
            raise unsupported(
                f"{cursor.word()} on columns", "Give the value in the statement that writes."
            )
        else:
            return column


def read_constraint(cursor: Cursor, configuration: dict[str, str]) -> None:
    """Read `[CONSTRAINT name] CHECK (...) | PRIMARY KEY (...)` into a table's configuration."""
    name = cursor.identifier() if cursor.accept("CONSTRAINT") else None
    read_constraint_body(cursor, name, configuration)


def read_constraint_body(cursor: Cursor, name: str | None, configuration: dict[str, str]) -> None:
    """Read what stands after a constraint's name into a table's configuration."""
    if cursor.accept("CHECK"):
        condition = cursor.parens().strip()
        key = CHECK_PREFIX + (name or f"check_{len(configuration) + 1}").lower()
        if key in configuration:
            raise SqlError(
                "DELTA_CONSTRAINT_ALREADY_EXISTS",
                f"Constraint '{name}' already exists. Please delete the old constraint first.",
                "42710",
            )
        configuration[key] = condition
        cursor.accept("ENFORCED")
    elif cursor.accept("PRIMARY", "KEY"):
        columns = _key_columns(cursor)
        if PRIMARY_KEY in configuration:
            raise SqlError(
                "TABLE_WITH_PRIMARY_KEY", "The table already has a primary key.", "42710"
            )
        key_name = name or f"{'_'.join(columns)}_pk"
        configuration[PRIMARY_KEY] = PrimaryKey(key_name, tuple(columns)).to_json()
        cursor.accept("RELY")
        if cursor.word() == "NOT" or cursor.word() in ("DEFERRABLE", "INITIALLY", "NORELY"):
            raise unsupported("options of a primary key", "Here it is enforced: leave them out.")
    else:
        raise unsupported(
            "FOREIGN KEY constraints, which nothing here would enforce",
            "Test the relationship (dbt's `relationships` test) instead.",
        )


def _key_columns(cursor: Cursor) -> list[str]:
    cursor.expect("(")
    columns = [cursor.identifier()]
    if cursor.sees("TIMESERIES"):
        raise unsupported("TIMESERIES keys", "Leave TIMESERIES out.")
    while cursor.accept(","):
        columns.append(cursor.identifier())
    cursor.expect(")")
    return columns


def read_properties(cursor: Cursor) -> dict[str, str]:
    """Read `('key' = 'value', a.b = 1, ...)`."""
    properties = {}
    cursor.expect("(")
    while True:
        key = cursor.string() if cursor.sees_string() else ".".join(cursor.name())
        cursor.accept("=")
        properties[key] = _property_value(cursor)
        if not cursor.accept(","):
            break
    cursor.expect(")")
    return properties


def _property_value(cursor: Cursor) -> str:
    if cursor.sees_string():
        return cursor.string()
    sign = "-" if cursor.accept("-") else ""
    if cursor.word()[:1].isdigit():
        return sign + cursor.number()
    return cursor.identifier()


def find_field(fields: list[dict[str, Any]], name: str) -> dict[str, Any]:
    """The column of this name, in any case. Raises UNRESOLVED_COLUMN."""
    for each in fields:
        if each["name"].lower() == name.lower():
            return each
    raise column_not_found(name, [each["name"] for each in fields])


def require_columns(fields: list[dict[str, Any]], names: list[str]) -> list[str]:
    """The columns of these names as the table spells them."""
    return [str(find_field(fields, name)["name"]) for name in names]
