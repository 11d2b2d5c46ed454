"""`./f1 bench airflow`: what the mesh costs under Airflow, beside the same run without it.

Both do the same from the same history, first in a fresh home and then with nothing changed. A run
under Airflow is measured twice: from its trigger to its last domain's end (`runs`), which is what
the orchestration costs, and as the whole command, with Airflow's start and stop.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from f1mesh.cli.output import note, print_table
from f1mesh.errors import PermanentError


class Observed(Protocol):
    """A command's JSON document, and what it cost."""

    @property
    def document(self) -> dict[str, Any]: ...
    @property
    def wall_s(self) -> float: ...
    @property
    def cpu_s(self) -> float: ...
    @property
    def peak_mb(self) -> float: ...


Observe = Callable[[str, Path, Sequence[str]], Observed]


@dataclass(frozen=True)
class Overhead:
    """One pair of runs; times in seconds, memory in MB."""

    name: str
    plain_wall_s: float
    plain_cpu_s: float
    plain_peak_mb: float
    airflow_runs_s: float
    airflow_ready_s: float
    airflow_wall_s: float
    airflow_cpu_s: float
    airflow_peak_mb: float

    @property
    def factor(self) -> float:
        """Whole command under Airflow to whole command without it."""
        return self.airflow_wall_s / self.plain_wall_s

    @property
    def runs_factor(self) -> float:
        """The domains' runs under Airflow to the whole command without it."""
        return self.airflow_runs_s / self.plain_wall_s


def measure_overheads(folder: Path, source: list[str], observe: Observe) -> list[Overhead]:
    """A first run and one with nothing changed, each without and with Airflow.

    Raises PermanentError if the two do not answer the mesh's questions alike.
    """
    return [_pair(name, folder, source, observe) for name in ("first run", "nothing changed")]


def show_overheads(overheads: Sequence[Overhead]) -> None:
    """Side by side on stdout."""
    columns = ["run", "f1 run", "runs in Airflow", "factor", "up --once", "factor"]
    columns += ["cpu run", "cpu Airflow", "MB run", "MB Airflow"]
    rows = [
        [
            o.name,
            o.plain_wall_s,
            o.airflow_runs_s,
            round(o.runs_factor, 2),
            o.airflow_wall_s,
            round(o.factor, 2),
            o.plain_cpu_s,
            o.airflow_cpu_s,
            o.plain_peak_mb,
            o.airflow_peak_mb,
        ]
        for o in overheads
    ]
    print_table(f"Airflow beside a plain run, seconds on {os.cpu_count()} cores", columns, rows)
    for o in overheads:
        note(f"{o.name}: Airflow was ready {o.airflow_ready_s:.1f} s after the command began")


def _pair(name: str, folder: Path, source: list[str], observe: Observe) -> Overhead:
    plain = observe(f"{name}, f1 run", folder / "plain", ["run", "--json", *source])
    arguments = ["up", "--once", "--json", *source]
    airflow = observe(f"{name}, Airflow", folder / "airflow", arguments)
    if differing := _differing(plain.document["answers"], airflow.document["answers"]):
        raise PermanentError(f"Under Airflow these answers differ: {', '.join(differing)}.")
    return Overhead(
        name=name,
        plain_wall_s=plain.wall_s,
        plain_cpu_s=plain.cpu_s,
        plain_peak_mb=plain.peak_mb,
        airflow_runs_s=airflow.document["runs_seconds"],
        airflow_ready_s=airflow.document["ready_seconds"],
        airflow_wall_s=airflow.wall_s,
        airflow_cpu_s=airflow.cpu_s,
        airflow_peak_mb=airflow.peak_mb,
    )


def _differing(one: dict[str, Any], other: dict[str, Any]) -> list[str]:
    """The questions that are answered differently; when something was loaded may differ."""
    return sorted(
        name
        for name in one.keys() | other.keys()
        if _timeless(one.get(name)) != _timeless(other.get(name))
    )


def _timeless(answer: Any) -> Any:
    if isinstance(answer, dict):
        return {key: value for key, value in answer.items() if not key.endswith("_at")}
    return answer
