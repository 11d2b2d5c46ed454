"""What all tests share, those of the platform and those of the domains: where the checkout and the
real input are, and the mesh after a run on it."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.mesh import ask, history  # fixtures

__all__ = ["ask", "history"]

ROOT = Path(__file__).parent

# A worker of pytest-xdist has no main file, which pyspark takes for a run of its own doctests and
# then asks for a whole Spark.
if not hasattr(sys.modules["__main__"], "__file__"):
    sys.modules["__main__"].__file__ = __file__


@pytest.fixture(scope="session")
def root() -> Path:
    """The checkout."""
    return ROOT


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The folder with real Formula 1 input, which is not part of the repository."""
    folder = Path(os.environ.get("F1_SHARED_DATA") or ROOT.parent / "shared" / "data")
    if not folder.is_dir():
        pytest.skip(f"no real input: {folder} does not exist (set F1_SHARED_DATA)")
    return folder


@pytest.fixture(scope="session")
def f1db_zip(shared_data: Path) -> Path:
    """A genuine F1DB release."""
    file = shared_data / "f1db-csv.zip"
    if not file.is_file():
        pytest.skip(f"no F1DB release: {file} does not exist")
    return file


@pytest.fixture(autouse=True)
def no_foreign_settings() -> Iterator[None]:
    """A developer's own warehouse or sources must never be touched by a test, and what a test told
    dbt of its warehouse (dbt runs in this process) is not the next test's."""
    _forget_settings()
    yield
    _forget_settings()


_FOREIGN = ("DATABRICKS_", "F1_SOURCE_", "F1_DATASET", "F1_CATALOG", "F1_SCHEMA_PREFIX")


def _forget_settings() -> None:
    for name in list(os.environ):
        if name.startswith(_FOREIGN):
            del os.environ[name]
