"""`./f1 bench`: how long the mesh takes, how much memory, and how that grows with the data.

Each measurement is a run of the real command in a process of its own, on a dataset of its own. Wall
time and peak memory (all processes of the run together, sampled) come from outside it. Figures are
for comparing within one run of the benchmark: machines differ.
"""

from __future__ import annotations

import json
import os
import shlex
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import psutil

from f1mesh.cli.output import emit_json, note, print_table
from f1mesh.cli.overhead import measure_overheads, show_overheads
from f1mesh.errors import PermanentError
from f1mesh.settings import Settings
from f1mesh.sources.loading import sample_arguments
from f1mesh.workspace import Workspace

PARTS = ("run", "growth", "airflow")
SCALES = (1, 10, 30)
SAMPLE_S = 0.1


@dataclass(frozen=True)
class Measurement:
    """One run of the command from outside."""

    name: str
    wall_s: float
    cpu_s: float
    peak_mb: float
    rows_in: int
    steps_s: dict[str, float]


def measure(workspace: Workspace, parts: Sequence[str], *, as_json: bool) -> None:
    """Run the named benchmarks and print their figures.

    Raises PermanentError for an unknown name or a run that fails.
    """
    unknown = set(parts) - set(PARTS)
    if unknown:
        raise PermanentError(f"No benchmark '{unknown.pop()}'. There are: {', '.join(PARTS)}.")
    found: list[Measurement] = []
    with tempfile.TemporaryDirectory(prefix="f1-bench-") as folder:
        if "run" in parts:
            found += _warm_runs(Path(folder) / "run", _input(workspace))
        if "growth" in parts:
            for scale in SCALES:
                made_up = sample_arguments(workspace.root, scale)
                found += _growth(Path(folder) / f"x{scale}", scale, made_up)
        overheads = []
        if "airflow" in parts:
            overheads = measure_overheads(Path(folder), _input(workspace), observe)
    if as_json:
        measurements = [asdict(m) for m in found]
        airflow = [asdict(overhead) for overhead in overheads]
        emit_json({"cores": os.cpu_count(), "measurements": measurements, "airflow": airflow})
        return
    if found:
        _show(found)
    if overheads:
        show_overheads(overheads)


def _input(workspace: Workspace) -> list[str]:
    """What is loaded: the options in `F1_BENCH_INPUT`, else something made up."""
    named = shlex.split(Settings.read().bench_input or "")
    return named or sample_arguments(workspace.root, 1)


def _warm_runs(home: Path, source: list[str]) -> list[Measurement]:
    """A first run, then three with nothing changed and one that rebuilds everything."""
    first = run_once("first run", home, source)
    again = [run_once(f"unchanged {n}", home, source) for n in (1, 2, 3)]
    whole = run_once("full refresh", home, [*source, "--full-refresh"])
    return [first, *again, whole]


def _growth(home: Path, scale: int, source: list[str]) -> list[Measurement]:
    return [
        run_once(f"first run x{scale}", home, source),
        run_once(f"unchanged x{scale}", home, source),
        run_once(f"full refresh x{scale}", home, [*source, "--full-refresh"]),
    ]


def run_once(name: str, home: Path, arguments: Sequence[str]) -> Measurement:
    """Run `f1 run --json` in a process of its own and watch it from outside.

    Raises PermanentError, with the end of its output, if it fails.
    """
    seen = observe(name, home, ["run", "--json", *arguments])
    return Measurement(
        name=name,
        wall_s=seen.wall_s,
        cpu_s=seen.cpu_s,
        peak_mb=seen.peak_mb,
        rows_in=sum(domain["rows_in"] for domain in seen.document["domains"]),
        steps_s=seen.document["steps"],
    )


@dataclass(frozen=True)
class Observation:
    """A command's JSON document, and what it cost."""

    document: dict[str, Any]
    wall_s: float
    cpu_s: float
    peak_mb: float


def observe(name: str, home: Path, arguments: Sequence[str]) -> Observation:
    """Run a command of f1 that prints JSON, and watch it from outside.

    Raises PermanentError, with the end of its output, if it fails.
    """
    note(f"measuring: {name}")
    command = [sys.executable, "-P", "-m", "f1mesh.cli.app", *arguments]
    begin = time.monotonic()
    process = subprocess.Popen(
        command,
        env={**os.environ, "F1_HOME": str(home)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    watch = _Watch(process.pid, home)
    with watch:
        output, errors = process.communicate()
    wall = time.monotonic() - begin
    if process.returncode:
        raise PermanentError(f"'{name}' failed with code {process.returncode}:\n{errors[-3000:]}")
    return Observation(
        document=json.loads(output),
        wall_s=round(wall, 2),
        cpu_s=round(watch.cpu_s, 2),
        peak_mb=round(watch.peak_mb),
    )


class _Watch:
    """Samples the memory and processor time of a run and of the services that it started."""

    def __init__(self, pid: int, home: Path) -> None:
        self._pid, self._home = pid, home
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._sample, daemon=True)
        self._cpu: dict[int, float] = {}
        self.peak_mb = 0.0

    @property
    def cpu_s(self) -> float:
        return sum(self._cpu.values())

    def __enter__(self) -> None:
        self._thread.start()

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()

    def _sample(self) -> None:
        while not self._over.wait(SAMPLE_S):
            total = 0.0
            for process in self._processes():
                try:
                    memory = process.memory_full_info()
                    total += getattr(memory, "pss", memory.rss) / 1e6
                    times = process.cpu_times()
                    self._cpu[process.pid] = times.user + times.system
                except psutil.Error:
                    continue
            self.peak_mb = max(self.peak_mb, total)

    def _processes(self) -> list[psutil.Process]:
        roots = [self._pid]
        for file in self._home.glob("datasets/*/run/*.json"):
            try:
                roots.append(int(json.loads(file.read_text())["pid"]))
            except (OSError, ValueError, KeyError):
                continue
        found: dict[int, psutil.Process] = {}
        for pid in roots:
            try:
                process = psutil.Process(pid)
                for each in (process, *process.children(recursive=True)):
                    found[each.pid] = each
            except psutil.Error:
                continue
        return list(found.values())


def _show(found: Sequence[Measurement]) -> None:
    cores = os.cpu_count()
    print_table(
        f"Whole runs on {cores} cores",
        ["run", "wall s", "cpu s", "peak MB", "rows in"],
        ([m.name, m.wall_s, m.cpu_s, m.peak_mb, m.rows_in] for m in found),
    )
    for measurement in found:
        slowest = sorted(measurement.steps_s.items(), key=lambda item: -item[1])[:8]
        print_table(f"Slowest parts: {measurement.name}", ["part", "seconds"], slowest)
    unchanged = [m.wall_s for m in found if m.name.startswith("unchanged ")]
    if len(unchanged) > 1:
        note(f"median of the unchanged runs: {statistics.median(unchanged):.2f} s")
