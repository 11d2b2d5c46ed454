"""The parts of one warehouse, opened together."""

from __future__ import annotations

import fcntl
import shutil
import uuid
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

from f1mesh.errors import TransientError
from f1mesh.warehouse.catalog.entries import Entry, Table
from f1mesh.warehouse.catalog.store import Catalog
from f1mesh.warehouse.engine import Engine
from f1mesh.warehouse.storage.locks import TableLocks
from f1mesh.warehouse.storage.log import DeltaLogs


@dataclass
class Warehouse:
    """Catalog, engine and storage below one folder."""

    folder: Path
    catalog: Catalog
    engine: Engine
    guard: IO[str]
    open_paths: tuple[Path, ...] = ()
    logs: DeltaLogs = field(default_factory=DeltaLogs)
    locks: TableLocks = field(default_factory=TableLocks)

    @classmethod
    def open(cls, folder: Path, catalog_name: str, open_paths: tuple[Path, ...] = ()) -> Warehouse:
        """Open (or make) the warehouse below `folder`; tables may also lie below `open_paths`.

        Raises TransientError if another process has it open.
        """
        folder.mkdir(parents=True, exist_ok=True)
        folder.chmod(0o700)
        guard = _lock(folder / "lock")
        catalog = Catalog(folder / "catalog.sqlite")
        catalog.add_catalog(catalog_name)
        warehouse = cls(folder, catalog, Engine.start(), guard, open_paths)
        warehouse.sweep()
        return warehouse

    @property
    def staging(self) -> Path:
        """Where results are written before they become part of a table."""
        return self.folder / "staging"

    def admits(self, path: str) -> bool:
        """Whether a table may lie at `path`, links followed: below the open paths, and not among
        the warehouse's own files."""
        real = Path(path).resolve()
        if real.is_relative_to(self.folder.resolve()):
            return False
        return any(real.is_relative_to(allowed.resolve()) for allowed in self.open_paths)

    def new_location(self) -> str:
        """A folder for a new managed table: never one that was used before."""
        return str(self.folder / "tables" / uuid.uuid4().hex)

    def discard(self, entry: Entry) -> None:
        """Remove the files of a managed table that is no longer in the catalog."""
        if isinstance(entry.what, Table) and entry.what.managed:
            self.logs.forget(entry.what.location)
            shutil.rmtree(entry.what.location, ignore_errors=True)

    def warm_up(self) -> None:
        """Load what the first statement would have to wait for."""
        import deltalake  # noqa: F401
        import pyarrow.parquet  # noqa: F401

        with self.engine.lease() as lease:
            lease.query("select 1")

    def sweep(self) -> None:
        """Remove what a crash left: staged data, and tables that no catalog row names."""
        shutil.rmtree(self.staging, ignore_errors=True)
        self.staging.mkdir(parents=True)
        used = {e.what.location for e in self.catalog.entries() if isinstance(e.what, Table)}
        for path in (self.folder / "tables").glob("*"):
            if str(path) not in used:
                shutil.rmtree(path, ignore_errors=True)

    def close(self) -> None:
        self.engine.stop()
        self.catalog.close()
        self.guard.close()


def _lock(path: Path) -> IO[str]:
    guard = path.open("w")
    try:
        fcntl.flock(guard, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        guard.close()
        raise TransientError(
            f"Another warehouse process has {path.parent} open. Stop it with "
            "`./f1 warehouse stop`, then start again."
        ) from error
    return guard
