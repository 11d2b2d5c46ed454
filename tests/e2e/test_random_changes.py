"""Two hundred random sequences of changes at the source, runs killed between: raw tables, marts and
published products are those of a rebuild from nothing, row by row."""

from __future__ import annotations

import random
import shutil
from pathlib import Path

import pytest

from tests.support.histories import modern_history
from tests.support.kills import killed_in_mid_run
from tests.support.mesh import ODD, Mesh
from tests.support.random_changes import change
from tests.support.tables import dump

pytestmark = pytest.mark.long

ROUNDS = 8
SEQUENCES = 25  # in a round
VICTIMS = ["runner", "warehouse", "ergast_postgres"]


@pytest.mark.timeout(3600)
def test_random_changes_end_as_a_rebuild_would(root: Path, tmp_path: Path) -> None:
    mesh = Mesh(root, tmp_path / ODD)
    history = modern_history(tmp_path / "history")
    run = ("run", "--history", str(history))
    mesh.run(*run)
    chance = random.Random(28)

    for number in range(ROUNDS):
        with mesh.source() as source:
            for _ in range(SEQUENCES):
                change(source, chance)
        if number % 2:
            victim = chance.choice(VICTIMS)
            killed_in_mid_run(mesh, history, victim, chance.uniform(0.5, 12))
        mesh.run(*run)

        rebuilt = mesh.copy(tmp_path / "rebuilt")
        for made in ("warehouse", "dbt"):
            shutil.rmtree(rebuilt.workspace.data / made)
        rebuilt.run(*run)
        found, expected = dump(mesh), dump(rebuilt)

        assert found.keys() == expected.keys()
        for name, rows in expected.items():
            assert found[name] == rows, f"{name} differs in round {number}"
        shutil.rmtree(rebuilt.home)
