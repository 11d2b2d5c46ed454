"""From strings to typed columns: rows whose values do not fit are set aside."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from f1mesh.sources.csv_files import LINE, CsvFile
from f1mesh.sources.damage import Damage
from f1mesh.sources.ergast_schema import Column, Kind

if TYPE_CHECKING:
    import pyarrow as pa
    from duckdb import DuckDBPyConnection

# Whole numbers may be written 7.0 (pandas does); dates also as older Kaggle files do (31/12/1999).
_CASTS: dict[Kind, str] = {
    "int": "case when {c} ~ '-?[0-9]+([.]0*)?' then try_cast({c} as integer) end",
    "bigint": "case when {c} ~ '-?[0-9]+([.]0*)?' then try_cast({c} as bigint) end",
    "decimal": "try_cast({c} as decimal(9, 3))",
    "float": "try_cast({c} as double)",
    "text": "{c}",
    "date": "coalesce(try_cast({c} as date), cast(try_strptime({c}, '%d/%m/%Y') as date))",
    "time": "try_cast(regexp_replace({c}, 'Z$', '') as time)",
    "bool": "try_cast({c} as boolean)",
}
DUCKDB_TYPES: dict[Kind, str] = {
    "int": "integer",
    "bigint": "bigint",
    "decimal": "decimal(9, 3)",
    "float": "double",
    "text": "varchar",
    "date": "date",
    "time": "time",
    "bool": "boolean",
}
_KIND_NAMES: dict[Kind, str] = {
    "int": "a whole number",
    "bigint": "a whole number",
    "decimal": "a number",
    "float": "a number",
    "text": "text",
    "date": "a date (YYYY-MM-DD)",
    "time": "a time (HH:MM:SS)",
    "bool": "true or false",
}


def typed(
    duck: DuckDBPyConnection, file: CsvFile, columns: Sequence[Column]
) -> tuple[pa.Table, list[Damage]]:
    """The file's rows with `columns` typed (those that the file has) and `__line`, without the rows
    that do not fit; and what was wrong with those."""
    duck.register("untyped", file.table)
    names = ", ".join(f'"{column.name}"' for column in columns)
    pairs = ", ".join(f'{_cast(column)} as "{column.name}", {_raw(column)}' for column in columns)
    duck.execute(
        f'create or replace temp table cast_rows as select {pairs}, "{LINE}" from '
        f'(select {", ".join(f"{_name(c)} as {_raw(c)}" for c in columns)}, "{LINE}" from untyped)'
    )
    duck.unregister("untyped")
    damages = [found for column in columns for found in _damages(duck, file.name, column)]
    duck.execute("create or replace temp table bad_lines (line integer)")
    if damages:
        duck.executemany("insert into bad_lines values (?)", [[found.line] for found in damages])
    good = duck.execute(
        f'select {names}, "{LINE}" from cast_rows '
        f'where "{LINE}" not in (select line from bad_lines) order by "{LINE}"'
    ).to_arrow_table()
    return good, damages


def _name(column: Column) -> str:
    return f'"{column.name}"'


def _raw(column: Column) -> str:
    return f'"raw {column.name}"'


def _cast(column: Column) -> str:
    return _CASTS[column.kind].format(c=_raw(column))


def _damages(duck: DuckDBPyConnection, file: str, column: Column) -> list[Damage]:
    typed, raw = _name(column), _raw(column)
    faults = [(f"{raw} is not null and {typed} is null", f"not {_KIND_NAMES[column.kind]}")]
    if column.required:
        faults.append((f"{raw} is null", "must not be empty"))
    found: list[Damage] = []
    for condition, reason in faults:
        rows = duck.execute(
            f'select "{LINE}", {raw} from cast_rows where {condition} order by "{LINE}"'
        ).fetchall()
        found += [Damage(file, line, column.name, value, reason) for line, value in rows]
    return found
