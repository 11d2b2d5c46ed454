"""One real warehouse for all tests here; every test has a schema of its own."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from f1mesh.client import Target, connect, find_target
from f1mesh.settings import Settings
from f1mesh.warehouse import launch
from f1mesh.workspace import Workspace
from tests.warehouse.client import Client

_numbers = itertools.count(1)


@pytest.fixture(scope="session")
def workspace(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    home = tmp_path_factory.mktemp("f1home")
    return Workspace(root=Path(__file__).parents[2], home=home, dataset="warehouse")


@pytest.fixture(scope="session")
def open_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where LOCATION may point, besides the warehouse's own folder."""
    return tmp_path_factory.mktemp("open")


@pytest.fixture(scope="session")
def target(workspace: Workspace, open_folder: Path) -> Iterator[Target]:
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv(Settings.warehouse_paths.name, str(open_folder))
        launch.start(workspace)
    try:
        yield find_target(workspace)
    finally:
        launch.stop(workspace)


@pytest.fixture(scope="session")
def owner(target: Target) -> Iterator[Client]:
    """The connection that makes every test's schema."""
    with connect(target) as connection:
        yield Client(connection, "default")


Connect = Callable[[], Client]


@pytest.fixture
def another(target: Target, owner: Client) -> Iterator[Connect]:
    """Opens connections that share this test's schema."""
    schema = f"s{next(_numbers)}"
    with ExitStack() as opened:

        def open_one() -> Client:
            return Client(opened.enter_context(connect(target, schema)), schema)

        owner.run(f"create schema {schema}")
        yield open_one


@pytest.fixture
def sql(another: Connect) -> Client:
    """A connection to an empty schema."""
    return another()
