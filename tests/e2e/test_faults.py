"""kill -9 at random moments, a full disk: the next run ends with exactly the tables of an
undisturbed one."""

from __future__ import annotations

import contextlib
import json
import os
import random
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv
import pytest

from f1sources.simulated import championship

from .conftest import LIMIT_S, Mesh

pytestmark = pytest.mark.long

MOMENTS = 10
LAST_SEASON = 1957  # a small history: the moments matter, not the size
Row = tuple[str, ...]


@dataclass(frozen=True)
class Undisturbed:
    """A history, what a run makes of it, and the time and room that it takes."""

    history: Path
    tables: dict[str, list[Row]]
    seconds: float
    bytes_used: int


def small_history(folder: Path) -> Path:
    """The first seasons of the simulated championship as a folder of Ergast CSV files."""
    folder.mkdir()
    tables = championship.tables(seed=7)
    season = pc.field("year") <= LAST_SEASON
    tables["seasons"] = tables["seasons"].filter(season)
    tables["races"] = tables["races"].filter(season)
    races = tables["races"]["raceId"]
    for name, table in tables.items():
        if "raceId" in table.column_names and name != "races":
            table = table.filter(pc.is_in(table["raceId"], value_set=races.combine_chunks()))
        pyarrow.csv.write_csv(table, folder / f"{name}.csv")
    return folder


def is_volatile(column: str) -> bool:
    """Whether a column tells when something was seen or loaded, which differs between runs."""
    name = column.lower()
    when = ("seen_at", "changed_at", "updated_at", "loaded_at")
    return name.startswith(("_airbyte_", "dbt_")) or name.endswith(when)


def dump(mesh: Mesh) -> dict[str, list[Row]]:
    """Every table and view of every domain, its rows in order, without volatile columns."""
    [found] = mesh.ask(
        "select table_schema, table_name from system.information_schema.tables"
        " where table_catalog = 'f1_local' and table_schema not in ('mesh', 'default')"
        " and table_schema <> 'information_schema'"
    )
    names = sorted(f"{row['table_schema']}.{row['table_name']}" for row in found)
    names = [name for name in names if not name.endswith(("__dbt_tmp", "._built"))]
    tables = mesh.ask(*(f"select * from {name}" for name in names))
    assert len(names) > 20
    return dict(zip(names, map(comparable, tables), strict=True))


def comparable(rows: list[dict[str, object]]) -> list[Row]:
    """The rows in order, without what tells when: columns, and the source's note of its load."""
    return sorted(
        tuple(str(value) for key, value in sorted(row.items()) if not is_volatile(key))
        for row in rows
        if "loaded_at" not in row.values()
    )


@pytest.fixture(scope="module")
def undisturbed(root: Path, tmp_path_factory: pytest.TempPathFactory) -> Undisturbed:
    folder = tmp_path_factory.mktemp("undisturbed")
    history = small_history(folder / "history")
    mesh = Mesh(root, folder / "home")
    begin = time.monotonic()
    mesh.run("run", "--history", str(history))
    seconds = time.monotonic() - begin
    return Undisturbed(history, dump(mesh), seconds, bytes_below(mesh.home))


def bytes_below(folder: Path) -> int:
    """What the files of a folder occupy on disk."""
    return sum(file.lstat().st_blocks * 512 for file in folder.rglob("*"))


@contextlib.contextmanager
def running(mesh: Mesh, history: Path) -> Iterator[subprocess.Popen[bytes]]:
    process = subprocess.Popen(
        [str(mesh.root / "f1"), "run", "--history", str(history)],
        env={**os.environ, "F1_HOME": str(mesh.home)},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        yield process
    finally:
        process.kill()
        process.wait()


def victim_pid(mesh: Mesh, victim: str, runner: int) -> int | None:
    if victim == "runner":
        return runner
    for file in mesh.home.glob(f"datasets/*/run/{victim}.json"):
        with contextlib.suppress(ValueError, OSError):
            return int(json.loads(file.read_text())["pid"])
    return None


def killed_in_mid_run(mesh: Mesh, history: Path, victim: str, delay: float) -> bool:
    """Start a run and kill -9 the victim so many seconds later; False if the run was over then."""
    with running(mesh, history) as process:
        time.sleep(delay)
        while (pid := victim_pid(mesh, victim, process.pid)) is None and process.poll() is None:
            time.sleep(0.02)
        if pid is None or process.poll() is not None:
            return False
        os.kill(pid, signal.SIGKILL)
        process.wait(timeout=LIMIT_S / 2)
    return True


@pytest.mark.parametrize("moment", range(MOMENTS))
@pytest.mark.parametrize("victim", ["runner", "warehouse", "ergast_postgres"])
@pytest.mark.timeout(LIMIT_S)
def test_after_a_kill_the_next_run_ends_as_if_nothing_had_happened(
    victim: str, moment: int, undisturbed: Undisturbed, root: Path, tmp_path: Path
) -> None:
    mesh = Mesh(root, tmp_path / "home")
    delay = random.Random(f"{victim}-{moment}").uniform(0.5, 0.8 * undisturbed.seconds)

    while not killed_in_mid_run(mesh, undisturbed.history, victim, delay):
        delay *= 0.7  # the machine has become faster: the run was over
        shutil.rmtree(mesh.home)
    mesh.run("run", "--history", str(undisturbed.history))

    assert_equal(dump(mesh), undisturbed, f"after {victim} was killed at {delay:.1f} s")
    assert all(not dataset["running"] for dataset in mesh.json("status"))
    shutil.rmtree(mesh.home, ignore_errors=True)


@pytest.mark.timeout(LIMIT_S)
@pytest.mark.parametrize("percent", [70, 80, 90])
def test_after_a_full_disk_the_next_run_ends_as_if_nothing_had_happened(
    percent: int, undisturbed: Undisturbed, root: Path, tmp_path: Path
) -> None:
    if os.geteuid() != 0:
        pytest.skip("only root can mount a file system that is small enough to fill")
    disk = tmp_path / "disk"
    disk.mkdir()
    size = undisturbed.bytes_used * percent // 100
    mount = ["mount", "-t", "tmpfs", "-o", f"size={size}", "f1-small-disk", str(disk)]
    if subprocess.run(mount, capture_output=True).returncode:
        pytest.skip("this machine does not let root mount a tmpfs")
    mesh = Mesh(root, disk / "home")
    try:
        assert mesh.exit_code("run", "--history", str(undisturbed.history)) != 0
        larger = ["mount", "-o", "remount,size=2g", str(disk)]
        subprocess.run(larger, check=True)
        mesh.run("run", "--history", str(undisturbed.history))

        assert_equal(dump(mesh), undisturbed, f"after {size} bytes were full")
    finally:
        mesh.run("stop")
        subprocess.run(["umount", str(disk)], check=False)


def assert_equal(found: dict[str, list[Row]], undisturbed: Undisturbed, when: str) -> None:
    assert found.keys() == undisturbed.tables.keys()
    for name, rows in undisturbed.tables.items():
        assert found[name] == rows, f"{name} differs {when}"


def test_the_comparison_notices_a_changed_row() -> None:
    table = pa.table({"a": [1, 2], "_airbyte_raw_id": ["x", "y"]}).to_pylist()
    other = pa.table({"a": [1, 3], "_airbyte_raw_id": ["z", "y"]}).to_pylist()

    assert comparable(table) == comparable(list(reversed(table)))
    assert comparable(table) != comparable(other)
