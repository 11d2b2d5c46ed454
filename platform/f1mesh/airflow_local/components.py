"""Airflow's components as services of the dataset: start what is missing, stop all of it.

A task runs in a process group of its own, below a worker of the scheduler, so that ending the
scheduler's group leaves tasks behind. Every process of this Airflow (also what its tasks start)
carries its AIRFLOW_HOME in its environment: by that all are found, whoever their parent was.
"""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from subprocess import PIPE

import psutil

from f1mesh.airflow_local import launcher
from f1mesh.airflow_local.installation import HOME_SETTING, Installation, airflow_home
from f1mesh.airflow_local.rest import Rest
from f1mesh.errors import TransientError
from f1mesh.services import Service
from f1mesh.workspace import Workspace

NAMES = tuple(launcher.COMMANDS)
KEEPER = "keeper"  # starts again what died (keeper.py)
START_LIMIT_S = 180.0
WORKER_TITLE = "airflow worker -- LocalExecutor"


def service(workspace: Workspace, name: str) -> Service:
    """A component of the dataset's Airflow, running or not."""
    return Service(f"airflow_{name}", workspace.run_dir, workspace.logs)


def running(workspace: Workspace) -> tuple[str, ...]:
    """The components that run now."""
    return tuple(name for name in NAMES if service(workspace, name).running())


def start(
    installation: Installation,
    python: Path,
    variables: Mapping[str, str],
    names: Iterable[str] = NAMES,
    prepare: Callable[[], object] = lambda: None,
) -> tuple[str, ...]:
    """Start the components that do not run: their names. Does not wait until they work.

    `prepare` is called before the first of them begins, while Airflow is imported.
    Raises TransientError, with the end of the log, if Airflow does not start.
    """
    workspace = installation.workspace
    alive = running(workspace)
    missing = tuple(name for name in names if name not in alive)
    if not missing:
        prepare()
        return ()
    if "scheduler" in missing:
        _end_orphaned_workers(workspace)
    workspace.logs.mkdir(parents=True, exist_ok=True)
    migrated = installation.folder / "migrated"
    command = [str(python), "-P", launcher.__file__, str(workspace.logs), *missing]
    if not migrated.exists():
        command.append("--migrate")
    starter = subprocess.Popen(
        command, stdin=PIPE, stdout=PIPE, stderr=PIPE, text=True, env=variables
    )
    try:
        prepare()
    except BaseException:
        starter.kill()
        starter.communicate()
        raise
    out, errors = starter.communicate("start\n")
    if starter.returncode:
        log = workspace.logs / "airflow_migrate.log"
        told = errors or (log.read_text(errors="replace") if log.is_file() else "")
        raise TransientError(f"Airflow did not start:\n{told[-2000:]}")
    migrated.touch()
    for name, pid in json.loads(out.splitlines()[-1]).items():
        with contextlib.suppress(psutil.NoSuchProcess):  # it ended at once: `wait_until_healthy`
            service(workspace, name).record(pid, {"url": installation.url})
    return missing


def wait_until_healthy(
    installation: Installation, *, dags: Sequence[str] = (), limit_s: float = START_LIMIT_S
) -> None:
    """Wait until every component reports health and the DAGs are known.

    Raises TransientError as soon as a component is gone, or after `limit_s`.
    """
    rest = Rest.of(installation)
    deadline = time.monotonic() + limit_s
    while True:
        missing = [name for name in NAMES if not service(installation.workspace, name).running()]
        if missing:
            log = service(installation.workspace, missing[0]).log_tail()
            raise TransientError(f"Airflow's {missing[0]} ended while it started:\n{log}")
        if rest.healthy() and rest.warm() and all(rest.knows(dag) for dag in dags):
            return
        if time.monotonic() > deadline:
            raise TransientError(_why_late(rest, installation, limit_s))
        time.sleep(0.3)


def stop(workspace: Workspace, *, grace_s: float = 3.0) -> tuple[str, ...]:
    """Stop all of the dataset's Airflow, its keeper first, orphans too: the names of what ran."""
    kept = service(workspace, KEEPER).stop()
    names = (*running(workspace), *([KEEPER] if kept else []))
    _end(lambda: processes(workspace), grace_s)
    for name in NAMES:
        service(workspace, name).state_file.unlink(missing_ok=True)
    return names


def processes(workspace: Workspace) -> Iterator[psutil.Process]:
    """Every process that belongs to the dataset's Airflow, but this one and its parents."""
    home = str(airflow_home(workspace))
    mine = {os.getpid(), *(parent.pid for parent in psutil.Process().parents())}
    for process in psutil.process_iter():
        with contextlib.suppress(psutil.Error, OSError):
            if process.pid in mine or process.status() == psutil.STATUS_ZOMBIE:
                continue
            if process.environ().get(HOME_SETTING) == home:
                yield process


def _end_orphaned_workers(workspace: Workspace) -> None:
    """End the workers of a scheduler that is no more, and their tasks: the next scheduler cannot
    adopt them and runs their tasks again."""
    for process in list(processes(workspace)):
        with contextlib.suppress(psutil.Error):
            if " ".join(process.cmdline()).startswith(WORKER_TITLE):
                for each in (*process.children(recursive=True), process):
                    with contextlib.suppress(psutil.NoSuchProcess):
                        each.kill()


def _end(find: Callable[[], Iterable[psutil.Process]], grace_s: float) -> None:
    """Ask the processes to end, then make those end that did not, until none is left."""
    for process in (found := list(find())):
        with contextlib.suppress(psutil.Error):
            process.terminate()
    psutil.wait_procs(found, timeout=grace_s)
    for _ in range(20):  # a process that is being killed may have just forked
        if not (left := list(find())):
            return
        for process in left:
            with contextlib.suppress(psutil.Error):
                process.kill()
        psutil.wait_procs(left, timeout=1.0)
    raise TransientError(f"These processes of Airflow do not end: {[p.pid for p in left]}")


def _why_late(rest: Rest, installation: Installation, limit_s: float) -> str:
    errors = rest.import_errors() if rest.healthy() else []
    shown = "\n".join(f"{error['filename']}: {error['stack_trace']}" for error in errors)
    return (
        f"Airflow was not ready after {limit_s:.0f} s. {shown or 'Health: ' + str(rest.health())}\n"
        f"Logs: {installation.workspace.logs}/airflow_*.log"
    )
