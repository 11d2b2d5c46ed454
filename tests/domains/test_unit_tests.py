"""The rules in the domains' models, on rows made up for them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from f1mesh.client import find_target
from f1mesh.registry import load_mesh
from f1mesh.transformation import DbtProject
from f1mesh.warehouse import launch
from tests.support.mesh import Mesh

pytestmark = pytest.mark.e2e

ROOT = Path(__file__).parents[2]

DOMAINS = sorted(file.parent.name for file in ROOT.glob("domains/*/domain.yaml"))


@pytest.mark.parametrize("domain", DOMAINS)
def test_every_dbt_unit_test_of_a_domain_passes(history: tuple[Mesh, Any], domain: str) -> None:
    workspace = history[0].workspace
    launch.start(workspace)
    try:
        target = find_target(workspace)
        project = DbtProject.of(load_mesh(workspace.root).domain(domain), workspace, target)
        report = project.unit_tests()
    finally:
        launch.stop(workspace)

    assert report.ok, "\n".join(f"{n.name}: {n.message}" for n in report.failures)
    assert report.count("unit_test") > 0
