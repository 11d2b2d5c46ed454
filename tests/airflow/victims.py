"""kill -9 of something that a run under Airflow needs."""

from __future__ import annotations

import json
import os
import signal
import time
from collections.abc import Callable

import psutil

from f1mesh.airflow_local import components
from tests.airflow.flights import Flight


def kill_service(name: str) -> Callable[[Flight], None]:
    def kill(running: Flight) -> None:
        state = json.loads((running.mesh.workspace.run_dir / f"{name}.json").read_text())
        os.kill(state["pid"], signal.SIGKILL)

    return kill


def kill_task(running: Flight) -> None:
    """Kill the process of a task, below a worker of the scheduler, with whatever it started."""
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        for process in components.processes(running.mesh.workspace):
            parent = process.parent()
            if parent and " ".join(parent.cmdline()).startswith(components.WORKER_TITLE):
                for each in (process, *process.children(recursive=True)):
                    each.kill()
                return
        time.sleep(0.05)
    raise AssertionError("no task was seen")


def kill_steps(running: Flight) -> None:
    """Kill the server from which steps are forked, and the steps."""
    for file in running.mesh.workspace.run_dir.glob("steps-*.json"):
        server = psutil.Process(json.loads(file.read_text())["pid"])
        for each in (server, *server.children(recursive=True)):
            each.kill()


VICTIMS = {
    "scheduler": kill_service("airflow_scheduler"),
    "dag processor": kill_service("airflow_processor"),
    "triggerer": kill_service("airflow_triggerer"),
    "api server": kill_service("airflow_api"),
    "warehouse": kill_service("warehouse"),
    "task": kill_task,
    "steps": kill_steps,
}
