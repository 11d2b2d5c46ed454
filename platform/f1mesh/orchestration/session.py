"""The services that a run needs, for as long as it needs them.

Whoever starts services says so in `<run_dir>/owner.json`. A run that was killed leaves that file
and its services behind; the next one takes both over, so that nothing is left running in the end.
"""

from __future__ import annotations

import fcntl
import json
import os
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING

import psutil

from f1mesh.client import Target, embedded_service, find_target, named_host
from f1mesh.errors import PermanentError
from f1mesh.services import Service
from f1mesh.workspace import Workspace, private_folder

if TYPE_CHECKING:
    from f1mesh.warehouse.launch import Address


@contextmanager
def sole_run(workspace: Workspace) -> Iterator[None]:
    """Hold the dataset's run lock; raises PermanentError if another run holds it.

    The lock is the kernel's (flock): it ends with its holder, however that ends.
    """
    workspace.make()
    with (workspace.data / "run.lock").open("a+") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            file.seek(0)
            raise PermanentError(
                f"Another run (process {file.read().strip() or 'unknown'}) works on the dataset "
                f"'{workspace.dataset}'. Wait for it, or end it."
            ) from error
        file.truncate(0)
        file.write(f"{os.getpid()}\n")
        file.flush()
        yield


@contextmanager
def warehouse(
    workspace: Workspace, *, keep: bool = False, at: Address | None = None
) -> Iterator[Target]:
    """The warehouse of the environment, or the embedded one, started (`at` an address that others
    know) where it does not run yet."""
    if named_host():
        yield find_target(workspace)
        return
    from f1mesh.warehouse import launch

    with _owned(workspace, keep):
        launch.start(workspace, at)
        yield find_target(workspace)


@contextmanager
def sources(workspace: Workspace, *, keep: bool = False) -> Iterator[None]:
    """The declared source systems, started where they do not run and nothing else is named."""
    from f1mesh.sources.declared import source_systems

    with _owned(workspace, keep):
        for system in source_systems(workspace.root):
            system.start(workspace)
        yield


@contextmanager
def terminable() -> Iterator[None]:
    """Let SIGTERM end this process as Ctrl-C does, so that what it started is stopped."""

    def interrupt(_signal: int, _frame: FrameType | None) -> None:
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGTERM, interrupt)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def services(workspace: Workspace) -> tuple[Service, ...]:
    """The dataset's services that have a state file, running or not."""
    return tuple(
        Service(file.stem, workspace.run_dir, workspace.logs)
        for file in sorted(workspace.run_dir.glob("*.json"))
        if file != _owner_file(workspace)
    )


def running(workspace: Workspace) -> tuple[Service, ...]:
    """The dataset's services that run now."""
    return tuple(service for service in services(workspace) if service.running())


def stop_all(workspace: Workspace) -> tuple[str, ...]:
    """Stop every service of the dataset: the names of those that ran."""
    names = tuple(service.name for service in running(workspace))
    _stop(workspace, frozenset(names))
    _owner_file(workspace).unlink(missing_ok=True)
    return names


def _stop(workspace: Workspace, names: frozenset[str]) -> None:
    """Stop services by name, those that others depend on last."""
    from f1mesh.sources.declared import source_systems
    from f1mesh.warehouse import launch

    foundations: dict[str, Callable[[Workspace], object]] = {
        system.connection: system.stop for system in reversed(source_systems(workspace.root))
    }
    foundations[embedded_service(workspace).name] = launch.stop
    for name in sorted(names - foundations.keys()):  # what works with them
        Service(name, workspace.run_dir, workspace.logs).stop()
    for name, stop in foundations.items():
        if name in names:
            stop(workspace)


@contextmanager
def _owned(workspace: Workspace, keep: bool) -> Iterator[None]:
    before = frozenset(s.name for s in running(workspace)) - _orphans(workspace)
    private_folder(workspace.run_dir)
    outermost = not _owner_file(workspace).exists()
    if outermost:
        me = {"pid": os.getpid(), "before": sorted(before)}
        _owner_file(workspace).write_text(json.dumps(me))
    try:
        yield
    finally:
        if not keep:
            now = frozenset(s.name for s in running(workspace))
            _stop(workspace, now - before)
        if outermost:
            _owner_file(workspace).unlink(missing_ok=True)


def _orphans(workspace: Workspace) -> frozenset[str]:
    """The services that a run which is no more had started; its mark is removed."""
    file = _owner_file(workspace)
    try:
        owner = json.loads(file.read_text())
        alive = psutil.pid_exists(int(owner["pid"]))
        before = frozenset(owner["before"])
    except (FileNotFoundError, ValueError, KeyError, TypeError):
        return frozenset()
    if alive:
        return frozenset()
    file.unlink(missing_ok=True)
    return frozenset(s.name for s in running(workspace)) - before


def _owner_file(workspace: Workspace) -> Path:
    return workspace.run_dir / "owner.json"
