"""Every pair of sync mode and destination mode, on a real PostgreSQL."""

from __future__ import annotations

import json
import uuid
from decimal import Decimal
from typing import Any

import pytest

from f1mesh.client import connect, query
from tests.ingestion.lab import Database, Lab

LAPS: dict[str, Any] = {"name": "laps", "primary_key": ["lapId"]}
OVERWRITE = {**LAPS, "sync_mode": "full_refresh", "destination_mode": "overwrite"}
APPEND_ALL = {**LAPS, "sync_mode": "full_refresh", "destination_mode": "append"}
DEDUP_ALL = {
    **LAPS,
    "sync_mode": "full_refresh",
    "destination_mode": "upsert",
    "cursor": "updated_at",
}
APPEND = {**LAPS, "sync_mode": "incremental", "destination_mode": "append", "cursor": "updated_at"}
CHANGED = "update laps set points = 9 where driver = 'a'"
NEW = "insert into laps values (4, 'd', 4)"
UPSERT = {**APPEND, "destination_mode": "upsert"}


@pytest.fixture
def source(laps: Database, lab: Lab) -> Database:
    lab.source_url = laps.url
    return laps


def test_overwrite_is_the_source_as_it_is_now(source: Database, lab: Lab) -> None:
    first = lab.run(OVERWRITE)
    source.execute('delete from laps where "lapId" = 1', "insert into laps values (4, 'd', 4)")

    second = lab.run(OVERWRITE)

    assert (first.records_read, first.records_written, first.deleted) == (3, 3, 0)
    assert (second.records_read, second.deleted) == (3, 1)
    assert lab.rows("laps", "lapId") == [(2,), (3,), (4,)]
    assert second.generation_id == first.generation_id + 1


def test_full_refresh_append_keeps_every_reading(source: Database, lab: Lab) -> None:
    first = lab.run(APPEND_ALL)
    second = lab.run(APPEND_ALL)

    assert lab.rows("laps", "lapId", "_airbyte_generation_id") == [
        (row, generation)
        for row in (1, 2, 3)
        for generation in (first.generation_id, second.generation_id)
    ]


def test_full_refresh_upsert_is_the_source_without_deleted_rows(source: Database, lab: Lab) -> None:
    lab.run(DEDUP_ALL)
    source.execute('delete from laps where "lapId" = 2')

    result = lab.run(DEDUP_ALL)

    assert result.deleted == 1
    assert lab.rows("laps", "lapId") == [(1,), (3,)]


@pytest.mark.parametrize("stream", [APPEND, UPSERT], ids=["append", "upsert"])
def test_the_second_run_reads_only_the_increment(
    stream: dict[str, Any], source: Database, lab: Lab
) -> None:
    first = lab.run(stream)
    source.execute(
        "insert into laps values (4, 'd', 4)", "update laps set points = 9 where driver = 'a'"
    )

    second = lab.run(stream)

    assert first.records_read == 3
    assert second.records_read == 3  # the last one again (inclusive), the new one, the changed one
    assert second.cursor_before == first.cursor_after < second.cursor_after
    assert second.generation_id == first.generation_id


def test_incremental_append_keeps_every_version_once(source: Database, lab: Lab) -> None:
    lab.run(APPEND)
    source.execute(CHANGED)

    changed = lab.run(APPEND)
    idle = lab.run(APPEND)

    assert changed.records_written == 1
    assert (idle.records_read, idle.records_written) == (1, 0)
    assert [row[0] for row in lab.rows("laps", "lapId")] == [1, 1, 2, 3]


def test_incremental_upsert_keeps_the_newest_per_key(source: Database, lab: Lab) -> None:
    lab.run(UPSERT)
    source.execute(
        "update laps set points = 9 where driver = 'a'", "insert into laps values (4, 'd', 4)"
    )

    result = lab.run(UPSERT)

    assert result.records_written == 3
    assert [(row[0], str(row[1])) for row in lab.rows("laps", "lapId", "points")] == [
        (1, "9.00"),
        (2, "2.00"),
        (3, "None"),
        (4, "4.00"),
    ]


def test_an_idle_upsert_reads_the_last_record_again_and_moves_the_freshness(
    source: Database, lab: Lab
) -> None:
    lab.run(UPSERT)
    before = max(lab.rows("laps", "_airbyte_extracted_at"))

    idle = lab.run(UPSERT)

    assert (idle.records_read, idle.records_written) == (1, 1)
    assert max(lab.rows("laps", "_airbyte_extracted_at")) > before


def test_deletes_are_seen_by_a_forced_full_refresh_only(source: Database, lab: Lab) -> None:
    first = lab.run(UPSERT)
    source.execute('delete from laps where "lapId" = 2')

    increment = lab.run(UPSERT)
    kept = lab.rows("laps", "lapId")
    refresh = lab.run(UPSERT, full_refresh=True)

    assert kept == [(1,), (2,), (3,)]
    assert increment.deleted is None
    assert refresh.deleted == 1
    assert refresh.generation_id == first.generation_id + 1
    assert lab.rows("laps", "lapId") == [(1,), (3,)]


def test_an_empty_increment_commits_no_data(source: Database, lab: Lab) -> None:
    lab.run(UPSERT)
    source.execute("delete from laps")
    files = lab.table("laps").file_uris()

    result = lab.run(UPSERT)

    assert (result.records_read, result.records_written) == (0, 0)
    assert lab.table("laps").file_uris() == files


def test_an_empty_table_is_landed_and_continued(database: Database, lab: Lab) -> None:
    lab.source_url = database.url
    database.execute('create table laps ("lapId" int primary key, updated_at timestamptz)')
    empty = lab.run(APPEND)
    database.execute("insert into laps values (1, now())")

    lab.run(APPEND)

    assert (empty.records_written, empty.cursor_after) == (0, None)
    assert lab.rows("laps", "lapId") == [(1,)]


def test_rows_without_a_cursor_come_with_the_first_reading_only(
    database: Database, lab: Lab
) -> None:
    lab.source_url = database.url
    database.execute(
        'create table laps ("lapId" int primary key, updated_at timestamptz)',
        "insert into laps values (1, null), (2, now())",
    )
    lab.run(UPSERT)
    database.execute("insert into laps values (3, null)")

    lab.run(UPSERT)

    assert lab.rows("laps", "lapId") == [(1,), (2,)]


def test_a_lookback_reads_further_back(source: Database, lab: Lab) -> None:
    stream = {**UPSERT, "lookback_seconds": 3600}
    lab.run(stream)

    assert lab.run(stream).records_read == 3


def test_a_key_of_several_columns(database: Database, lab: Lab) -> None:
    lab.source_url = database.url
    database.execute(
        "create table stops (race int, stop int, ms int, updated_at timestamptz)",
        "insert into stops select r, s, 1, clock_timestamp() from generate_series(1, 3) r, "
        "generate_series(1, 2) s",
    )
    stream = {**UPSERT, "name": "stops", "primary_key": ["race", "stop"]}
    lab.run(stream)
    database.execute(
        "update stops set ms = 2, updated_at = clock_timestamp() where race = 2 and stop = 1"
    )

    lab.run(stream)

    assert lab.rows("stops", "race", "stop", "ms") == [
        (1, 1, 1),
        (1, 2, 1),
        (2, 1, 2),
        (2, 2, 1),
        (3, 1, 1),
        (3, 2, 1),
    ]


def test_an_older_version_that_comes_later_does_not_win(source: Database, lab: Lab) -> None:
    stream = {**UPSERT, "lookback_seconds": 3600}
    lab.run(stream)
    source.execute(
        "alter table laps disable trigger touch",
        "update laps set points = 0, updated_at = updated_at - interval '1 minute' "
        "where driver = 'a'",
    )

    lab.run(stream)

    assert (1, Decimal("1.50")) in lab.rows_of("laps", "lapId", "points")


def test_what_is_landed_is_seen_through_the_warehouse(source: Database, lab: Lab) -> None:
    lab.run(UPSERT)
    source.execute("alter table laps add tyre text", "update laps set tyre = 'soft'")
    lab.run(UPSERT)

    with connect(lab.target) as connection:
        seen = query(connection, f"select lapId, points, tyre from {lab.name}_raw.laps order by 1")

    assert seen.to_pylist()[0] == {"lapId": 1, "points": Decimal("1.50"), "tyre": "soft"}


def test_columns_are_selected(source: Database, lab: Lab) -> None:
    lab.run({**OVERWRITE, "columns": ["lapId", "driver"]})

    names = lab.table("laps").schema().to_arrow().names
    assert [name for name in names if not name.startswith("_airbyte")] == ["lapId", "driver"]


def test_metadata_columns_are_airbytes(source: Database, lab: Lab) -> None:
    lab.run(UPSERT)

    landed = lab.rows(
        "laps",
        "_airbyte_raw_id",
        "_airbyte_extracted_at",
        "_airbyte_meta",
        "_airbyte_generation_id",
    )
    assert len({row[0] for row in landed}) == 3
    assert all(uuid.UUID(row[0]).version == 4 for row in landed)
    assert all(row[1].tzinfo is not None for row in landed)
    assert all(json.loads(row[2]) == {"sync_id": 1, "changes": []} for row in landed)
    assert {row[3] for row in landed} == {1}


def test_changed_settings_reread_the_stream_from_scratch(source: Database, lab: Lab) -> None:
    lab.run(UPSERT)

    result = lab.run(APPEND)

    assert [drift.kind for drift in result.drift] == ["reloaded"]
    assert lab.rows("laps", "lapId") == [(1,), (2,), (3,)]
