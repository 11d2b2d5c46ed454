"""A run with a prefix (a pull request's, a developer's) beside one without, in one warehouse: each
stays in schemas of its own, and both publish the same."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.support.histories import small_history
from tests.support.mesh import Mesh
from tests.support.tables import comparable

pytestmark = pytest.mark.e2e

PREFIX = "pr_7_"


def state_of(mesh: Mesh) -> dict[str, Any]:
    """Every table with its Delta version, every view with what it says of itself."""
    [tables] = mesh.ask(
        "select table_schema, table_name, table_type from f1_local.information_schema.tables"
        " where table_schema <> 'information_schema'"
    )
    names = [f"{row['table_schema']}.{row['table_name']}" for row in tables]
    kinds = [row["table_type"] == "VIEW" for row in tables]
    asked = [
        f"show tblproperties {name}" if is_view else f"describe history {name} limit 1"
        for name, is_view in zip(names, kinds, strict=True)
    ]
    return dict(zip(names, map(str, mesh.ask(*asked)), strict=True))


def published(mesh: Mesh, prefix: str, names: list[str]) -> list[Any]:
    asked = (f"select * from {prefix}{name}" for name in names)
    return [comparable(rows) for rows in mesh.ask(*asked)]


@pytest.mark.long
def test_a_run_with_a_prefix_stays_inside_it(root: Path, tmp_path: Path) -> None:
    mesh = Mesh(root, tmp_path / "home")
    history = str(small_history(tmp_path / "history"))
    first = mesh.json("run", "--history", history)
    before = state_of(mesh)

    second = mesh.json("run", "--history", history, F1_SCHEMA_PREFIX=PREFIX)

    after = state_of(mesh)
    assert {name: version for name, version in after.items() if name in before} == before
    fresh = {name for name in after if name not in before}
    assert fresh
    assert fresh == {PREFIX + name for name in before}
    names = sorted(product["product"].replace("/", ".") for product in mesh.json("products"))
    assert len(names) > 10
    assert published(mesh, PREFIX, names) == published(mesh, "", names)
    assert first["answers"] == second["answers"] == mesh.json("answers", F1_SCHEMA_PREFIX=PREFIX)

    _commands_stay_inside(mesh, before)


def _commands_stay_inside(mesh: Mesh, before: dict[str, Any]) -> None:
    """What people do with products changes those with the prefix, and nothing else."""
    circuits, table = "race_history/dim_circuit", f"{PREFIX}race_history_marts.dim_circuit"
    mesh.ask(f"update {table} set altitude_m = coalesce(altitude_m, 0) + 1")
    (moved,) = mesh.json("publish", circuits, F1_SCHEMA_PREFIX=PREFIX)
    back = mesh.json("rollback", circuits, F1_SCHEMA_PREFIX=PREFIX)
    status = {row["product"]: row for row in mesh.json("products", F1_SCHEMA_PREFIX=PREFIX)}
    mesh.run("warehouse", "start", F1_SCHEMA_PREFIX=PREFIX)
    synced = mesh.json("sync", "status", "race_history", F1_SCHEMA_PREFIX=PREFIX)
    mesh.run("down", F1_SCHEMA_PREFIX=PREFIX)
    mesh.run("contracts", "check", F1_SCHEMA_PREFIX=PREFIX)
    shown = mesh.run(
        "snapshots", "show", "race_history", "snap_status", "1", F1_SCHEMA_PREFIX=PREFIX
    )

    assert moved["action"] == "published"
    assert status[circuits]["version"] == back["version"] < moved["version"]
    assert all(PREFIX in stream["table"] for stream in synced)
    assert shown
    after = state_of(mesh)
    assert {name: version for name, version in after.items() if name in before} == before


def test_a_prefix_that_no_schema_can_begin_with_is_refused(root: Path, tmp_path: Path) -> None:
    mesh = Mesh(root, tmp_path / "home")

    done = mesh.exit_code("products", F1_SCHEMA_PREFIX="PR-7")

    assert done == 1
