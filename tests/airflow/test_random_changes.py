"""Random sequences of changes at the source, run by a real scheduler, with kills in mid-run: raw
tables, marts and published products are those of a rebuild from nothing, row by row."""

from __future__ import annotations

import json
import random
import shutil
from pathlib import Path

import pytest

from f1mesh.airflow_local.installation import Installation
from tests.airflow.flights import LIMIT_S, all_states, flight
from tests.airflow.victims import VICTIMS
from tests.support.histories import modern_history
from tests.support.mesh import ODD, Mesh
from tests.support.random_changes import change
from tests.support.tables import dump

pytestmark = [pytest.mark.long, pytest.mark.usefixtures("airflow_python")]

SEQUENCES = 25  # in a round
# In each round: what is killed, and after which words of the run.
ROUNDS = [
    (None, ""),
    ("scheduler", "✓ race_history freshness"),  # the build comes now
    ("task", "✓ drivers freshness"),
]


@pytest.mark.timeout(len(ROUNDS) * LIMIT_S)
def test_random_changes_under_airflow_end_as_a_rebuild_would(root: Path, tmp_path: Path) -> None:
    mesh = Mesh(root, tmp_path / ODD)
    history = modern_history(tmp_path / "history")
    mesh.run("run", "--history", str(history))
    chance = random.Random(2028)

    for number, (victim, words) in enumerate(ROUNDS):
        with mesh.source() as source:
            for _ in range(SEQUENCES):
                change(source, chance)
        with flight(mesh, history) as running:
            if victim:
                running.wait_for(words)
                VICTIMS[victim](running)
            code = running.land()
        assert code == 0, "\n".join(running.lines)
        assert all_states(json.loads(running.output)) == {"success"}
        assert {f.name for f in logs_of(mesh).iterdir()} >= {"dag_processor", "dag_id=drivers"}
        assert "{AIRFLOW_HOME}" not in {f.name for f in logs_of(mesh).iterdir()}

        assert_as_a_rebuild(mesh, history, tmp_path / "rebuilt", f"in round {number} ({victim})")


def logs_of(mesh: Mesh) -> Path:
    installation = Installation.find(mesh.workspace)
    assert installation
    return installation.folder / "logs"


def assert_as_a_rebuild(mesh: Mesh, history: Path, home: Path, when: str) -> None:
    """Every table holds what a run from nothing makes of the same source."""
    rebuilt = mesh.copy(home)
    for made in ("warehouse", "dbt"):
        shutil.rmtree(rebuilt.workspace.data / made)
    rebuilt.run("run", "--history", str(history))
    found, expected = dump(mesh), dump(rebuilt)

    assert found.keys() == expected.keys()
    assert any(expected.values())
    for name, rows in expected.items():
        assert found[name] == rows, f"{name} differs {when}"
    shutil.rmtree(rebuilt.home)
