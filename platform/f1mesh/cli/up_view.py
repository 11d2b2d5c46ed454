"""What a person sees of runs under Airflow: a line when a task ends, the summary."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from f1mesh.airflow_local.follow import DomainRun, TaskEnd
from f1mesh.cli.output import print_table, visible
from f1mesh.cli.run_view import RunView

MARKS = {"success": "[green]✓[/]", "failed": "[red]✗[/]"}


class UpView:
    """Tells the runs' progress; `tend` restarts what died and names it."""

    def __init__(self, view: RunView, tend: Callable[[], Sequence[str]]) -> None:
        self._view, self._tend = view, tend

    def started(self, run: DomainRun) -> None:
        self._view.say(f"▶ {run.domain} ({run.run_id})")

    def task_ended(self, end: TaskEnd) -> None:
        if end.state in ("skipped", "upstream_failed", "removed"):
            return  # the summary counts them
        again = f" (attempt {end.attempt})" if end.attempt > 1 else ""
        name = f"{end.domain} {end.task}{again}"
        self._view.console.print(f"{MARKS[end.state]} {name:<64}", end="")
        self._view.console.print(f" {end.seconds:6.1f} s  {visible(end.told)}", markup=False)

    def ended(self, run: DomainRun) -> None:
        self._view.say(f"■ {run.domain}: {run.state} after {run.seconds:.1f} s")

    def between(self) -> None:
        for name in self._tend():
            self._view.say(f"! {name} had died and was started again")


def as_record(run: DomainRun) -> dict[str, Any]:
    """A run for `--json`."""
    return {
        "domain": run.domain,
        "run_id": run.run_id,
        "state": run.state,
        "seconds": round(run.seconds, 2),
        "tasks": {end.task: end.state for end in run.tasks.values()},
        "task_seconds": {end.task: round(end.seconds, 2) for end in run.tasks.values()},
        "attempts": {end.task: end.attempt for end in run.tasks.values() if end.attempt > 1},
    }


def print_runs(runs: Sequence[DomainRun]) -> None:
    """The table at the end, on stdout."""

    def count(run: DomainRun, state: str) -> int:
        return sum(end.state == state for end in run.tasks.values())

    states = ("success", "failed", "upstream_failed", "skipped")
    print_table(
        "What Airflow ran",
        ["domain", "state", *(f"tasks {state}" for state in states), "seconds"],
        (
            [run.domain, run.state, *(count(run, state) for state in states), round(run.seconds, 1)]
            for run in runs
        ),
    )
