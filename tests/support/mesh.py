"""The commands that people type, on a home folder of its own, and what a genuine release gives."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg
import pytest

from f1mesh.client import connect, find_target, query
from f1mesh.warehouse import launch
from f1mesh.workspace import Workspace
from f1sources.systems import ERGAST

Rows = list[dict[str, Any]]
Ask = Callable[[str], Rows]
LIMIT_S = 1800  # of a command that hangs
ODD = "F1 mësh (100%) #1"  # a folder may be called so, and everything works in it


@dataclass(frozen=True)
class Mesh:
    """The `f1` command with a home of its own, and a look behind it."""

    root: Path
    home: Path

    def __post_init__(self) -> None:
        """All homes of a checkout share what dbt made of its projects, which takes long."""
        parsed = self.home / "parsed"
        if not parsed.is_symlink():
            shared = self.root / ".f1" / "parsed"
            shared.mkdir(parents=True, exist_ok=True)
            self.home.mkdir(parents=True, exist_ok=True)
            self.home.chmod(0o711)  # root's PostgreSQL passes it as another user
            parsed.symlink_to(shared)

    def run(self, *arguments: str, code: int = 0, **settings: str) -> str:
        """Standard output of one command, which must end with this exit code."""
        result = self.ended(*arguments, **settings)
        said = f"{result.stdout}\n{result.stderr[-6000:]}"
        assert result.returncode == code, f"{arguments} ended with {result.returncode}\n{said}"
        return result.stdout

    def exit_code(self, *arguments: str, **settings: str) -> int:
        """The exit code of one command, whatever it is."""
        return self.ended(*arguments, **settings).returncode

    def ended(self, *arguments: str, **settings: str) -> subprocess.CompletedProcess[str]:
        """One command after its end, however that was."""
        return subprocess.run(
            [str(self.root / "f1"), *arguments],
            env={**os.environ, "F1_HOME": str(self.home), **settings},
            capture_output=True,
            text=True,
            timeout=LIMIT_S,
        )

    def json(self, *arguments: str, code: int = 0, **settings: str) -> Any:
        return json.loads(self.run(*arguments, "--json", code=code, **settings))

    @property
    def workspace(self) -> Workspace:
        dataset = (self.home / "active").read_text().strip()
        return Workspace(root=self.root, home=self.home, dataset=dataset)

    def copy(self, home: Path) -> Mesh:
        """The same state in another home, to change freely."""
        subprocess.run(["cp", "-a", str(self.home), str(home)], check=True)  # keeps the owners
        return Mesh(self.root, home)

    def ask(self, *statements: str) -> list[list[dict[str, Any]]]:
        """The rows of statements to the warehouse."""
        launch.start(self.workspace)
        try:
            with connect(find_target(self.workspace)) as connection:
                return [query(connection, statement).to_pylist() for statement in statements]
        finally:
            launch.stop(self.workspace)

    @contextmanager
    def source(self) -> Iterator[psycopg.Connection[Any]]:
        """The source database, where corrections are made."""
        ERGAST.start(self.workspace)
        try:
            with psycopg.connect(ERGAST.url(self.workspace), autocommit=True) as connection:
                yield connection
        finally:
            ERGAST.stop(self.workspace)


@pytest.fixture(scope="session")
def history(
    root: Path, f1db_zip: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[Mesh, Any]]:
    """The mesh after its first run on a genuine F1DB release, and what that run said."""
    mesh = Mesh(root, tmp_path_factory.mktemp("history") / ODD)
    document = mesh.json("run", "--history", str(f1db_zip))
    yield mesh, document
    mesh.run("down")
    shutil.rmtree(mesh.home, ignore_errors=True)


@pytest.fixture(scope="module")
def ask(history: tuple[Mesh, Any]) -> Iterator[Ask]:
    """The rows of a statement to the warehouse, which stays up for the whole module."""
    workspace = history[0].workspace
    launch.start(workspace)
    try:
        with connect(find_target(workspace)) as connection:
            yield lambda statement: query(connection, statement).to_pylist()
    finally:
        launch.stop(workspace)
