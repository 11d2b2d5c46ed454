"""Following the runs of the domains' DAGs until all have ended.

A domain that reads nothing is triggered; one that reads products is started by Airflow when a run
of whom it reads has ended, well or not, and is waited for.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol

from f1mesh.errors import TransientError
from f1mesh.registry import Mesh

ENDED = frozenset({"success", "failed"})
TASK_ENDED = frozenset({"success", "failed", "skipped", "upstream_failed", "removed"})
START_GRACE_S = 90.0  # from the end of its producers' runs to the start of a consumer
PAUSE_S = 1.5


@dataclass(frozen=True)
class TaskEnd:
    """A task that ended."""

    domain: str
    task: str
    state: str
    seconds: float
    attempt: int
    told: str = ""

    @property
    def failed(self) -> bool:
        return self.state == "failed"


@dataclass
class DomainRun:
    """A domain's run: `state` is Airflow's (`success`, `failed`), or `not started`."""

    domain: str
    run_id: str = ""
    state: str = "waiting"
    seconds: float = 0.0
    tasks: dict[tuple[str, int], TaskEnd] = field(default_factory=dict)
    heard_until: str = ""  # when the last task that was told ended

    @property
    def ended(self) -> bool:
        return self.state in ENDED or self.state == "not started"

    @property
    def ok(self) -> bool:
        return self.state == "success"


class Runs(Protocol):
    """What is asked of Airflow's REST API."""

    def trigger(self, dag: str, conf: dict[str, Any] | None = None) -> str: ...

    def runs(self, dag: str, **query: Any) -> list[dict[str, Any]]: ...

    def tasks(
        self, dag: str, run_id: str, ended_since: str | None = None
    ) -> list[dict[str, Any]]: ...

    def starters(self, dag: str, run_id: str) -> set[tuple[str, str]]: ...

    def returned(self, dag: str, run_id: str, task: str, map_index: int = -1) -> Any: ...


class Watcher(Protocol):
    """Is told what happens, and may repair what Airflow needs between two looks at it."""

    def started(self, run: DomainRun) -> None: ...

    def task_ended(self, end: TaskEnd) -> None: ...

    def ended(self, run: DomainRun) -> None: ...

    def between(self) -> None: ...


def run_domains(
    rest: Runs,
    mesh: Mesh,
    watcher: Watcher,
    *,
    conf: Mapping[str, Any] | None = None,
    limit_s: float = 3600.0,
    clock: Callable[[], float] = time.monotonic,
    pause: Callable[[float], None] = time.sleep,
) -> tuple[DomainRun, ...]:
    """Trigger the domains that read nothing, wait for all: their runs, in the order of the mesh.

    Raises TransientError if they have not ended after `limit_s`.
    """
    known = {name: {run["dag_run_id"] for run in rest.runs(name)} for name in mesh.domains}
    runs = {name: DomainRun(name) for name in mesh.domains}
    for name, domain in mesh.domains.items():
        if not domain.inputs:
            runs[name].run_id = rest.trigger(name, dict(conf or {}))
            watcher.started(runs[name])
    deadline = clock() + limit_s
    settled: dict[str, float] = {}  # when a waiting domain's producers had all ended
    while not all(run.ended for run in runs.values()):
        for run in runs.values():
            if run.ended:
                continue
            if not run.run_id:
                _look_for_start(rest, mesh, runs, run, known[run.domain], settled, clock())
                if run.run_id:
                    watcher.started(run)
                elif run.ended:
                    watcher.ended(run)
            if run.run_id:
                _update(rest, run, watcher)
        if clock() > deadline:
            open_runs = ", ".join(run.domain for run in runs.values() if not run.ended)
            raise TransientError(
                f"These domains have not ended after {limit_s:.0f} s: {open_runs}."
            )
        watcher.between()
        pause(PAUSE_S)
    return tuple(runs.values())


def _look_for_start(
    rest: Runs,
    mesh: Mesh,
    runs: Mapping[str, DomainRun],
    run: DomainRun,
    known: set[str],
    settled: dict[str, float],
    now: float,
) -> None:
    """Note the run that Airflow started for a domain's producers, or that none comes any more.

    Each producer starts its consumers: with several, the run after the last of them counts.
    """
    producers = {
        name: runs[name] for name in {ref.domain for ref in mesh.domain(run.domain).inputs}
    }
    if all(each.ended for each in producers.values()):
        settled.setdefault(run.domain, now)
    if all(each.ended or each.run_id for each in producers.values()):
        wanted = {(name, each.run_id) for name, each in producers.items() if each.run_id}
        fresh = [each for each in rest.runs(run.domain) if each["dag_run_id"] not in known]
        ids = [str(r["dag_run_id"]) for r in fresh if r["run_type"] == "asset_triggered"]
        started_by = [rest.starters(run.domain, run_id) for run_id in ids]
        if ids and wanted <= set().union(*started_by):
            run.run_id = ids[0]
            return
    if now - settled.get(run.domain, now) > START_GRACE_S:
        run.state = "not started"


def _update(rest: Runs, run: DomainRun, watcher: Watcher) -> None:
    """Tell of the tasks that ended since the last look, and of the run when it has ended."""
    found = {each["dag_run_id"]: each for each in rest.runs(run.domain)}[run.run_id]
    over = found["state"] in ENDED
    since = None if over else run.heard_until or found.get("queued_at")
    for task in rest.tasks(run.domain, run.run_id, since):
        run.heard_until = max(run.heard_until, task.get("end_date") or "")
        key = (str(task["task_id"]), int(task.get("map_index", -1)))
        if task["state"] not in TASK_ENDED:
            continue
        before = run.tasks.get(key)
        if before and (before.state, before.attempt) == (task["state"], task["try_number"]):
            continue
        run.tasks[key] = end = _task_end(rest, run, task, key)
        watcher.task_ended(end)
    if over:
        run.state = str(found["state"])
        run.seconds = seconds_of(found)
        watcher.ended(run)


def _task_end(rest: Runs, run: DomainRun, task: dict[str, Any], key: tuple[str, int]) -> TaskEnd:
    told = ""
    if task["state"] == "success" and not task["task_id"].startswith("transform."):
        value = rest.returned(run.domain, run.run_id, *key)
        told = str(value.get("told", "")) if isinstance(value, dict) else ""
    return TaskEnd(
        domain=run.domain,
        task=key[0] if key[1] < 0 else f"{key[0]}[{key[1]}]",
        state=str(task["state"]),
        seconds=seconds_of(task),
        attempt=int(task["try_number"]),
        told=told,
    )


def seconds_of(timed: Mapping[str, Any]) -> float:
    """How long a run or task took; 0 while it runs."""
    if not timed.get("start_date") or not timed.get("end_date"):
        return 0.0
    begin, end = (datetime.fromisoformat(timed[key]) for key in ("start_date", "end_date"))
    return (end - begin).total_seconds()
