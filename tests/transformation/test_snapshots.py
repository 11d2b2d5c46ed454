"""Ending a bad version of a snapshot: its neighbours join in one commit, nothing else moves."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any

import pytest
from databricks.sql.client import Connection

from f1mesh.client import query
from f1mesh.errors import PermanentError
from f1mesh.sql_text import text
from f1mesh.transformation.snapshots import Snapshot
from tests.support.embedded import embedded

MANIFEST: dict[str, Any] = {
    "nodes": {
        "snapshot.g.snap_car": {
            "resource_type": "snapshot",
            "name": "snap_car",
            "database": "f1_local",
            "schema": "garage",
            "alias": "snap_car",
            "config": {"unique_key": "car_id"},
        }
    }
}
DAYS = ["2024-01-01", "2024-02-01", "2024-03-01"]
ENDS = [*(f"'{day}'" for day in DAYS[1:]), "null"]


@pytest.fixture(scope="module")
def connection(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Connection]:
    with embedded(tmp_path_factory.mktemp("f1home"), "snapshots") as opened:
        query(opened, "create schema garage")
        yield opened


@pytest.fixture
def snapshot(connection: Connection) -> Snapshot:
    """Two cars with three versions each, the last one current."""
    rows = [
        f"select {text(car)} as car_id, {n} as wheels, {text(f'{car}{n}')} as dbt_scd_id,"
        f" timestamp'{day}' as dbt_valid_from, cast({end} as timestamp) as dbt_valid_to"
        for car in ("it's", "b")
        for n, (day, end) in enumerate(zip(DAYS, ENDS, strict=True))
    ]
    made = "create or replace table garage.snap_car using delta as " + " union all ".join(rows)
    query(connection, made)
    return Snapshot.of(MANIFEST, "snap_car")


@pytest.mark.parametrize(
    ("dropped", "left"),
    [
        (0, [(1, "2024-02-01", "2024-03-01"), (2, "2024-03-01", None)]),
        (1, [(0, "2024-01-01", "2024-03-01"), (2, "2024-03-01", None)]),
        (2, [(0, "2024-01-01", "2024-02-01"), (1, "2024-02-01", None)]),
    ],
)
def test_the_neighbours_of_a_dropped_version_join(
    connection: Connection,
    snapshot: Snapshot,
    dropped: int,
    left: list[tuple[int, str, str | None]],
) -> None:
    other = snapshot.versions(connection, "b")

    gone = snapshot.drop(connection, "it's", datetime.fromisoformat(DAYS[dropped]))

    assert gone["wheels"] == dropped
    found = [
        (
            version["wheels"],
            version["dbt_valid_from"].date().isoformat(),
            version["dbt_valid_to"] and version["dbt_valid_to"].date().isoformat(),
        )
        for version in snapshot.versions(connection, "it's")
    ]
    assert found == left
    assert snapshot.versions(connection, "b") == other
    history = query(connection, "describe history garage.snap_car").to_pylist()
    assert [entry["operation"] for entry in history[:1]] == ["MERGE"], "one commit"


def test_what_is_not_there_is_refused_with_what_is(
    connection: Connection, snapshot: Snapshot
) -> None:
    with pytest.raises(PermanentError, match="2024-02-01"):
        snapshot.drop(connection, "b", datetime(2025, 1, 1))
    with pytest.raises(PermanentError, match="no version of car_id 'x'"):
        snapshot.versions(connection, "x")
    with pytest.raises(PermanentError, match="there are: snap_car"):
        Snapshot.of(MANIFEST, "snap_bike")
