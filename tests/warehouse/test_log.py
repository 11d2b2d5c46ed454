"""Reading and writing a Delta log, without a server; delta-rs is the second opinion."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from deltalake import DeltaTable, write_deltalake

from f1mesh.warehouse.errors import SqlError
from f1mesh.warehouse.storage.commit import (
    CommitConflict,
    commit_info,
    metadata_actions,
    needed_protocol,
    new_metadata,
    publish,
)
from f1mesh.warehouse.storage.log import DeltaLogs

FIELDS: list[dict[str, Any]] = [{"name": "a", "type": "integer", "nullable": True, "metadata": {}}]


def _rows(*values: int) -> pa.Table:
    return pa.table({"a": pa.array(values, pa.int32()), "p": ["x/ é"] * len(values)})


def test_snapshots_agree_with_delta_rs(tmp_path: Path) -> None:
    place, logs = str(tmp_path), DeltaLogs()
    for i in range(5):
        write_deltalake(place, _rows(i), mode="append", partition_by=["p"])
        assert logs.latest(place).version == i
    write_deltalake(place, _rows(9), mode="overwrite")

    for reader in (logs, DeltaLogs()):
        snapshot = reader.latest(place)
        assert snapshot.version == 5
        assert len(snapshot.files) == len(DeltaTable(place).file_uris()) == 1
        assert len(reader.at(place, 3).files) == 4
        assert snapshot.partition_columns == ["p"]
        assert [f["name"] for f in snapshot.fields] == ["a", "p"]


def test_a_log_is_read_from_its_checkpoint(tmp_path: Path) -> None:
    place = str(tmp_path)
    for i in range(3):
        write_deltalake(place, _rows(i), mode="append", partition_by=["p"])
    DeltaTable(place).create_checkpoint()
    write_deltalake(place, _rows(3), mode="append")
    whole = DeltaLogs().latest(place)
    for version in range(2):
        (tmp_path / "_delta_log" / f"{version:020d}.json").unlink()

    after = DeltaLogs().latest(place)

    assert after.version == 3
    assert dict(after.files).keys() == dict(whole.files).keys()
    some = next(iter(whole.files))
    assert after.files[some]["partitionValues"] == whole.files[some]["partitionValues"]
    with pytest.raises(SqlError, match=r"Available versions: \[2, 3\]"):
        DeltaLogs().at(place, 1)


def test_delta_rs_reads_what_is_written(tmp_path: Path) -> None:
    place, logs = str(tmp_path / "t"), DeltaLogs()
    metadata = new_metadata(FIELDS, [], {"delta.constraints.c": "a > 0", "k": "v"}, "it's")

    publish(
        place,
        0,
        [
            commit_info("CREATE TABLE", {}, {}),
            {"protocol": needed_protocol(metadata)},
            {"metaData": metadata},
        ],
    )
    write_deltalake(place, pa.table({"a": pa.array([1], pa.int32())}), mode="append")

    table = DeltaTable(place)
    assert table.metadata().description == "it's"
    assert table.to_pyarrow_table().num_rows == 1
    assert logs.latest(place).configuration["k"] == "v"
    with pytest.raises(Exception, match=r"(?i)constraint|check|invariant"):
        write_deltalake(place, pa.table({"a": pa.array([-1], pa.int32())}), mode="append")


def test_a_version_is_written_once(tmp_path: Path) -> None:
    place = str(tmp_path / "t")
    publish(place, 0, [commit_info("A", {}, {})])

    with pytest.raises(CommitConflict):
        publish(place, 0, [commit_info("B", {}, {})])

    assert [p.name for p in (tmp_path / "t" / "_delta_log").iterdir()] == [
        "00000000000000000000.json"
    ]


def test_the_protocol_only_rises(tmp_path: Path) -> None:
    wall = {"name": "w", "type": "timestamp_ntz", "nullable": True, "metadata": {}}
    plain, with_wall = new_metadata(FIELDS), new_metadata([*FIELDS, wall])
    checked = new_metadata(FIELDS, configuration={"delta.constraints.c": "a > 0"})

    low, high = needed_protocol(plain), needed_protocol(with_wall)
    assert low == {"minReaderVersion": 1, "minWriterVersion": 2}
    assert needed_protocol(checked)["minWriterVersion"] == 3
    assert high["readerFeatures"] == ["timestampNtz"]
    assert needed_protocol(plain, high) == high
    assert "checkConstraints" in needed_protocol(checked, high)["writerFeatures"]

    place = str(tmp_path / "t")
    publish(place, 0, [commit_info("A", {}, {}), {"protocol": low}, {"metaData": plain}])
    actions = metadata_actions(DeltaLogs().latest(place), with_wall)
    assert [next(iter(a)) for a in actions] == ["protocol", "metaData"]


def test_a_folder_without_a_table_is_reported(tmp_path: Path) -> None:
    with pytest.raises(SqlError, match="DELTA_TABLE_NOT_FOUND"):
        DeltaLogs().latest(str(tmp_path))
