"""Rules that span rows: the schema's conditions, keys that repeat, keys that lead nowhere."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

from f1mesh.sources.csv_files import LINE
from f1mesh.sources.damage import EMPTIED, LEFT_OUT, SET_ASIDE, Damage, DamageReport, Effect
from f1sources.ergast_schema import POSTGRES_TYPES, TABLES, Table, parents, quoted

if TYPE_CHECKING:
    import pyarrow as pa
    from duckdb import DuckDBPyConnection


def sound_rows(
    tables: Mapping[str, pa.Table],
    known_keys: Mapping[str, pa.Array],
    report: DamageReport,
    schema: tuple[Table, ...] = TABLES,
) -> dict[str, pa.Table]:
    """The rows that the database will take, table by table, parents first.

    A value that breaks a rule is read as empty where it may be. Of rows with the same key the first
    stays. A row whose parent is neither in the input nor among `known_keys` (those of the database)
    is set aside, and so are the rows that hang on it.
    """
    import duckdb

    duck = duckdb.connect(config={"threads": 2})
    sound: dict[str, pa.Table] = {}
    for name in parents(schema):
        report.parents.setdefault(name, f"{name}.csv")
    for table in schema:
        if table.name in tables:
            sound[table.name] = _sound(duck, table, tables[table.name], report)
        if table.name in report.parents:
            _remember_keys(duck, table, sound.get(table.name), known_keys.get(table.name))
            if span := _span(duck, table):
                report.spans[table.name] = span
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
    if not faults:
        return rows
    damages = [Damage(*fault[1:]) for fault in faults]
    report.add(damages)
    lost = {fault[0] for fault in faults if fault[6] != EMPTIED}
    duck.execute("create or replace temp table lost as select unnest(?) as __row", [sorted(lost)])
    emptied = ""
    for column in {found.column for found in damages if found.effect == EMPTIED}:
        bad = [fault[0] for fault in faults if fault[3] == column and fault[6] == EMPTIED]
        duck.execute(
            f'create or replace temp table "no {column}" as select unnest(?) as __row', [bad]
        )
        emptied += (
            f', case when __row not in (select __row from "no {column}") then "{column}" end '
            f'as "{column}"'
        )
    replaced = f" replace ({emptied[2:]})" if emptied else ""
    return (
        duck.execute(
            f"select * {replaced} from candidates where __row not in (select __row from lost) "
            "order by __row"
        )
        .to_arrow_table()
        .drop_columns(["__row"])
    )


def _faults(table: Table, names: list[str]) -> Iterator[str]:
    for column in table.columns:
        if column.name not in names:
            continue
        name = f'"{column.name}"'
        effect: Effect = SET_ASIDE if column.needed else EMPTIED
        if column.check:
            rule = column.check.replace('"', "")
            broken = f"not ({column.check})"
            yield _fault(table, column.name, f"breaks the rule {rule}", broken, effect)
        parent = dict(table.references).get(column.name)
        if parent:
            known = f'select 1 from "keys of {parent}" as parent where parent.key = c.{name}'
            absent = f"not exists ({known})" + ("" if column.required else f" and {name} not null")
            yield _fault(
                table, column.name, f"no such row in {parent}", absent, effect, f"'{parent}'"
            )
        elif column.required:
            yield _fault(table, column.name, "must not be empty", f"{name} is null", effect)
    for key in (table.key, *table.unique):
        yield _repeated(table, key, names)


def _fault(
    table: Table, column: str, reason: str, condition: str, effect: Effect, missing: str = "null"
) -> str:
    reason = reason.replace("'", "''")
    return (
        f"select __row, __file, {LINE}, '{column}', cast(c.\"{column}\" as varchar), '{reason}', "
        f"'{effect}', '{table.name}', {_own_key(table)}, {missing} "
        f"from candidates as c where {condition}"
    )


def _repeated(table: Table, key: tuple[str, ...], names: list[str]) -> str:
    """Rows with the key of an earlier one: as damage, or as mere repetitions of a whole row."""
    label = " + ".join(key)
    value = " || ', ' || ".join(f"coalesce(cast(\"{name}\" as varchar), '')" for name in key)
    same = " and ".join(f'e."{name}" is not distinct from c."{name}"' for name in names)
    return (
        f"select __row, __file, {LINE}, '{label}', {value}, "
        "if(whole, 'says again what an earlier row says', 'the key is there already'), "
        f"if(whole, '{LEFT_OUT}', '{SET_ASIDE}'), '{table.name}', {_own_key(table)}, null "
        f"from (select c.*, exists (select 1 from candidates as e where {same} "
        "and e.__row < c.__row) as whole from (select *, row_number() over "
        f"(partition by {quoted(key)} order by __row) > 1 as again from candidates) as c "
        "where again) as c"
    )


def _own_key(table: Table) -> str:
    return f'cast(c."{table.own_key}" as varchar)' if table.own_key else "null"


def _remember_keys(
    duck: DuckDBPyConnection, table: Table, rows: pa.Table | None, known: pa.Array | None
) -> None:
    import pyarrow as pa

    key = table.key[0]
    kind = POSTGRES_TYPES[table.column(key).kind]
    duck.execute(f'create temp table "keys of {table.name}" (key {kind})')
    for keys in (rows[key] if rows is not None else None, known):
        if keys is not None:
            duck.register("new_keys", pa.table({"key": keys}))
            duck.execute(f'insert into "keys of {table.name}" select distinct key from new_keys')
            duck.unregister("new_keys")


def _span(duck: DuckDBPyConnection, table: Table) -> tuple[int, int] | None:
    """The lowest and highest key, if keys are numbers and there are any."""
    found = duck.execute(f'select min(key), max(key) from "keys of {table.name}"').fetchone()
    return found if found and isinstance(found[0], int) else None
