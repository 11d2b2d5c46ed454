"""Lineage: told by what moves data, without a complaint in each task's log."""

from __future__ import annotations

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
