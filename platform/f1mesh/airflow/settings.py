"""Where things are for Airflow's processes, the same on MWAA and locally: of the settings of
f1mesh.settings, those that Airflow needs.

`F1_ROOT` may be a checkout or the unpacked bundle; beside `F1_MESH_PYTHON` lies `dbt`;
`F1_MANIFESTS` holds <domain>/manifest.json, made by `dbt parse` before Airflow parses.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from f1mesh import settings
from f1mesh.orchestration.order import steps_site
from f1mesh.workers.client import Site
from f1mesh.workspace import Workspace

SHORTEST_S = 900.0


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
        said = settings.Settings.read()
        deadline = said.shortest_deadline_s or SHORTEST_S
        return cls(
            workspace=workspace,
            python=said.mesh_python or workspace.home / "envs" / "platform" / "bin" / "python",
            manifests=said.manifests or workspace.home / "manifests",
            target=said.target or "local",
            repository=(said.repository_url or "").rstrip("/"),
            server=said.step_server is not False,
            shortest_deadline=timedelta(seconds=deadline),
        )

    def site(self) -> Site:
        """Where steps are done."""
        workspace = self.workspace
        return steps_site(
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
