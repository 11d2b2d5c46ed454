"""`./f1 bench`: how long the mesh takes, how much memory, and how that grows with the data.

Each measurement is a run of the real command in a process of its own, on a dataset of its own. Wall
time and peak memory (all processes of the run together, sampled) come from outside it. Figures are
for comparing within one run of the benchmark: machines differ.
"""

from __future__ import annotations

import json
import os
import shlex
import shutil
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import psutil

from f1mesh.cli.output import emit_json, note, print_table
from f1mesh.cli.overhead import measure_overheads, show_overheads
from f1mesh.errors import PermanentError
from f1mesh.orchestration.session import sources, stop_all
from f1mesh.settings import Settings
from f1mesh.sources.loading import correct_a_record, sample_arguments
from f1mesh.workspace import Workspace

PARTS = ("run", "build", "growth", "airflow")
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
        if "build" in parts:
            found += _builds(Path(folder) / "build", _input(workspace))
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
    """A first run, three with nothing changed, three after one record was corrected at the source,
    and one that rebuilds everything."""
    first = run_once("first run", home, source)
    again = [run_once(f"unchanged {n}", home, source) for n in (1, 2, 3)]
    corrected = [_corrected(f"one record changed {n}", home) for n in (1, 2, 3)]
    whole = run_once("full refresh", home, [*source, "--full-refresh"])
    return [first, *again, *corrected, whole]


def _corrected(name: str, home: Path) -> Measurement:
    """A run after the systems have corrected a record each."""
    workspace = Workspace.locate().at(home)
    with sources(workspace):
        for line in correct_a_record(workspace):
            note(line)
    return run_once(name, home, ["--no-load"])


def _builds(folder: Path, source: list[str]) -> list[Measurement]:
    """A model built by itself, with a running warehouse: first, and after each of three edits."""
    root, home = folder / "checkout", folder / "home"
    ignored = shutil.ignore_patterns(".*", "__pycache__")
    shutil.copytree(Workspace.locate().root, root, ignore=ignored)
    changed = {Settings.root.name: str(root)}
    try:
        observe("a run that is kept", home, ["run", "--json", "--keep", *source], changed)
        model = _last_model(home)
        file = root / "domains" / model["package_name"] / "dbt" / model["original_file_path"]
        command = ["build", f"{model['package_name']}.{model['name']}", "--show", "3", "--json"]
        found = [observe("build, first", home, command, changed)]
        for number in (1, 2, 3):
            file.write_text(f"{file.read_text()}\n-- edit {number}\n")
            found.append(observe(f"build after edit {number}", home, command, changed))
    finally:
        stop_all(Workspace.locate().at(home))
    return [Measurement(o.name, o.wall_s, o.cpu_s, o.peak_mb, 0, _nodes(o)) for o in found]


def _last_model(home: Path) -> dict[str, Any]:
    """The model on which nothing else stands, of the domain with the most of them; the first of
    those by name."""
    manifests = [
        json.loads(f.read_text()) for f in home.glob("datasets/*/dbt/*/target/manifest.json")
    ]
    biggest = max(manifests, key=lambda manifest: len(manifest["nodes"]))
    models = {k: n for k, n in biggest["nodes"].items() if n["resource_type"] == "model"}
    children = biggest["child_map"]
    ends = [k for k in models if not any(child in models for child in children[k])]
    found: dict[str, Any] = models[min(ends)]
    return found


def _nodes(seen: Observation) -> dict[str, float]:
    return {node["name"]: node["seconds"] for node in seen.document["nodes"]}


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

    name: str
    document: dict[str, Any]
    wall_s: float
    cpu_s: float
    peak_mb: float


def observe(
    name: str, home: Path, arguments: Sequence[str], environment: Mapping[str, str] | None = None
) -> Observation:
    """Run a command of f1 that prints JSON, and watch it from outside.

    Raises PermanentError, with the end of its output, if it fails.
    """
    note(f"measuring: {name}")
    command = [sys.executable, "-P", "-m", "f1mesh.cli.app", *arguments]
    begin = time.monotonic()
    process = subprocess.Popen(
        command,
        env={**os.environ, Settings.home.name: str(home), **(environment or {})},
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
        name=name,
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
        self._spent = {process.pid: _cpu(process) for process in self._processes()}
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
                    self._cpu[process.pid] = _cpu(process) - self._spent.get(process.pid, 0.0)
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


def _cpu(process: psutil.Process) -> float:
    """Seconds of processor time that a process has spent; 0 if it is gone."""
    try:
        times = process.cpu_times()
    except psutil.Error:
        return 0.0
    return float(times.user + times.system)


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
    for kind in ("unchanged", "one record changed", "build after edit"):
        walls = [m.wall_s for m in found if m.name.startswith(f"{kind} ")]
        if len(walls) > 1:
            note(f"median of '{kind}': {statistics.median(walls):.2f} s")
