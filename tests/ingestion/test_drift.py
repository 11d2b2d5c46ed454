"""A source whose columns change under a sync."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

import pyarrow as pa
import pytest

from f1mesh.errors import PermanentError
from tests.ingestion.lab import Database, Lab

KEYS = {"name": "laps", "primary_key": ["lapId"], "cursor": "updated_at"}
APPEND: dict[str, Any] = {**KEYS, "sync_mode": "incremental", "destination_mode": "append"}
UPSERT: dict[str, Any] = {**APPEND, "destination_mode": "upsert"}
OVERWRITE: dict[str, Any] = {
    "name": "laps",
    "primary_key": ["lapId"],
    "sync_mode": "full_refresh",
    "destination_mode": "overwrite",
}
MODES = pytest.mark.parametrize(
    "stream", [APPEND, UPSERT, OVERWRITE], ids=lambda s: s["destination_mode"]
)


@pytest.fixture
def source(laps: Database, lab: Lab) -> Database:
    lab.source_url = laps.url
    return laps


def kinds(result: Any) -> list[tuple[str, str | None]]:
    return [(drift.kind, drift.column) for drift in result.drift]


def landed_type(lab: Lab, column: str) -> pa.DataType:
    return pa.schema(lab.table("laps").schema().to_arrow()).field(column).type


@MODES
def test_a_new_column_is_added(stream: dict[str, Any], source: Database, lab: Lab) -> None:
    lab.run(stream)
    source.execute(
        "alter table laps add tyre text", "insert into laps (\"lapId\", tyre) values (4, 'soft')"
    )

    result = lab.run(stream)

    assert ("column_added", "tyre") in kinds(result)
    assert (4, "soft") in lab.rows_of("laps", "lapId", "tyre")
    assert (1, None) in lab.rows_of("laps", "lapId", "tyre")
    assert kinds(lab.run(stream)) == []


@MODES
def test_a_column_that_disappears_is_kept_as_null(
    stream: dict[str, Any], source: Database, lab: Lab
) -> None:
    lab.run(stream)
    source.execute("alter table laps drop driver", 'insert into laps ("lapId") values (4)')

    result = lab.run(stream)

    assert kinds(result) == [("column_missing", "driver")]
    assert (4, None) in lab.rows_of("laps", "lapId", "driver")


@MODES
def test_a_wider_type_is_followed(stream: dict[str, Any], source: Database, lab: Lab) -> None:
    lab.run(stream)
    source.execute(
        'alter table laps alter "lapId" type bigint',
        "alter table laps alter points type numeric(12,4)",
        "insert into laps values (5000000000, 'e', 123456.1234)",
    )

    result = lab.run(stream)

    told = "type_replaced" if stream is OVERWRITE else "type_widened"
    assert kinds(result) == [(told, "lapId"), (told, "points")]
    assert landed_type(lab, "lapId") == pa.int64()
    assert sorted(row[0] for row in lab.rows_of("laps", "lapId")) == [1, 2, 3, 5000000000]
    assert (5000000000, Decimal("123456.1234")) in lab.rows_of("laps", "lapId", "points")
    assert kinds(lab.run(stream)) == []


def test_a_narrower_type_fits_into_the_column(source: Database, lab: Lab) -> None:
    lab.run(UPSERT)
    source.execute('alter table laps alter "lapId" type smallint')

    result = lab.run(UPSERT)

    assert kinds(result) == [("type_narrowed", "lapId")]
    assert landed_type(lab, "lapId") == pa.int32()


@pytest.mark.parametrize("stream", [APPEND, UPSERT], ids=lambda s: s["destination_mode"])
def test_another_type_is_refused_until_a_full_refresh(
    stream: dict[str, Any], source: Database, lab: Lab
) -> None:
    lab.run(stream)
    source.execute("alter table laps alter points type text")

    with pytest.raises(PermanentError) as error:
        lab.run(stream)
    refreshed = lab.run(stream, full_refresh=True)

    assert f"f1_local.{lab.name}_raw.laps" in str(error.value)
    assert "points is decimal(6,2) in the raw table and string at the source" in str(error.value)
    assert f"`./f1 sync run {lab.name} lab --full-refresh`" in str(error.value)
    assert kinds(refreshed) == [("type_replaced", "points")]
    assert landed_type(lab, "points") == pa.string()


@pytest.mark.parametrize(
    ("key", "column"), [("cursor", "changed"), ("primary_key", ["number"]), ("columns", None)]
)
def test_a_missing_column_is_named(key: str, column: Any, source: Database, lab: Lab) -> None:
    stream = {**UPSERT, key: column or ["lapId", "updated_at", "number"]}

    with pytest.raises(PermanentError, match=r"laps has no column (changed|number)\. Its columns"):
        lab.run(stream)


TYPES = """
create type side as enum ('left', 'right');
create domain points_type as numeric(5,1);
create table everything (
    id int primary key, small smallint, big bigint, exact numeric, scaled numeric(8,3),
    single real, double_ double precision, flag boolean, day date, zoned timestamptz,
    local timestamp(3), clock time, name varchar(9), blob jsonb, list int[], pick side,
    pts points_type);
insert into everything values
    (1, 2, 3, 1.5, 2.125, 0.5, 0.25, true, '1950-05-13', '2024-01-01 02:00+02',
     '2024-01-01 00:00', '14:00', 'n', '{"a": 1}', '{1,2}', 'left', 7.5),
    (2, null, null, null, null, null, null, null, null, null, null, null, null, null, null, null,
     null),
    (3, 0, 0, 'NaN', 0, 0, 0, false, 'infinity', '20000-01-01Z', '-infinity', '00:00', '', '{}',
     '{}', 'right', 0);
"""


def test_every_type_of_postgresql(database: Database, lab: Lab) -> None:
    lab.source_url = database.url
    database.execute(TYPES)
    stream = {"name": "everything", "sync_mode": "full_refresh", "destination_mode": "append"}

    result = lab.run(stream)

    rows = {row["id"]: row for row in lab.table("everything").to_pyarrow_table().to_pylist()}
    schema = pa.schema(lab.table("everything").schema().to_arrow())
    kinds_of = {field.name: str(field.type) for field in schema}
    one, misfit = rows[1], rows[3]
    assert kinds_of["exact"] == "decimal128(38, 10)"
    assert (kinds_of["small"], kinds_of["single"], kinds_of["day"]) == (
        "int16",
        "float",
        "date32[day]",
    )
    assert (kinds_of["zoned"], kinds_of["local"]) == ("timestamp[us, tz=UTC]", "timestamp[us]")
    assert (one["exact"], one["scaled"], one["pts"]) == (
        Decimal("1.5"),
        Decimal("2.125"),
        Decimal("7.5"),
    )
    assert one["zoned"].isoformat() == "2024-01-01T00:00:00+00:00"
    assert (one["clock"], one["blob"], one["list"], one["pick"]) == (
        "14:00:00",
        '{"a": 1}',
        "{1,2}",
        "left",
    )
    assert all(value is None for key, value in rows[2].items() if key != "id" and key[0] != "_")
    assert [misfit[name] for name in ("exact", "day", "zoned", "local")] == [None] * 4
    assert {change["field"] for change in json.loads(misfit["_airbyte_meta"])["changes"]} == {
        "exact",
        "day",
        "zoned",
        "local",
    }
    assert {(d.kind, d.column) for d in result.drift} == {
        ("values_nulled", name) for name in ("exact", "day", "zoned", "local")
    }


@pytest.mark.parametrize(
    ("kind", "first", "later"),
    [
        ("bigint", "10", "11"),
        ("text", "'a-1'", "'a-2'"),
        ("date", "'2024-01-01'", "'2024-01-02'"),
        ("timestamp", "'2024-01-01 10:00'", "'2024-01-02 10:00'"),
        ("numeric(9,3)", "1.125", "1.25"),
    ],
)
def test_cursors_of_other_types(
    kind: str, first: str, later: str, database: Database, lab: Lab
) -> None:
    lab.source_url = database.url
    database.execute(
        f'create table laps ("lapId" int primary key, updated_at {kind})',
        f"insert into laps values (1, {first})",
    )
    lab.run(APPEND)
    database.execute(f"insert into laps values (2, {later})")

    second = lab.run(APPEND)

    assert (second.records_read, second.records_written) == (2, 1)
    assert lab.run(APPEND).records_read == 1


def test_a_column_without_order_is_no_cursor(source: Database, lab: Lab) -> None:
    source.execute("alter table laps add flag boolean")

    with pytest.raises(PermanentError, match=r"laps\.flag cannot be a cursor"):
        lab.run({**UPSERT, "cursor": "flag"})
