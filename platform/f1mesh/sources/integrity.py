"""Rules that span rows: the schema's conditions, keys that repeat, keys that lead nowhere."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

from f1mesh.sources.csv_files import LINE
from f1mesh.sources.damage import Damage, DamageReport
from f1mesh.sources.ergast_schema import BY_NAME, TABLES, Table, quoted

if TYPE_CHECKING:
    import pyarrow as pa
    from duckdb import DuckDBPyConnection

PARENTS = tuple(dict.fromkeys(parent for table in TABLES for _, parent in table.references))


def sound_rows(
    tables: Mapping[str, pa.Table], known_keys: Mapping[str, pa.Array], report: DamageReport
) -> dict[str, pa.Table]:
    """The rows that the database will take, table by table, parents first.

    Of rows with the same key the first stays. A row whose parent is neither in the input nor among
    `known_keys` (those of the database) is set aside, and so are the rows that hang on it.
    """
    import duckdb

    duck = duckdb.connect(config={"threads": 2})
    sound: dict[str, pa.Table] = {}
    for table in TABLES:
        if table.name in tables:
            sound[table.name] = _sound(duck, table, tables[table.name], report)
        if table.name in PARENTS:
            _remember_keys(duck, table, sound.get(table.name), known_keys.get(table.name))
    return sound


def _sound(
    duck: DuckDBPyConnection, table: Table, rows: pa.Table, report: DamageReport
) -> pa.Table:
    duck.register("incoming", rows)
    duck.execute(
        "create or replace temp table candidates as "
        "select *, row_number() over () as __row from incoming"
    )
    names = [name for name in table.names if name in rows.column_names]
    faults = duck.execute(
        " union all ".join(_faults(table, names)) + f" order by __row, {LINE}"
    ).fetchall()
    duck.unregister("incoming")
    report.add(Damage(*fault[1:]) for fault in faults)
    bad = sorted({fault[0] for fault in faults})
    if not bad:
        return rows.select(names)
    duck.execute("create or replace temp table bad_rows as select unnest(?) as __row", [bad])
    return duck.execute(
        f"select {quoted(names)} from candidates "
        "where __row not in (select __row from bad_rows) order by __row"
    ).to_arrow_table()


def _faults(table: Table, names: list[str]) -> Iterator[str]:
    for column in table.columns:
        if column.name not in names:
            continue
        name = f'"{column.name}"'
        if column.check:
            rule = column.check.replace('"', "")
            yield _fault(column.name, f"breaks the rule {rule}", f"not ({column.check})")
        parent = dict(table.references).get(column.name)
        if parent:
            known = f'select 1 from "keys of {parent}" as parent where parent.key = c.{name}'
            yield _fault(column.name, f"no such row in {parent}", f"not exists ({known})")
        elif column.required:
            yield _fault(column.name, "must not be empty", f"{name} is null")
    for key in (table.key, *table.unique):
        label = " + ".join(key)
        again = f"row_number() over (partition by {quoted(key)} order by __row) > 1"
        value = " || ', ' || ".join(f"coalesce(cast(\"{name}\" as varchar), '')" for name in key)
        yield (
            f"select __row, __file, {LINE}, '{label}', {value}, 'the key is there already' "
            f"from (select *, {again} as again from candidates) where again"
        )


def _fault(column: str, reason: str, condition: str) -> str:
    reason = reason.replace("'", "''")
    return (
        f"select __row, __file, {LINE}, '{column}', cast(c.\"{column}\" as varchar), '{reason}' "
        f"from candidates as c where {condition}"
    )


def _remember_keys(
    duck: DuckDBPyConnection, table: Table, rows: pa.Table | None, known: pa.Array | None
) -> None:
    import pyarrow as pa

    key = BY_NAME[table.name].key[0]
    keys = [rows[key].combine_chunks()] if rows is not None else []
    if known is not None:
        keys.append(known)
    merged = (
        pa.concat_arrays([k.cast(pa.int64()) for k in keys]) if keys else pa.array([], pa.int64())
    )
    duck.register("new_keys", pa.table({"key": merged}))
    duck.execute(f'create temp table "keys of {table.name}" as select distinct key from new_keys')
    duck.unregister("new_keys")
