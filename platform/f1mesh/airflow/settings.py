"""Where things are for Airflow's processes: environment variables, the same on MWAA and locally.

F1_ROOT         folder with domains/ and platform/dbt (a checkout or the unpacked bundle)
F1_MESH_PYTHON  Python of the platform's environment; `dbt` lies beside it
F1_MANIFESTS    folder with <domain>/manifest.json, made by `dbt parse` before Airflow parses
F1_HOME, F1_DATASET   where the embedded parts keep their state
F1_REPOSITORY_URL     where people read the checkout's files, for links; none: paths only
F1_SHORTEST_DEADLINE_S   how long a run may take at least, whatever contracts promise; default 900
F1_STEP_SERVER  0: a fresh process for each step instead of the fork server
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from f1mesh.orchestration.client import Site
from f1mesh.workspace import Workspace

SHORTEST = "F1_SHORTEST_DEADLINE_S"


@dataclass(frozen=True)
class Settings:
    """What Airflow's processes know of the platform."""

    workspace: Workspace
    python: Path
    manifests: Path
    target: str
    repository: str
    server: bool
    shortest_deadline: timedelta

    @classmethod
    def read(cls) -> Settings:
        """The settings of this process."""
        workspace = Workspace.locate()
        python = os.environ.get("F1_MESH_PYTHON")
        manifests = os.environ.get("F1_MANIFESTS")
        return cls(
            workspace=workspace,
            python=Path(python or workspace.home / "envs" / "platform" / "bin" / "python"),
            manifests=Path(manifests or workspace.home / "manifests"),
            target=os.environ.get("F1_TARGET", "local"),
            repository=os.environ.get("F1_REPOSITORY_URL", "").rstrip("/"),
            server=os.environ.get("F1_STEP_SERVER", "1") != "0",
            shortest_deadline=timedelta(seconds=float(os.environ.get(SHORTEST, "900"))),
        )

    def site(self) -> Site:
        """Where steps are done."""
        workspace = self.workspace
        return Site(
            python=self.python,
            code=Path(__file__).resolve().parents[2],
            run_dir=workspace.run_dir,
            environment={
                "F1_ROOT": str(workspace.root),
                "F1_HOME": str(workspace.home),
                "F1_DATASET": workspace.dataset,
                "F1_MANIFESTS": str(self.manifests),
            },
            server=self.server,
        )

    def manifest(self, domain: str) -> Path:
        return self.manifests / domain / "manifest.json"
