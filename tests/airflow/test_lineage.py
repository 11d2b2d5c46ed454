"""Lineage: told by what moves data, without a complaint in each task's log."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

from f1mesh.airflow.layout import task_id
from f1mesh.airflow_local.installation import read_settings
from f1mesh.orchestration.graph import StepKind
from f1mesh.orchestration.plan import domain_plan
from f1mesh.registry import load_mesh

MOVES_DATA = (StepKind.SYNC, StepKind.TRANSFORM, StepKind.PUBLISH)


def test_what_moves_data_sends_lineage_and_nothing_is_deprecated(
    in_airflow: Callable[..., Any], root: Path
) -> None:
    found = in_airflow(
        "tell_lineage.py", **read_settings(root / "platform" / "airflow" / "airflow.env")
    )

    mesh = load_mesh(root)
    for name in mesh.domains:
        steps = domain_plan(mesh, name).steps
        sends = {task for task, emits in found["tasks"][name].items() if emits}
        assert sends == {task_id(step) for step in steps if step.kind in MOVES_DATA}
        assert found["runs"][name]
    assert found["complaints"] == []


def test_with_a_prefix_every_table_and_asset_is_of_its_own_schemas(
    in_airflow: Callable[..., Any], root: Path
) -> None:
    settings = read_settings(root / "platform" / "airflow" / "airflow.env")
    plain = in_airflow("tell_lineage.py", **settings)
    found = in_airflow("tell_lineage.py", **settings, F1_SCHEMA_PREFIX="pr_7_")

    domains = set(load_mesh(root).domains)
    assert set(plain["schemas"]) == {d + layer for d in domains for layer in ("", "_raw", "_marts")}
    assert found["schemas"] == [f"pr_7_{schema}" for schema in plain["schemas"]]
    assert found["assets"] == [a.replace("mesh://", "mesh://pr_7_") for a in plain["assets"]]
    assert found["expires"] == []
    tables = re.findall(r"f1_local\.(\w+)", " ".join(found["counts"]))
    assert set(tables) == {"pr_7_mesh", *(f"pr_7_{domain}" for domain in domains)}


def test_a_shell_and_the_platform_read_the_same_settings(root: Path) -> None:
    file = root / "platform" / "airflow" / "airflow.env"
    script = f"set -a; . '{file}'; env -0"
    done = subprocess.run(
        ["bash", "-c", script], env={}, capture_output=True, text=True, check=True
    )
    by_shell = dict(line.split("=", 1) for line in done.stdout.split("\0") if "=" in line)

    settings = read_settings(file)

    assert len(settings) > 5
    assert settings.items() <= by_shell.items()
