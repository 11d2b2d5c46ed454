"""Reading a Delta table's log: which files, which schema, at which version.

The log is replayed by the rules of the Delta protocol (https://github.com/delta-io/delta/blob/master/
PROTOCOL.md) from the last checkpoint on. The newest snapshot of each table is kept, so that a
statement pays only for the commits that it has not seen yet; other writers' commits are seen too.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from f1mesh.plain_path import plain_path
from f1mesh.warehouse.errors import SqlError
from f1mesh.warehouse.sql.literals import quote_name

Action = Mapping[str, Any]
NO_TABLE = -1


@dataclass(frozen=True)
class Snapshot:
    """A table at one version. `files` maps a file's path to its add action."""

    version: int
    metadata: Mapping[str, Any] = field(default_factory=dict)
    protocol: Mapping[str, Any] = field(default_factory=dict)
    files: Mapping[str, Action] = field(default_factory=dict)
    transactions: Mapping[str, Action] = field(default_factory=dict)
    timestamp: int = 0

    @property
    def fields(self) -> list[dict[str, Any]]:
        """The columns, as Delta's schema JSON has them."""
        fields: list[dict[str, Any]] = json.loads(self.metadata["schemaString"])["fields"]
        return fields

    @property
    def partition_columns(self) -> list[str]:
        return list(self.metadata.get("partitionColumns") or [])

    @property
    def configuration(self) -> dict[str, str]:
        return dict(self.metadata.get("configuration") or {})

    @property
    def comment(self) -> str | None:
        return self.metadata.get("description") or None

    def apply(self, version: int, actions: Iterable[Action]) -> Snapshot:
        """The snapshot after one more commit."""
        files, transactions = dict(self.files), dict(self.transactions)
        changed: dict[str, Any] = {}
        for action in actions:
            if (add := action.get("add")) is not None:
                files[add["path"]] = add
            elif (remove := action.get("remove")) is not None:
                files.pop(remove["path"], None)
            elif (metadata := action.get("metaData")) is not None:
                changed["metadata"] = metadata
            elif (protocol := action.get("protocol")) is not None:
                changed["protocol"] = protocol
            elif (txn := action.get("txn")) is not None:
                transactions[txn["appId"]] = txn
            elif (info := action.get("commitInfo")) is not None:
                changed["timestamp"] = info.get("timestamp", 0)
        return replace(self, version=version, files=files, transactions=transactions, **changed)


def commit_path(location: str | Path, version: int) -> Path:
    return Path(location) / "_delta_log" / f"{version:020d}.json"


def read_commit(location: str | Path, version: int) -> list[dict[str, Any]]:
    """The actions of one commit. Raises FileNotFoundError."""
    text = commit_path(location, version).read_text(encoding="utf-8")
    return [json.loads(line) for line in text.splitlines() if line.strip()]


class DeltaLogs:
    """Snapshots of tables by their location."""

    def __init__(self) -> None:
        self._latest: dict[str, Snapshot] = {}
        self._lock = threading.Lock()

    def latest(self, location: str) -> Snapshot:
        """The table as it is now. Raises DELTA_TABLE_NOT_FOUND."""
        with self._lock:
            known = self._latest.get(location)
        if known and not (Path(location) / "_delta_log").is_dir():
            self.forget(location)
            raise _no_table(location)
        start = known or self._from_checkpoint(location, None)
        found = _replay(location, start, None)
        if found.version == NO_TABLE:
            raise _no_table(location)
        with self._lock:
            if (other := self._latest.get(location)) is None or other.version < found.version:
                self._latest[location] = found
        return found

    def at(self, location: str, version: int) -> Snapshot:
        """The table as it was at `version`. Raises DELTA_VERSION_NOT_FOUND."""
        latest = self.latest(location)
        if version == latest.version:
            return latest
        if version < latest.version:
            found = _replay(location, self._from_checkpoint(location, version), version)
            if found.version == version:
                return found
        raise SqlError(
            "DELTA_VERSION_NOT_FOUND",
            f"Cannot time travel Delta table to version {version}. Available versions: "
            f"[{earliest_version(location)}, {latest.version}].",
            "22003",
        )

    def forget(self, location: str) -> None:
        with self._lock:
            self._latest.pop(location, None)

    def _from_checkpoint(self, location: str, limit: int | None) -> Snapshot:
        versions = [v for v in checkpoints(location) if limit is None or v <= limit]
        return _read_checkpoint(location, max(versions)) if versions else Snapshot(NO_TABLE)


def checkpoints(location: str) -> list[int]:
    """Versions that have a checkpoint in one file."""
    found = (Path(location) / "_delta_log").glob("*.checkpoint.parquet")
    return [int(path.name.split(".")[0]) for path in found]


def earliest_version(location: str) -> int:
    """The oldest version that can still be read."""
    commits = [
        int(p.stem) for p in (Path(location) / "_delta_log").glob("*.json") if p.stem.isdigit()
    ]
    return min([*commits, *checkpoints(location)], default=0)


def _no_table(location: str) -> SqlError:
    return SqlError(
        "DELTA_TABLE_NOT_FOUND",
        f"There is no Delta table at '{location}'. Its files were removed from outside; "
        "drop the table and create it again.",
        "42P01",
    )


def _replay(location: str, snapshot: Snapshot, limit: int | None) -> Snapshot:
    while limit is None or snapshot.version < limit:
        try:
            actions = read_commit(location, snapshot.version + 1)
        except FileNotFoundError:
            return snapshot
        snapshot = snapshot.apply(snapshot.version + 1, actions)
    return snapshot


def _read_checkpoint(location: str, version: int) -> Snapshot:
    import pyarrow.parquet as pq

    path = Path(location) / "_delta_log" / f"{version:020d}.checkpoint.parquet"
    rows = pq.read_table(path).to_pylist(maps_as_pydicts="strict")
    actions = [
        {kind: _present(value) for kind, value in row.items() if value is not None} for row in rows
    ]
    return Snapshot(NO_TABLE).apply(version, actions)


def _present(action: Mapping[str, Any]) -> dict[str, Any]:
    """An action without the fields that a checkpoint holds only because others have them."""
    return {key: value for key, value in action.items() if value is not None}


def delta_path(location: str) -> str:
    """A Delta table by its path, as the engine reads it."""
    return f"delta.{quote_name(plain_path(location))}"
