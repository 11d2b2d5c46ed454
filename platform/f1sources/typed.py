"""From strings to typed columns: a value that does not fit is read as empty where the column may be
empty, else its row is set aside."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, cast

from f1mesh.sources.csv_files import LINE, UNREADABLE, CsvFile
from f1mesh.sources.damage import EMPTIED, SET_ASIDE, Damage, Effect
from f1sources.ergast_schema import Column, Kind, Table

if TYPE_CHECKING:
    import pyarrow as pa
    from duckdb import DuckDBPyConnection

# Whole numbers may be written 7.0 (pandas does); dates also as older Kaggle files do (31/12/1999);
# `infinity`, `epoch` and years of six digits are dates for DuckDB, not here.
_CASTS: dict[Kind, str] = {
    "int": "case when {c} ~ '-?[0-9]+([.]0*)?' then try_cast({c} as integer) end",
    "bigint": "case when {c} ~ '-?[0-9]+([.]0*)?' then try_cast({c} as bigint) end",
    "decimal": "try_cast({c} as decimal(9, 3))",
    "float": "try_cast({c} as double)",
    "text": f"case when not contains({{c}}, '{UNREADABLE}') then {{c}} end",
    "date": "case when {c} ~ '[0-9]{{1,4}}[-/].*' then "
    "coalesce(try_cast({c} as date), cast(try_strptime({c}, '%d/%m/%Y') as date)) end",
    "time": "try_cast(regexp_replace({c}, 'Z$', '') as time)",
    "bool": "try_cast({c} as boolean)",
}
_KIND_NAMES: dict[Kind, str] = {
    "int": "a whole number",
    "bigint": "a whole number",
    "decimal": "a number",
    "float": "a number",
    "text": "text in UTF-8",
    "date": "a date (YYYY-MM-DD)",
    "time": "a time (HH:MM:SS)",
    "bool": "true or false",
}


def typed(duck: DuckDBPyConnection, file: CsvFile, table: Table) -> tuple[pa.Table, list[Damage]]:
    """The file's rows with the table's columns typed (those that the file has) and `__line`,
    without the rows that are set aside; and everything that was wrong."""
    columns = [column for column in table.columns if column.name in file.table.column_names]
    duck.register("untyped", file.table)
    names = ", ".join(_name(column) for column in columns)
    pairs = ", ".join(f'{_cast(column)} as "{column.name}", {_raw(column)}' for column in columns)
    duck.execute(
        f'create or replace temp table cast_rows as select {pairs}, "{LINE}" from '
        f'(select {", ".join(f"{_name(c)} as {_raw(c)}" for c in columns)}, "{LINE}" from untyped) '
        f"where coalesce({', '.join(_raw(c) for c in columns)}) is not null"
    )
    duck.unregister("untyped")
    damages = _damages(duck, file.name, table, columns)
    lost = sorted({found.line for found in damages if found.effect == SET_ASIDE})
    duck.execute("create or replace temp table bad_lines as select unnest(?) as line", [lost])
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


def _damages(
    duck: DuckDBPyConnection, file: str, table: Table, columns: list[Column]
) -> list[Damage]:
    faults = [(column, *fault) for column in columns for fault in _faults(column)]
    probes = ", ".join(f"bool_or({condition})" for _, _, condition in faults)
    probed = duck.execute(f"select {probes} from cast_rows").fetchone()
    there = cast(tuple[bool | None, ...], probed)
    key = f'cast("{table.own_key}" as varchar)' if table.own_key else "null"
    found: list[Damage] = []
    for (column, reason, condition), any_row in zip(faults, there, strict=True):
        if any_row:
            effect: Effect = SET_ASIDE if column.needed else EMPTIED
            rows = duck.execute(
                f'select "{LINE}", {_raw(column)}, {key} from cast_rows where {condition} '
                f'order by "{LINE}"'
            ).fetchall()
            found += [
                Damage(file, line, column.name, value, reason, effect, table.name, own)
                for line, value, own in rows
            ]
    return found


def _faults(column: Column) -> Iterator[tuple[str, str]]:
    """What can be wrong with a value, and the condition that finds it."""
    typed, raw = _name(column), _raw(column)
    yield f"not {_KIND_NAMES[column.kind]}", f"{raw} is not null and {typed} is null"
    if column.required:
        yield "must not be empty", f"{raw} is null"
