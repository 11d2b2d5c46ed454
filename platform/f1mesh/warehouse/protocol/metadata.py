"""Answers of GetCatalogs, GetSchemas, GetTables, GetColumns and GetInfo."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from f1mesh.warehouse.catalog.entries import Entry, View
from f1mesh.warehouse.protocol.thrift import types as ttypes
from f1mesh.warehouse.relations import Column, Relation, existing
from f1mesh.warehouse.results import Result, rows_result
from f1mesh.warehouse.sessions import Session
from f1mesh.warehouse.warehouse import Warehouse

# java.sql.Types, in which JDBC-like clients want to have column types
_JDBC = {
    "boolean": 16, "tinyint": -6, "smallint": 5, "int": 4, "bigint": -5, "float": 6, "double": 8,
    "decimal": 3, "string": 12, "varchar": 12, "binary": -2, "date": 91, "timestamp": 93,
    "timestamp_ntz": 93, "array": 2003, "map": 2000, "struct": 2002,
}  # fmt: skip


def info(kind: int) -> Any:
    """One fact about the server."""
    names = {
        ttypes.TGetInfoType.CLI_SERVER_NAME: "Spark SQL",
        ttypes.TGetInfoType.CLI_DBMS_NAME: "Spark SQL",
        ttypes.TGetInfoType.CLI_DBMS_VER: "4.0.0",
    }
    return ttypes.TGetInfoValue(stringValue=names.get(kind, ""))


def pattern(text: str | None) -> re.Pattern[str]:
    """A metadata pattern: `%` for any characters, `_` for one, `\\` before either as itself."""
    out, escaped = "", False
    for char in text or "%":
        if escaped:
            out, escaped = out + re.escape(char), False
        elif char == "\\":
            escaped = True
        else:
            out += {"%": ".*", "*": ".*", "_": "."}.get(char, re.escape(char))
    return re.compile(out, re.IGNORECASE | re.DOTALL)


def _catalogs(warehouse: Warehouse, wanted: str | None) -> list[str]:
    found = pattern(wanted)
    return [c for c in warehouse.catalog.catalogs() if found.fullmatch(c)]


def catalogs(warehouse: Warehouse, session: Session, req: Any) -> Result:
    return rows_result(["TABLE_CAT"], [(c,) for c in warehouse.catalog.catalogs()])


def schemas(warehouse: Warehouse, session: Session, req: Any) -> Result:
    wanted = pattern(req.schemaName)
    rows = [
        (schema, catalog)
        for catalog in _catalogs(warehouse, req.catalogName)
        for schema in warehouse.catalog.schemas(catalog)
        if wanted.fullmatch(schema)
    ]
    return rows_result(["TABLE_SCHEM", "TABLE_CATALOG"], rows)


def table_types(warehouse: Warehouse, session: Session, req: Any) -> Result:
    return rows_result(["TABLE_TYPE"], [("TABLE",), ("VIEW",)])


def _entries(warehouse: Warehouse, req: Any) -> Iterator[tuple[Entry, Relation]]:
    patterns = [pattern(p) for p in (req.catalogName, req.schemaName, req.tableName)]
    entries = [
        e
        for e in warehouse.catalog.entries()
        if all(p.fullmatch(part) for p, part in zip(patterns, e.name, strict=True))
    ]
    yield from existing(entries, warehouse.logs)


def _kind(entry: Entry) -> str:
    return "VIEW" if isinstance(entry.what, View) else "TABLE"


def tables(warehouse: Warehouse, session: Session, req: Any) -> Result:
    names = [
        "TABLE_CAT", "TABLE_SCHEM", "TABLE_NAME", "TABLE_TYPE", "REMARKS", "TYPE_CAT",
        "TYPE_SCHEM", "TYPE_NAME", "SELF_REFERENCING_COL_NAME", "REF_GENERATION",
    ]  # fmt: skip
    rows = [
        (*e.name, _kind(e), what.comment or "", None, None, None, None, None)
        for e, what in _entries(warehouse, req)
        if not req.tableTypes or _kind(e) in req.tableTypes
    ]
    return rows_result(names, rows)


def columns(warehouse: Warehouse, session: Session, req: Any) -> Result:
    names = [
        "TABLE_CAT",
        "TABLE_SCHEM",
        "TABLE_NAME",
        "COLUMN_NAME",
        "DATA_TYPE",
        "TYPE_NAME",
        "COLUMN_SIZE",
        "BUFFER_LENGTH",
        "DECIMAL_DIGITS",
        "NUM_PREC_RADIX",
        "NULLABLE",
        "REMARKS",
        "COLUMN_DEF",
        "SQL_DATA_TYPE",
        "SQL_DATETIME_SUB",
        "CHAR_OCTET_LENGTH",
        "ORDINAL_POSITION",
        "IS_NULLABLE",
        "SCOPE_CATALOG",
        "SCOPE_SCHEMA",
        "SCOPE_TABLE",
        "SOURCE_DATA_TYPE",
        "IS_AUTO_INCREMENT",
    ]
    integers = {4, 6, 7, 8, 9, 10, 13, 14, 15, 16, 21}
    types = ["int" if i in integers else "string" for i in range(len(names))]
    wanted = pattern(req.columnName)
    rows = [
        _column(entry, column, i)
        for entry, what in _entries(warehouse, req)
        for i, column in enumerate(what.columns)
        if wanted.fullmatch(column.name)
    ]
    return rows_result(names, rows, types)


def _column(entry: Entry, column: Column, position: int) -> tuple[Any, ...]:
    base = column.sql_type.split("(")[0].split("<")[0]
    size = digits = None
    if base == "decimal":
        size, digits = (int(n) for n in column.sql_type[8:-1].split(","))
    nullable = int(column.nullable)
    return (
        *entry.name, column.name, _JDBC.get(base, 1111), column.ddl_type, size, None,
        digits, 10, nullable, column.comment or "", None, None, None, None, position,
        "YES" if nullable else "NO", None, None, None, None, "NO",
    )  # fmt: skip
