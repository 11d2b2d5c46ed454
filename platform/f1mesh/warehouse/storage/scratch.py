"""A table's copy aside, for commands that the engine runs on a table in place (MERGE).

The copy is a log of its own over hard links of the data files: no data is copied. What the engine
changes there is audited, and then becomes one commit of the table itself.
"""

from __future__ import annotations

import json
import os
import shutil
import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import unquote

from f1mesh.plain_path import plain_path
from f1mesh.warehouse.sql.literals import quote_name
from f1mesh.warehouse.storage.commit import commit_info, needed_protocol, publish, removals, sync
from f1mesh.warehouse.storage.constraints import CHECK_PREFIX
from f1mesh.warehouse.storage.log import Action, DeltaLogs, Snapshot, read_commit


@dataclass(frozen=True)
class Scratch:
    """The copy, and the table's snapshot that it was made from."""

    path: Path
    base: Snapshot
    logs: DeltaLogs

    @property
    def relation(self) -> str:
        """It as the engine reads and writes it."""
        return f"delta.{quote_name(plain_path(self.path))}"

    def changes(self) -> Changes:
        """What the engine did to it."""
        now = self.logs.latest(str(self.path))
        before = self.base.files
        metrics: dict[str, Any] = {}
        for version in range(1, now.version + 1):
            for action in read_commit(self.path, version):
                metrics |= (action.get("commitInfo") or {}).get("operationMetrics") or {}
        added = [add for path, add in now.files.items() if path not in before]
        removed = [add for path, add in before.items() if path not in now.files]
        return Changes(self.path, added, removed, list(now.files.values()), metrics)


@dataclass(frozen=True)
class Changes:
    """Files that a command added and removed."""

    path: Path
    added: list[Action]
    removed: list[Action]
    files: list[Action]
    metrics: Mapping[str, Any]

    @property
    def relation(self) -> str:
        """The changed copy as the engine reads it."""
        return f"delta.{quote_name(str(self.path))}"

    def counted(self, what: str) -> int:
        """Rows of the table that the engine says it Copied, Updated, Inserted or Deleted."""
        return int(self.metrics.get(f"numTargetRows{what}", 0))

    def link_into(self, location: str) -> list[dict[str, Any]]:
        """Link the new files into the table's folder; the actions of the table's commit."""
        link_files(self.path, Path(location), self.added, durable=True)
        return [*removals(self.removed), *({"add": dict(add)} for add in self.added)]


@contextmanager
def scratch(
    logs: DeltaLogs,
    folder: Path,
    location: str,
    base: Snapshot,
    metadata: Mapping[str, Any],
) -> Iterator[Scratch]:
    """A copy of a table below `folder`, with `metadata` (the table's, or with more columns) but
    without its constraints: the caller audits them, which costs one scan, where Sail's own check of
    many NOT NULL columns takes seconds."""
    path = folder / uuid.uuid4().hex
    try:
        path.mkdir()
        link_files(Path(location), path, list(base.files.values()))
        free = _without_constraints(metadata)
        actions = [
            commit_info("CLONE", {}, {}),
            {"protocol": needed_protocol(free, base.protocol)},
            {"metaData": free},
            *({"add": dict(add)} for add in base.files.values()),
        ]
        publish(str(path), 0, actions)
        yield Scratch(path, base, logs)
    finally:
        logs.forget(str(path))
        shutil.rmtree(path, ignore_errors=True)


def _without_constraints(metadata: Mapping[str, Any]) -> dict[str, Any]:
    fields = [{**f, "nullable": True} for f in json.loads(metadata["schemaString"])["fields"]]
    configuration = {
        k: v for k, v in metadata["configuration"].items() if not k.startswith(CHECK_PREFIX)
    }
    schema = json.dumps({"type": "struct", "fields": fields})
    return {**metadata, "schemaString": schema, "configuration": configuration}


def link_files(source: Path, target: Path, files: list[Action], *, durable: bool = False) -> None:
    """Link data files from one folder into another; `durable` ones survive a crash of the machine
    before the commit that names them is written."""
    folders = set()
    for add in files:
        relative = unquote(add["path"])
        to = target / relative
        if not to.exists():  # linked before a commit that came too late
            to.parent.mkdir(parents=True, exist_ok=True)
            os.link(source / relative, to)
        folders.add(to.parent)
    if durable:
        for path in [*(target / unquote(add["path"]) for add in files), *folders]:
            sync(path)
