"""Following runs: who is triggered, who is waited for, and how every ending is told."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from f1mesh.airflow_local.follow import DomainRun, TaskEnd, run_domains
from f1mesh.errors import TransientError
from f1mesh.registry import Domain, Mesh, Owner

OWNER = Owner(team="t", email="t@example.com")


def domain(name: str, *reads: str) -> Domain:
    return Domain(
        name=name, title=name, description=name, owner=OWNER, tier=1, reads=reads,
        products=("p",), path=Path(name),
    )  # fmt: skip


MESH = Mesh({"pits": domain("pits"), "box": domain("box", "pits/p")})


@dataclass
class Script:
    """Airflow's REST API, told in advance: each look advances the time by one."""

    states: dict[str, dict[int, str]]  # DAG -> when -> the state of its new run
    tasks_at: dict[str, dict[int, list[tuple[str, str, int]]]] = field(default_factory=dict)
    started_by: dict[str, set[tuple[str, str]]] = field(default_factory=dict)
    now: int = 0
    triggered: list[str] = field(default_factory=list)

    def trigger(self, dag: str, conf: dict[str, Any] | None = None) -> str:
        self.triggered.append(dag)
        return "new"

    def runs(self, dag: str, **query: Any) -> list[dict[str, Any]]:
        old = {"dag_run_id": "old", "state": "success", "run_type": "asset_triggered"}
        by_clock = {"dag_run_id": "clock", "state": "running", "run_type": "scheduled"}
        now = self._latest(self.states.get(dag, {}))
        kind = "manual" if dag in self.triggered else "asset_triggered"
        new = {**TIMES, "dag_run_id": "new", "state": now, "run_type": kind}
        return [by_clock, old] if now is None else [by_clock, new, old]

    def tasks(self, dag: str, run_id: str, ended_since: str | None = None) -> list[dict[str, Any]]:
        return [
            {**TIMES, "task_id": name, "state": state, "try_number": attempt, "map_index": -1}
            for name, state, attempt in self._latest(self.tasks_at.get(dag, {})) or []
        ]

    def starters(self, dag: str, run_id: str) -> set[tuple[str, str]]:
        assert run_id == "new"
        return self.started_by.get(dag, {("pits", "new")})

    def returned(self, dag: str, run_id: str, task: str, map_index: int = -1) -> Any:
        return {"told": f"{task} did"}

    def _latest(self, told: dict[int, Any]) -> Any:
        past = [when for when in told if when <= self.now]
        return told[max(past)] if past else None

    def pause(self, seconds: float) -> None:
        self.now += 1


TIMES = {"start_date": "2026-03-01T10:00:00Z", "end_date": "2026-03-01T10:00:02.5Z"}


@dataclass
class Notes:
    """Remembers what it is told."""

    lines: list[str] = field(default_factory=list)

    def started(self, run: DomainRun) -> None:
        self.lines.append(f"start {run.domain}")

    def task_ended(self, end: TaskEnd) -> None:
        self.lines.append(f"{end.domain} {end.task} {end.state} {end.attempt}")

    def ended(self, run: DomainRun) -> None:
        self.lines.append(f"end {run.domain} {run.state}")

    def between(self) -> None: ...


def follow(
    script: Script, notes: Notes, limit_s: float = 1000, mesh: Mesh = MESH
) -> tuple[DomainRun, ...]:
    return run_domains(
        script, mesh, notes, limit_s=limit_s, clock=lambda: float(script.now), pause=script.pause
    )


def test_a_source_is_triggered_and_its_consumer_is_waited_for() -> None:
    script = Script({"pits": {0: "running", 2: "success"}, "box": {3: "running", 5: "success"}})
    notes = Notes()

    runs = follow(script, notes)

    assert script.triggered == ["pits"]
    assert [(run.domain, run.state, run.run_id) for run in runs] == [
        ("pits", "success", "new"),
        ("box", "success", "new"),
    ]
    assert notes.lines == ["start pits", "end pits success", "start box", "end box success"]
    assert runs[0].seconds == 2.5


def test_each_task_is_told_once_per_ending_and_retries_are_told_again() -> None:
    script = Script(
        {"pits": {0: "running", 4: "success"}, "box": {0: "success"}},
        {
            "pits": {
                0: [("ingest.laps", "running", 1)],
                1: [("ingest.laps", "failed", 1)],
                2: [("ingest.laps", "up_for_retry", 1)],
                3: [("ingest.laps", "success", 2)],
            }
        },
    )
    notes = Notes()

    [pits, _] = follow(script, notes)

    told = [line for line in notes.lines if "ingest" in line]
    assert told == ["pits ingest.laps failed 1", "pits ingest.laps success 2"]
    assert pits.tasks[("ingest.laps", -1)].told == "ingest.laps did"


def test_the_consumer_of_a_failed_source_goes_on_with_what_was_last_published() -> None:
    script = Script({"pits": {0: "running", 1: "failed"}, "box": {20: "running", 22: "success"}})
    notes = Notes()

    [pits, box] = follow(script, notes)

    assert (pits.state, box.state) == ("failed", "success")
    assert notes.lines == ["start pits", "end pits failed", "start box", "end box success"]


def test_a_run_that_another_run_of_the_source_started_is_not_the_one() -> None:
    states = {"pits": {0: "running", 1: "success"}, "box": {2: "running", 3: "success"}}

    [_, box] = follow(Script(states, started_by={"box": {("pits", "of last night")}}), Notes())

    assert box.state == "not started"


@pytest.mark.parametrize(
    ("started_by", "state"),
    [({("pits", "new"), ("track", "new")}, "success"), ({("pits", "new")}, "not started")],
)
def test_of_several_sources_the_run_after_the_last_of_them_counts(
    started_by: set[tuple[str, str]], state: str
) -> None:
    domains = [domain("pits"), domain("track"), domain("box", "pits/p", "track/p")]
    states = {"pits": {0: "running", 1: "success"}, "track": {0: "success"}, "box": {1: "success"}}
    script = Script(states, started_by={"box": started_by})

    runs = follow(script, Notes(), mesh=Mesh({each.name: each for each in domains}))

    assert [(run.domain, run.state) for run in runs] == [
        ("pits", "success"),
        ("track", "success"),
        ("box", state),
    ]


def test_a_consumer_that_never_starts_is_an_ending_and_not_a_hang() -> None:
    [pits, box] = follow(Script({"pits": {0: "success"}}), Notes())

    assert (pits.state, box.state) == ("success", "not started")


def test_a_run_that_does_not_end_is_given_up_by_name() -> None:
    with pytest.raises(TransientError, match=r"not ended after 20 s: pits, box"):
        follow(Script({"pits": {0: "running"}}), Notes(), limit_s=20)
