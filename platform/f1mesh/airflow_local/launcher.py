"""Starts components of Airflow; runs in Airflow's Python, as a script.

Importing Airflow takes seconds of processor time, so it is done once here and each component is
forked from this process: it leads a session of its own, writes to a log of its own, and this
process ends. It forks them when a line comes on its standard input, so that whoever starts it can
prepare what they need meanwhile. Prints the components' process ids as one JSON object.

    launcher.py <folder of logs> [--migrate] <component>...
"""

from __future__ import annotations

import contextlib
import json
import os
import sys
from collections.abc import Sequence
from pathlib import Path

# The servers of task logs listen on all interfaces, without a setting against it. They are not
# needed where the API server reads the same disk.
COMMANDS = {
    "api": ("api-server",),
    "scheduler": ("scheduler", "--skip-serve-logs"),
    "processor": ("dag-processor",),
    "triggerer": ("triggerer", "--skip-serve-logs"),
}


def main(arguments: Sequence[str]) -> int:
    """Exit code 0 once every component is forked; 1 if the database cannot be migrated or whoever
    started this is gone."""
    logs, *rest = arguments
    names = [name for name in rest if name in COMMANDS]
    _import_airflow()
    if "--migrate" in rest:
        _, status = os.waitpid(_fork(Path(logs) / "airflow_migrate.log", ("db", "migrate")), 0)
        if status:
            return 1
    if not sys.stdin.readline():
        return 1
    pids = {name: _fork(Path(logs) / f"airflow_{name}.log", COMMANDS[name]) for name in names}
    print(json.dumps(pids), flush=True)
    return 0


def _import_airflow() -> None:
    """What the components have in common, and what their tasks import."""
    import airflow.cli.commands.dag_processor_command
    import airflow.cli.commands.scheduler_command
    import airflow.cli.commands.triggerer_command
    import airflow.jobs.scheduler_job_runner
    import airflow.settings  # noqa: F401

    with contextlib.suppress(ImportError):  # without the mesh's DAGs Airflow starts all the same
        import f1mesh.airflow.preload  # noqa: F401


def _fork(log: Path, command: Sequence[str]) -> int:
    """The process id of a child that is the Airflow command."""
    child = os.fork()
    if child:
        return child
    code = 1
    try:
        os.setsid()
        with log.open("ab") as out:
            os.dup2(out.fileno(), 1)
            os.dup2(out.fileno(), 2)
        with open(os.devnull) as nothing:
            os.dup2(nothing.fileno(), 0)
        code = _run(command)
    finally:
        with contextlib.suppress(Exception):
            sys.stdout.flush()
            sys.stderr.flush()
        os._exit(code)


def _run(command: Sequence[str]) -> int:
    from airflow.__main__ import main as airflow_main

    from airflow import settings

    settings.dispose_orm()
    settings.configure_orm()  # a database connection must not cross a fork
    sys.argv = ["airflow", *command]
    try:
        airflow_main()
    except SystemExit as end:
        return end.code if isinstance(end.code, int) else int(end.code is not None)
    except BaseException:
        import traceback

        traceback.print_exc()
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
