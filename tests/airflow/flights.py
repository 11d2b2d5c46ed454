"""The mesh under a real Airflow, in a home of its own, and what an undisturbed run makes of it."""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psutil

from f1mesh.airflow_local import components
from f1mesh.airflow_local.installation import Installation
from tests.support.histories import small_history
from tests.support.mesh import Mesh
from tests.support.tables import Row, dump

LIMIT_S = 1800
CHECKOUT = ("domains", "platform", "dags")


@dataclass(frozen=True)
class Reference:
    """A small history and every table that `f1 run` makes of it."""

    history: Path
    mesh: Mesh
    tables: dict[str, list[Row]]

    @classmethod
    def make(cls, root: Path, folder: Path) -> Reference:
        history = small_history(folder / "history")
        mesh = Mesh(root, folder / "home")
        mesh.run("run", "--history", str(history))
        return cls(history, mesh, dump(mesh))

    def assert_same(self, mesh: Mesh) -> None:
        """Every table of the other mesh holds exactly the rows of this one."""
        found = dump(mesh)
        assert found.keys() == self.tables.keys()
        different = [name for name, rows in self.tables.items() if found[name] != rows]
        assert different == []


@dataclass
class Flight:
    """`f1 up --once` in the background; its lines are kept as they come."""

    mesh: Mesh
    process: subprocess.Popen[str]
    lines: list[str] = field(default_factory=list)
    output: str = ""
    _change: threading.Condition = field(default_factory=threading.Condition)

    def wait_for(self, words: str) -> str:
        """The first line with these words. Fails if the command ends before it."""
        with self._change:
            assert self._change.wait_for(
                lambda: self._line(words) or self.process.poll() is not None, timeout=LIMIT_S
            ), f"'{words}' was not said:\n" + "\n".join(self.lines)
            found = self._line(words)
        assert found, f"ended before '{words}':\n" + "\n".join(self.lines)
        return found

    def land(self) -> int:
        """The exit code, once the command has ended."""
        return self.process.wait(timeout=LIMIT_S)

    @property
    def installation(self) -> Installation:
        found = Installation.find(self.mesh.workspace)
        assert found
        return found

    def hear_lines(self) -> None:
        assert self.process.stderr
        for line in self.process.stderr:
            with self._change:
                self.lines.append(line.rstrip())
                self._change.notify_all()
        with self._change:
            self._change.notify_all()

    def hear_result(self) -> None:
        assert self.process.stdout
        self.output = self.process.stdout.read()

    def _line(self, words: str) -> str:
        return next((line for line in self.lines if words in line), "")


@contextmanager
def flight(mesh: Mesh, history: Path, *arguments: str) -> Iterator[Flight]:
    """Run `f1 up --once`; whatever is left of it in the end is stopped."""
    process = subprocess.Popen(
        [str(mesh.root / "f1"), "up", "--once", "--json", "--history", str(history), *arguments],
        env={**os.environ, "F1_HOME": str(mesh.home)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    started = Flight(mesh, process)
    ears = [threading.Thread(target=listen) for listen in (started.hear_lines, started.hear_result)]
    for ear in ears:
        ear.start()
    try:
        yield started
    finally:
        process.terminate()
        try:
            process.wait(timeout=60)
        except subprocess.TimeoutExpired:
            process.kill()
        for ear in ears:
            ear.join()
        mesh.run("down")


def copy_checkout(root: Path, copy: Path) -> None:
    """A checkout that a test may change, with the environments of this one."""
    (copy / ".f1").mkdir(parents=True)
    (copy / ".f1" / "envs").symlink_to(root / ".f1" / "envs")
    for folder in CHECKOUT:
        ignored = shutil.ignore_patterns("__pycache__")
        shutil.copytree(root / folder, copy / folder, ignore=ignored)
    launcher = copy / "f1"
    launcher.write_text(
        f"#!/bin/sh\nF1_ROOT={shlex.quote(str(copy))} "
        f'exec {shlex.quote(sys.executable)} -P -m f1mesh.cli.app "$@"\n'
    )
    launcher.chmod(0o755)


def seed_manifests(reference: Reference, mesh: Mesh, manifests: Path) -> None:
    """Spare a new home the parsing of the dbt projects."""
    dataset = reference.mesh.workspace.dataset
    shutil.copytree(manifests, mesh.home / "datasets" / dataset / "airflow" / "manifests")


def listening(mesh: Mesh) -> dict[tuple[str, int], str]:
    """Where the mesh's services and Airflow listen: (address, port) -> the process's name."""
    roots = [psutil.Process(pid) for pid in service_pids(mesh)]
    family = {child for root in roots for child in (root, *root.children(recursive=True))}
    found: dict[tuple[str, int], str] = {}
    for process in family | set(components.processes(mesh.workspace)):
        for socket in process.net_connections("tcp"):
            if socket.status == psutil.CONN_LISTEN:
                found[(socket.laddr[0], socket.laddr[1])] = process.name()
    return found


def service_pids(mesh: Mesh) -> list[int]:
    """The process ids of every service that runs in the mesh's home."""
    from f1mesh.orchestration.session import services

    states = [service.running() for service in services(mesh.workspace)]
    return [state.pid for state in states if state]


def all_states(document: dict[str, Any]) -> set[str]:
    """The states of all tasks of all domains."""
    return {state for domain in document["domains"] for state in domain["tasks"].values()}
