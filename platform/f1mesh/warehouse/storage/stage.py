"""Staging: new data is written aside by the engine, audited, and only then made part of a table."""

from __future__ import annotations

import shutil
import uuid
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from f1mesh.plain_path import plain_path
from f1mesh.warehouse.lease import Lease
from f1mesh.warehouse.sql.literals import quote_name
from f1mesh.warehouse.storage.log import Action, DeltaLogs, Snapshot
from f1mesh.warehouse.storage.scratch import link_files


@dataclass(frozen=True)
class Staged:
    """A query's result as a Delta table aside, not yet part of anything."""

    path: Path
    snapshot: Snapshot

    @property
    def relation(self) -> str:
        """It as the engine reads it."""
        return f"delta.{quote_name(plain_path(self.path))}"

    @property
    def fields(self) -> list[dict[str, Any]]:
        return self.snapshot.fields

    @property
    def files(self) -> list[Action]:
        return list(self.snapshot.files.values())

    def link_into(self, location: str) -> list[dict[str, Any]]:
        """Link the data files into a table's folder; the add actions that name them there."""
        link_files(self.path, Path(location), self.files, durable=True)
        return [{"add": dict(add)} for add in self.files]


@contextmanager
def staged(
    lease: Lease, logs: DeltaLogs, folder: Path, sql: str, partition_columns: Sequence[str]
) -> Iterator[Staged]:
    """Run a query into a fresh folder below `folder`; what is left there is removed at the end."""
    path = folder / uuid.uuid4().hex
    try:
        lease.write(sql, path, list(partition_columns))
        yield Staged(path, logs.latest(str(path)))
    finally:
        logs.forget(str(path))
        shutil.rmtree(path, ignore_errors=True)
