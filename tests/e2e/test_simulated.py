"""Without any input the mesh runs on a made-up championship, and never shows it as real."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.mesh import Mesh

pytestmark = pytest.mark.e2e


def test_a_simulated_championship_goes_through_everything_and_is_told_as_such(
    root: Path, tmp_path: Path
) -> None:
    mesh = Mesh(root, tmp_path / "home")

    document = mesh.json("run", "--history", "simulated", "--seed", "3")
    answers = mesh.json("answers")

    assert document["ok"]
    assert all(domain["failed"] == 0 for domain in document["domains"])
    assert answers == document["answers"]
    assert answers["provenance"]["simulated"] is True
    assert answers["provenance"]["source"] == "simulated"
    assert [row["season"] for row in answers["season_champions"]] == list(range(2025, 2015, -1))
    assert len(answers["top_teams"]) == 50 * 5
    assert (mesh.home / "active").read_text().strip() == "simulated-s3-x1"
