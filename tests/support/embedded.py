"""An embedded warehouse of its own, for tests that only need one to ask."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from databricks.sql.client import Connection

from f1mesh.client import connect, find_target
from f1mesh.warehouse import launch
from f1mesh.workspace import Workspace


@contextmanager
def embedded(home: Path, dataset: str = "test") -> Iterator[Connection]:
    """A connection to a warehouse below `home`, which is stopped at the end."""
    workspace = Workspace(root=Path(__file__).parents[2], home=home, dataset=dataset)
    launch.start(workspace)
    try:
        with connect(find_target(workspace)) as connection:
            yield connection
    finally:
        launch.stop(workspace)
