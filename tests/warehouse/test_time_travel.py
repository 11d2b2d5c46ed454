"""Versions: reading, pinning, restoring them, and keeping them readable."""

from __future__ import annotations

import os
import re
import time
from pathlib import Path

import pytest

from tests.warehouse.client import Client


@pytest.fixture
def t(sql: Client) -> Client:
    """Versions 1, 2 and 3 hold one, two and three rows."""
    sql.run("create table t (a int)", *(f"insert into t values ({i})" for i in (1, 2, 3)))
    return sql


def test_every_spelling_of_a_version(t: Client) -> None:
    for name in ("t version as of 1", "t for version as of 1", "t@v1", "t VERSION AS OF '1'"):
        assert t.value(f"select count(*) from {name}") == 1, name
    both = "select count(*) from t@v1 as x join t version as of 2 as y on x.a <> y.a"
    assert t.value(both) == 1


def test_a_timestamp_means_the_newest_version_that_is_not_younger(t: Client) -> None:
    at = t.rows("describe history t")[1]["timestamp"]

    assert t.value(f"select count(*) from t timestamp as of '{at.isoformat()}'") == 2
    assert "GREATER_THAN_COMMIT" in t.fails("select * from t timestamp as of '2999-01-01'")
    assert "EARLIER_THAN" in t.fails("select * from t timestamp as of '2000-01-01'")
    assert "[INVALID_TIME_TRAVEL" in t.fails("select * from t timestamp as of 'yesterday'")


def test_versions_that_are_not_there_are_refused(t: Client) -> None:
    assert "Available versions: [0, 3]" in t.fails("select * from t version as of 4")
    assert t.fails("select * from t version as of -1").startswith("[")
    t.run("create view v as select * from t")
    assert "[UNSUPPORTED_FEATURE]" in t.fails("select * from v version as of 1")


def test_restore_brings_rows_and_columns_back(t: Client) -> None:
    t.run("create or replace table t as select 'x' as b")

    t.run("restore table t to version as of 2")
    assert t.values("select a from t order by a") == [1, 2]

    t.run("restore t to version as of 4")
    assert t.values("select b from t") == ["x"]


def test_old_versions_stay_readable_past_checkpoints(t: Client) -> None:
    """Found with Sail 0.7.2: a newer checkpoint hid the versions below it."""
    t.run("create view pinned as select * from t version as of 2")
    t.run(*(f"insert into t values ({i})" for i in range(45)))

    assert t.value("select count(*) from pinned") == 2
    assert t.value("select count(*) from t version as of 30") == 30
    assert t.value("select count(*) from t") == 48


def test_versions_by_delta_rs_and_its_checkpoints_too(t: Client) -> None:
    import pyarrow as pa
    from deltalake import DeltaTable, write_deltalake

    location = t.rows("describe detail t")[0]["location"]
    for i in range(3):
        write_deltalake(location, pa.table({"a": pa.array([i], pa.int32())}), mode="append")
    DeltaTable(location).create_checkpoint()

    assert t.value("select count(*) from t version as of 1") == 1
    assert t.value("select count(*) from t") == 6
    t.run("insert into t values (9)")
    assert t.value("select count(*) from t") == 7


def test_optimize_and_vacuum_change_no_row(t: Client) -> None:
    t.run("optimize t", "optimize t zorder by (a)", "vacuum t", "vacuum t retain 200 hours dry run")

    assert t.values("select a from t order by a") == [1, 2, 3]
    assert t.value("select count(*) from t version as of 1") == 1
    assert "RETENTION_PERIOD_TOO_SHORT" in t.fails("vacuum t retain 0 hours")


def test_a_reader_is_not_disturbed_by_a_writer(t: Client) -> None:
    with t.connection.cursor() as cursor:
        cursor.execute("select a.a from t a, range(200000)")
        first = cursor.fetchmany_arrow(10)
        t.run("insert overwrite t select 0")
        time.sleep(0.1)
        rest = cursor.fetchall_arrow()

    assert first.num_rows + rest.num_rows == 600_000


def test_vacuum_keeps_the_versions_that_views_are_pinned_to(t: Client) -> None:
    """Published products are such views; their files may be older than the retention."""
    t.run("create view pinned as select * from t version as of 2", "insert overwrite t values (9)")
    location = Path(t.rows("describe detail t")[0]["location"])
    old = time.time() - 400 * 3600
    for file in (location / "_delta_log").glob("*.json"):
        text = re.sub(
            r'"deletionTimestamp":\d+', f'"deletionTimestamp":{int(old * 1000)}', file.read_text()
        )
        file.write_text(text)
    for file in location.glob("*.parquet"):
        os.utime(file, (old, old))
    before = len(list(location.glob("*.parquet")))

    t.run("vacuum t retain 168 hours")

    assert t.values("select a from pinned order by a") == [1, 2]
    assert t.values("select a from t") == [9]
    assert len(list(location.glob("*.parquet"))) == before - 1  # the row of version 3
