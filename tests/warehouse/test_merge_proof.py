"""A MERGE is committed only when every row that there was is kept, changed or deleted."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, cast

import pyarrow as pa
import pytest
from deltalake import DeltaTable, write_deltalake

from f1mesh.warehouse.errors import SqlError
from f1mesh.warehouse.lease import Lease
from f1mesh.warehouse.storage.commit import publish
from f1mesh.warehouse.storage.log import DeltaLogs
from f1mesh.warehouse.storage.writing import Writer


class CarelessEngine(Lease):
    """An engine that does to a table what it is told here, and says of it what it is told."""

    def __init__(self, work: Callable[[DeltaTable], object], told: dict[str, int]) -> None:
        super().__init__(cast(Any, None))
        self._work, self._told = work, told

    def query(self, sql: str) -> pa.Table:
        """Run the "MERGE", whose text is the path of the copy."""
        path = sql.removeprefix("delta.").strip("`")
        self._work(DeltaTable(path))
        version = DeltaTable(path).version() + 1
        metrics = {f"numTargetRows{name}": str(n) for name, n in self._told.items()}
        publish(path, version, [{"commitInfo": {"operationMetrics": metrics}}])
        return pa.table({})


def _merge(
    folder: Path, work: Callable[[DeltaTable], object], told: dict[str, int], actions: set[str]
) -> tuple[int, int, int]:
    """(updated, inserted, deleted) of a MERGE into a table of the numbers 0 to 9."""
    location = str(folder / "table")
    write_deltalake(location, pa.table({"n": pa.array(range(10), pa.int64())}))
    (folder / "staging").mkdir()
    logs = DeltaLogs()
    base = logs.latest(location)
    writer = Writer(logs, folder / "staging", CarelessEngine(work, told))
    try:
        done = writer.run_aside(location, base, base.metadata, lambda copy: copy, actions)
    except SqlError:
        assert DeltaTable(location).to_pyarrow_table().num_rows == 10
        raise
    assert DeltaTable(location).to_pyarrow_table().num_rows == 10 + done.inserted - done.deleted
    return done.updated, done.inserted, done.deleted


def _delete(table: DeltaTable) -> object:
    return table.delete("n < 2")


def _update(table: DeltaTable) -> object:
    return table.update(updates={"n": "n + 100"}, predicate="n < 3")


def _insert(table: DeltaTable) -> object:
    return write_deltalake(table, pa.table({"n": pa.array([77], pa.int64())}), mode="append")


def _nothing(table: DeltaTable) -> object:
    return None


@pytest.mark.parametrize(
    ("work", "told", "actions", "changed"),
    [
        (_delete, {"Deleted": 2, "Copied": 8}, {"DELETE"}, (0, 0, 2)),
        (_delete, {"Deleted": 3, "Copied": 8}, {"DELETE"}, (0, 0, 2)),  # one row by two of source
        (_update, {"Updated": 3, "Copied": 7}, {"UPDATE", "INSERT"}, (3, 0, 0)),
        (_insert, {"Inserted": 1}, {"INSERT"}, (0, 1, 0)),
        (_nothing, {}, {"UPDATE", "DELETE", "INSERT"}, (0, 0, 0)),
    ],
)
def test_a_merge_that_accounts_for_every_row_is_committed(
    tmp_path: Path,
    work: Callable[[DeltaTable], object],
    told: dict[str, int],
    actions: set[str],
    changed: tuple[int, int, int],
) -> None:
    assert _merge(tmp_path, work, told, actions) == changed


@pytest.mark.parametrize(
    ("work", "told", "actions"),
    [
        (_delete, {}, {"UPDATE", "INSERT"}),
        (_delete, {"Updated": 2, "Copied": 8}, {"UPDATE"}),
        (_delete, {"Deleted": 2, "Copied": 8}, {"UPDATE"}),
        (_delete, {"Deleted": 1, "Copied": 9}, {"DELETE"}),
        (_delete, {"Deleted": 2, "Inserted": 2, "Copied": 8}, {"DELETE", "INSERT"}),
        (_update, {"Updated": 2, "Copied": 7}, {"UPDATE"}),
        (_update, {"Updated": 3, "Copied": 7}, {"INSERT"}),
        (_insert, {}, {"INSERT"}),
        (_insert, {"Inserted": 1}, {"UPDATE"}),
        (_nothing, {"Deleted": 1}, {"DELETE"}),
    ],
)
def test_a_merge_that_does_not_is_not(
    tmp_path: Path,
    work: Callable[[DeltaTable], object],
    told: dict[str, int],
    actions: set[str],
) -> None:
    with pytest.raises(SqlError, match="account for every row"):
        _merge(tmp_path, work, told, actions)
