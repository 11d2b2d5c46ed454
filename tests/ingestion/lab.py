"""What the ingestion tests work with: a database, and syncs from it into the warehouse."""

from __future__ import annotations

import multiprocessing
import os
import signal
from dataclasses import dataclass
from multiprocessing.context import SpawnProcess
from multiprocessing.synchronize import Event
from typing import Any

import psycopg
from deltalake import DeltaTable

from f1mesh.client import Target, connect
from f1mesh.ingestion.destination import open_table
from f1mesh.ingestion.run import StreamResult, SyncResult, run_sync
from f1mesh.ingestion.sync import Sync
from f1mesh.ingestion.tables import RawTables
from f1mesh.registry import Domain, Owner
from f1mesh.workspace import Workspace


@dataclass(frozen=True)
class Database:
    """An empty database of one test."""

    url: str

    def connect(self) -> psycopg.Connection[Any]:
        return psycopg.connect(self.url)

    def execute(self, *statements: str) -> None:
        with psycopg.connect(self.url, autocommit=True) as connection:
            for statement in statements:
                connection.execute(statement.encode())


@dataclass
class Lab:
    """Runs syncs of a domain and shows what they landed."""

    workspace: Workspace
    target: Target
    name: str
    source_url: str = ""

    @property
    def domain(self) -> Domain:
        owner = Owner(team="t", email="t@f1mesh.example")
        return Domain(
            name=self.name,
            title="",
            description="",
            owner=owner,
            tier=3,
            products=("none",),
            path=self.workspace.root / "domains" / self.name,
        )

    def sync(self, *streams: dict[str, Any], source: dict[str, Any] | None = None) -> Sync:
        return Sync.model_validate(
            {
                "name": "lab",
                "description": "",
                "source": source or {"type": "postgres", "connection": "lab"},
                "streams": streams,
                "path": self.workspace.root / "lab.yaml",
            }
        )

    def run_all(self, sync: Sync, **options: Any) -> SyncResult:
        os.environ["F1_SOURCE_LAB"] = self.source_url
        return run_sync(sync, self.domain, self.workspace, self.target, **options)

    def run(self, stream: dict[str, Any], **options: Any) -> StreamResult:
        return self.run_all(self.sync(stream), **options).streams[0]

    def spawn(self, stream: dict[str, Any], dies: str = "") -> tuple[SpawnProcess, Event]:
        """Run the stream in a process of its own, which kills itself when a line that begins with
        `dies` is told; the event is set once the stream is read."""
        context = multiprocessing.get_context("spawn")
        reading = context.Event()
        process = context.Process(target=_child, args=(self, stream, dies, reading))
        process.start()
        return process, reading

    def table(self, stream: str) -> DeltaTable:
        with connect(self.target) as connection:
            location = RawTables(connection, self.target.schemas, self.name).locate(stream)
        assert location is not None
        return open_table(location)

    def rows(self, stream: str, *columns: str) -> list[tuple[Any, ...]]:
        """The landed rows, sorted."""
        return sorted(self.rows_of(stream, *columns))

    def rows_of(self, stream: str, *columns: str) -> list[tuple[Any, ...]]:
        """The landed rows, in any order (nulls cannot be sorted)."""
        table = self.table(stream).to_pyarrow_table(columns=list(columns))
        return [tuple(row.values()) for row in table.to_pylist()]


def _child(lab: Lab, stream: dict[str, Any], dies: str, reading: Event) -> None:
    def tell(line: str) -> None:
        reading.set()
        if dies and line.startswith(dies):
            os.kill(os.getpid(), signal.SIGKILL)

    lab.run(stream, progress=tell)
