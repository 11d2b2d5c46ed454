"""kill -9 at random moments, a full disk: the next run ends with exactly the tables of an
undisturbed one."""

from __future__ import annotations

import os
import random
import shutil
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import pyarrow.csv
import pytest

from tests.support.histories import small_history
from tests.support.kills import killed_in_mid_run
from tests.support.mesh import LIMIT_S, Mesh
from tests.support.tables import Row, comparable, dump

pytestmark = pytest.mark.long

MOMENTS = 5


@dataclass(frozen=True)
class Undisturbed:
    """A history, what a run makes of it, and the time and room that it takes."""

    history: Path
    tables: dict[str, list[Row]]
    seconds: float
    bytes_used: int


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


@pytest.mark.parametrize("moment", range(MOMENTS))
@pytest.mark.parametrize("victim", ["runner", "warehouse", "ergast_postgres", "dbt-*"])
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
        mesh.run("down")
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
