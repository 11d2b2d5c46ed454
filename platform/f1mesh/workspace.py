"""Where things live: the checkout (read) and its state folder (written).

The platform writes below one folder only, `.f1/` of the checkout (or `F1_HOME`). Everything that
belongs to one source of history (its database, its warehouse, its dbt state) lives together in a
*dataset* below it, so that made-up and real results can never mix:

    .f1/envs/platform          Python environment, made by the launcher
    .f1/parsed/                what dbt made of the projects, for all datasets
    .f1/active                 name of the dataset that commands speak about
    .f1/datasets/<name>/       postgres/  warehouse/  dbt/  run/  logs/
"""

from __future__ import annotations

import os
from dataclasses import dataclass, replace
from pathlib import Path

from f1mesh.plain_path import refuse_unusable
from f1mesh.settings import Settings

DEFAULT_DATASET = "default"


@dataclass(frozen=True)
class Workspace:
    """A checkout of the mesh, its state folder and the dataset in use."""

    root: Path
    home: Path
    dataset: str

    @classmethod
    def locate(cls, dataset: str | None = None) -> Workspace:
        """The workspace of this process: `F1_ROOT` (else the checkout that holds this file),
        `F1_HOME` (else `<root>/.f1`), and `dataset` (else `F1_DATASET`, else the active one).

        Raises PermanentError for a state folder whose name cannot be worked with.
        """
        settings = Settings.read()
        root = (settings.root or Path(__file__).parents[2]).resolve()
        home = (settings.home or root / ".f1").resolve()
        refuse_unusable(home, "The folder of the platform's state")
        return cls(root=root, home=home, dataset=dataset or settings.dataset or _active(home))

    def at(self, home: Path) -> Workspace:
        """The same checkout with another state folder, and the dataset that is in use there."""
        return replace(self, home=home, dataset=_active(home))

    def activate(self) -> Workspace:
        """Make this dataset the one that later commands speak about."""
        self.make()
        fresh = self.home / f"active.{os.getpid()}"
        fresh.write_text(self.dataset + "\n")
        fresh.replace(self.home / "active")
        return self

    def make(self) -> Workspace:
        """Make the folders of the dataset, which nobody else lists or reads. Root's are passed by
        its PostgreSQL, which runs as another user."""
        mode = 0o711 if os.geteuid() == 0 else 0o700
        if not self.home.exists():
            self.home.mkdir(parents=True)
            self.home.chmod(mode)
        for folder in (self.data.parent, self.data):
            folder.mkdir(exist_ok=True)
            folder.chmod(mode)
        return self

    @property
    def data(self) -> Path:
        """Everything that belongs to the dataset in use."""
        return self.home / "datasets" / self.dataset

    @property
    def domains(self) -> Path:
        return self.root / "domains"

    @property
    def run_dir(self) -> Path:
        """Pid files and endpoints of the dataset's services."""
        return self.data / "run"

    @property
    def logs(self) -> Path:
        return self.data / "logs"


def _active(home: Path) -> str:
    file = home / "active"
    return file.read_text().strip() if file.is_file() else DEFAULT_DATASET


def private_folder(path: Path) -> Path:
    """`path`, made where it is missing, open to its owner alone (mode 0700)."""
    path.mkdir(parents=True, exist_ok=True)
    path.chmod(0o700)
    return path
