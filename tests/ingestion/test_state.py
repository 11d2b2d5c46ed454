"""The state in the Delta log outlives whatever else happens to the table."""

from __future__ import annotations

from typing import Any

import pytest
from deltalake import DeltaTable, write_deltalake

from f1mesh.ingestion.state import last_state
from tests.ingestion.lab import Database, Lab

UPSERT: dict[str, Any] = {
    "name": "laps",
    "primary_key": ["lapId"],
    "cursor": "updated_at",
    "sync_mode": "incremental",
    "destination_mode": "upsert",
}


@pytest.fixture
def source(laps: Database, lab: Lab) -> Database:
    lab.source_url = laps.url
    lab.run(UPSERT)
    return laps


def touch(table: DeltaTable, times: int) -> None:
    for index in range(times):
        table.alter.set_table_properties(
            {"delta.appendOnly": "false", "f1.n": str(index)}, raise_if_not_exists=False
        )


def test_maintenance_keeps_the_state(source: Database, lab: Lab) -> None:
    table = lab.table("laps")
    before = last_state(table)
    table.optimize.compact()
    table.vacuum(0, dry_run=False, enforce_retention_duration=False)
    touch(table, 40)
    table.create_checkpoint()

    assert before is not None
    assert last_state(lab.table("laps")) == before
    assert lab.run(UPSERT).records_read == 1


def test_a_restored_table_continues_from_the_state_of_that_version(
    source: Database, lab: Lab
) -> None:
    version = lab.table("laps").version()
    source.execute("insert into laps values (4, 'd', 4)")
    lab.run(UPSERT)
    lab.table("laps").restore(version)

    result = lab.run(UPSERT)

    assert result.records_read == 2
    assert lab.rows("laps", "lapId") == [(1,), (2,), (3,), (4,)]


def test_a_log_without_the_state_leads_to_a_reload(source: Database, lab: Lab) -> None:
    import time

    source.execute('delete from laps where "lapId" = 1')
    table = lab.table("laps")
    table.alter.set_table_properties({"delta.logRetentionDuration": "interval 0 seconds"})
    time.sleep(1.1)  # the log's clock has seconds
    table = lab.table("laps")
    table.create_checkpoint()
    table.cleanup_metadata()
    assert last_state(lab.table("laps")) is None

    result = lab.run(UPSERT)

    assert [drift.kind for drift in result.drift] == ["reloaded"]
    assert result.generation_id == 2
    assert lab.rows("laps", "lapId") == [(2,), (3,)]
    assert lab.run(UPSERT).drift == ()


def test_a_table_that_somebody_overwrote_is_reloaded(source: Database, lab: Lab) -> None:
    table = lab.table("laps")
    write_deltalake(table, table.to_pyarrow_table().slice(0, 1), mode="overwrite")

    lab.run(UPSERT)

    assert lab.rows("laps", "lapId") == [(1,), (2,), (3,)]
