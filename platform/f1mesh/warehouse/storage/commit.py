"""Writing a Delta table's log: one commit, all or nothing.

A commit file appears under its final name complete (hard link of a finished file) or not at all,
and never replaces one that another writer made first: this makes every statement atomic.
"""

from __future__ import annotations

import json
import os
import time
import uuid
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from f1mesh.plain_path import plain_path
from f1mesh.warehouse.errors import SqlError
from f1mesh.warehouse.storage.log import Action, Snapshot, commit_path

ENGINE_INFO = "f1mesh-warehouse"
CHECKPOINT_EVERY = 20
_CONSTRAINT = "delta.constraints."


class CommitConflict(Exception):
    """Another writer made this version of the table first."""


def publish(location: str, version: int, actions: Sequence[Action]) -> None:
    """Write commit `version`. Raises CommitConflict if it is there already."""
    target = commit_path(location, version)
    target.parent.mkdir(parents=True, exist_ok=True)
    fresh = target.parent / f".{uuid.uuid4().hex}.tmp"
    try:
        with fresh.open("w", encoding="utf-8") as out:
            out.writelines(json.dumps(a, separators=(",", ":")) + "\n" for a in actions)
            out.flush()
            os.fsync(out.fileno())
        try:
            os.link(fresh, target)
        except FileExistsError as error:
            raise CommitConflict(f"version {version} of {location}") from error
        sync(target.parent)
    finally:
        fresh.unlink(missing_ok=True)
    if version and version % CHECKPOINT_EVERY == 0:
        _checkpoint(location)


def sync(path: Path) -> None:
    """Make a file's content, or the names in a folder, survive a crash of the machine."""
    fd = os.open(path, os.O_RDONLY)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)


def _checkpoint(location: str) -> None:
    from deltalake import DeltaTable

    DeltaTable(plain_path(location)).create_checkpoint()
    drop_hint(location)


def drop_hint(location: str) -> None:
    """Remove `_last_checkpoint`, the protocol's optional pointer to the newest checkpoint: with it,
    Sail cannot read a version below that checkpoint any more."""
    (Path(location) / "_delta_log" / "_last_checkpoint").unlink(missing_ok=True)


def commit_info(
    operation: str, parameters: Mapping[str, Any], metrics: Mapping[str, Any]
) -> dict[str, Any]:
    """The first action of every commit: what DESCRIBE HISTORY shows."""
    return {
        "commitInfo": {
            "timestamp": int(time.time() * 1000),
            "operation": operation,
            "operationParameters": {k: _text(v) for k, v in parameters.items()},
            "operationMetrics": {k: str(v) for k, v in metrics.items()},
            "engineInfo": ENGINE_INFO,
            "isBlindAppend": False,
        }
    }


def _text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value)


def new_metadata(
    fields: Sequence[Mapping[str, Any]],
    partition_columns: Sequence[str] = (),
    configuration: Mapping[str, str] | None = None,
    comment: str | None = None,
    ident: str | None = None,
) -> dict[str, Any]:
    """A metaData action's body; `ident` keeps the identity of a table that is replaced."""
    return {
        "id": ident or str(uuid.uuid4()),
        "name": None,
        "description": comment,
        "format": {"provider": "parquet", "options": {}},
        "schemaString": json.dumps({"type": "struct", "fields": list(fields)}),
        "partitionColumns": list(partition_columns),
        "configuration": dict(configuration or {}),
        "createdTime": int(time.time() * 1000),
    }


def needed_protocol(
    metadata: Mapping[str, Any], current: Mapping[str, Any] | None = None
) -> dict[str, Any]:
    """The lowest protocol that the schema and constraints need, never below `current`."""
    configuration = metadata.get("configuration") or {}
    constrained = any(key.startswith(_CONSTRAINT) for key in configuration)
    features = set((current or {}).get("writerFeatures") or ())
    readers = set((current or {}).get("readerFeatures") or ())
    if '"timestamp_ntz"' in metadata["schemaString"]:
        readers.add("timestampNtz")
        features.add("timestampNtz")
    if not features:
        writer = max(3 if constrained else 2, int((current or {}).get("minWriterVersion", 2)))
        return {
            "minReaderVersion": int((current or {}).get("minReaderVersion", 1)),
            "minWriterVersion": writer,
        }
    features |= {"appendOnly", "invariants"} | ({"checkConstraints"} if constrained else set())
    protocol: dict[str, Any] = {"minReaderVersion": 3 if readers else 1, "minWriterVersion": 7}
    if readers:
        protocol["readerFeatures"] = sorted(readers)
    protocol["writerFeatures"] = sorted(features)
    return protocol


def removals(files: Iterable[Action]) -> list[dict[str, Any]]:
    """Remove actions for files of a snapshot."""
    now = int(time.time() * 1000)
    return [
        {
            "remove": {
                "path": add["path"],
                "deletionTimestamp": now,
                "dataChange": True,
                "extendedFileMetadata": True,
                "partitionValues": dict(add.get("partitionValues") or {}),
                "size": add["size"],
            }
        }
        for add in files
    ]


def records(files: Iterable[Action]) -> int | None:
    """Rows in data files by their statistics; None where a file has none."""
    total = 0
    for add in files:
        count = json.loads(add.get("stats") or "{}").get("numRecords")
        if count is None:
            return None
        total += int(count)
    return total


def metadata_actions(snapshot: Snapshot, metadata: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The actions that change a table's metadata, with the protocol if it has to rise."""
    protocol = needed_protocol(metadata, snapshot.protocol)
    actions: list[dict[str, Any]] = []
    if protocol != dict(snapshot.protocol):
        actions.append({"protocol": protocol})
    actions.append({"metaData": dict(metadata)})
    return actions


def publish_or_raise(location: str, version: int, actions: Sequence[Mapping[str, Any]]) -> None:
    """Commit on exactly the version that was read. Raises DELTA_CONCURRENT_WRITE."""
    try:
        publish(location, version, actions)
    except CommitConflict as error:
        raise changed_meanwhile(location) from error


def changed_meanwhile(location: str) -> SqlError:
    """The error for a table that is another than when it was read."""
    return SqlError(
        "DELTA_CONCURRENT_WRITE",
        f"Another writer changed the table at '{location}' while this statement ran. Nothing was "
        "written; run the statement again.",
        "2D521",
    )
