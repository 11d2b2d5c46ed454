"""With a real Apache Spark behind the warehouse every table of the mesh is what it is without."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.mesh import Mesh
from tests.support.spark import spark
from tests.support.tables import dump

pytestmark = [pytest.mark.e2e, pytest.mark.long]

HISTORY = ("--history", "simulated", "--seed", "5")


def test_every_table_is_the_same_whatever_the_engine(root: Path, tmp_path: Path) -> None:
    own, other = Mesh(root, tmp_path / "own"), Mesh(root, tmp_path / "other")
    assert own.json("run", *HISTORY)["ok"]

    with spark(root, tmp_path) as url:
        built = other.json("run", *HISTORY, F1_ENGINE=url)

    assert built["ok"]
    expected, found = dump(own), dump(other)  # both are read by the same engine
    assert found.keys() == expected.keys()
    differing = [name for name in expected if found[name] != expected[name]]
    assert differing == []
