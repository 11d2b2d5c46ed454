"""Writing to the Ergast database: one transaction, upserts that touch only what changed."""

from __future__ import annotations

import io
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, cast

from f1mesh.errors import PermanentError
from f1mesh.sources.postgres_session import session
from f1sources.ergast_schema import (
    BY_NAME,
    PARENTS,
    PROVENANCE,
    TABLES,
    Table,
    create_sql,
    quoted,
)
from f1sources.f1db import REFERENCES

if TYPE_CHECKING:
    import pyarrow as pa
    from psycopg import Connection, Cursor

_LOCK = 0xF1DA7A
NAME = "The Ergast database"
"""What messages call it."""


@dataclass(frozen=True)
class TableChange:
    """What a load did to one table."""

    rows: int
    inserted: int = 0
    updated: int = 0
    deleted: int = 0


@contextmanager
def load_transaction(url: str) -> Iterator[Connection]:
    """A transaction of a load; loads wait for each other. Raises as `session` does."""
    import psycopg

    with session(url, NAME) as connection:
        connection.execute("select pg_advisory_xact_lock(%s)", [_LOCK])
        try:
            yield connection
            connection.execute("set constraints all immediate")
        except psycopg.errors.UniqueViolation as error:
            raise PermanentError(
                f"The database refused the data: {error.diag.message_detail or error} Was another "
                "history loaded into it? Use another dataset (F1_DATASET=name), or `./f1 clean`."
            ) from error


def run(
    connection: Connection, statement: str, parameters: tuple[object, ...] = ()
) -> Cursor[tuple[object, ...]]:
    """Run a statement whose text this package composed (names only from the schema)."""
    return connection.execute(statement, parameters or None)


def prepare(connection: Connection) -> bool:
    """Create the schema if it is not there; True if the database holds no races yet."""
    if not _is_prepared(connection):
        connection.execute("set local client_min_messages to warning")
        run(connection, create_sql())
    return run(connection, "select 1 from races limit 1").fetchone() is None


def provenance(connection: Connection) -> dict[str, str]:
    """What is loaded: source, version, simulated, fingerprint, loaded_at, licence."""
    rows = run(connection, "select key, value from provenance").fetchall()
    return {str(key): str(value) for key, value in rows}


def remember_provenance(connection: Connection, facts: Mapping[str, str]) -> None:
    """Replace the facts about what is loaded."""
    import pyarrow as pa

    upsert(connection, PROVENANCE, pa.table({"key": list(facts), "value": list(facts.values())}))
    remove_absent(connection, PROVENANCE)


def known_ids(connection: Connection) -> dict[str, dict[str, int]]:
    """The integer ids that references have: table -> reference -> id."""
    ids: dict[str, dict[str, int]] = {}
    for table, reference in REFERENCES.items():
        key = BY_NAME[table].key[0]
        rows = run(connection, f'select "{reference}", "{key}" from "{table}"').fetchall()
        ids[table] = {str(ref): cast(int, number) for ref, number in rows}
    return ids


def parent_keys(connection: Connection) -> dict[str, pa.Array]:
    """The keys of all tables that others refer to."""
    import pyarrow as pa

    keys = {}
    for table in PARENTS:
        rows = run(connection, f'select "{BY_NAME[table].key[0]}" from "{table}"').fetchall()
        keys[table] = pa.array([cast(int, key) for (key,) in rows], pa.int64())
    return keys


def refuse_other_history(connection: Connection, tables: Mapping[str, pa.Table]) -> None:
    """Raises PermanentError if the same ids mean other drivers than in the database.

    Files of different publishers number drivers differently; mixing them would give one driver's
    results to another.
    """
    drivers = tables.get("drivers")
    if drivers is None:
        return
    known = {number: ref for ref, number in known_ids(connection)["drivers"].items()}
    pairs = zip(drivers["driverId"].to_pylist(), drivers["driverRef"].to_pylist(), strict=True)
    shared = [(number, ref, known[number]) for number, ref in pairs if number in known]
    other = [row for row in shared if row[1] != row[2]]
    if len(other) > len(shared) * 0.1:
        number, new, old = other[0]
        raise PermanentError(
            f"The database numbers drivers differently: {len(other)} of {len(shared)} ids are "
            f"other people (driverId {number} is '{old}' there, '{new}' in the files). Load files "
            "of another publisher into another dataset (F1_DATASET=name), or `./f1 clean` first."
        )


def upsert(connection: Connection, table: Table, rows: pa.Table) -> TableChange:
    """Insert new rows and change those that differ; columns that `rows` lacks keep their values."""
    names = [name for name in table.names if name in rows.column_names]
    staged = f'"incoming_{table.name}"'
    run(
        connection,
        f"create temp table {staged} on commit drop as "
        f'select {quoted(names)} from "{table.name}" with no data',
    )
    with connection.cursor() as cursor:
        copy = f"copy {staged} ({quoted(names)}) from stdin (format csv)"
        with cursor.copy(copy) as target:
            target.write(_as_csv(rows.select(names)))
    rest = [name for name in names if name not in table.key]
    excluded = ", ".join(f'excluded."{name}"' for name in rest)
    changed = ", ".join(f'"{name}" = excluded."{name}"' for name in rest)
    mine = ", ".join(f't."{name}"' for name in rest)
    action = f"update set {changed} where ({mine}) is distinct from ({excluded})"
    counted = run(
        connection,
        f'with done as (insert into "{table.name}" as t ({quoted(names)}) '
        f"select {quoted(names)} from {staged} order by {quoted(table.key)} "
        f"on conflict ({quoted(table.key)}) do {action if rest else 'nothing'} "
        "returning (xmax = 0) as fresh) "
        "select count(*) filter (where fresh), count(*) filter (where not fresh) from done",
    ).fetchone()
    inserted, updated = cast(tuple[int, int], counted)
    return TableChange(rows.num_rows, inserted, updated)


def remove_absent(connection: Connection, table: Table) -> int:
    """Delete the rows that were not among those upserted in this transaction: how many."""
    same = " and ".join(f'i."{name}" = t."{name}"' for name in table.key)
    return run(
        connection,
        f'delete from "{table.name}" as t where not exists '
        f'(select 1 from "incoming_{table.name}" as i where {same})',
    ).rowcount


def contents(url: str) -> tuple[dict[str, str], dict[str, int]]:
    """What is loaded (see `provenance`), and the number of rows per table."""
    with session(url, NAME) as connection:
        if not _is_prepared(connection):
            return {}, {}
        counts = " union all ".join(
            f"select '{table.name}', count(*) from \"{table.name}\"" for table in TABLES
        )
        rows = run(connection, counts).fetchall()
        return provenance(connection), {str(name): cast(int, count) for name, count in rows}


def correct_a_result(url: str) -> str:
    """Take a lap from the newest result that has one: a line on it; raises PermanentError where
    there is none."""
    with session(url, NAME) as connection:
        row = connection.execute(
            'update results set laps = laps - 1 where "resultId" = (select max("resultId")'
            ' from results where laps > 0) returning "resultId", laps'
        ).fetchone()
    if row is None:
        raise PermanentError(f"{NAME} has no result to correct: load a history first.")
    return f"result {row[0]} has {row[1]} laps now"


def _is_prepared(connection: Connection) -> bool:
    return run(connection, "select to_regclass('provenance')").fetchone() != (None,)


def _as_csv(rows: pa.Table) -> bytes:
    import pyarrow.csv as pacsv

    out = io.BytesIO()
    pacsv.write_csv(rows, out, pacsv.WriteOptions(include_header=False))
    return out.getvalue()
