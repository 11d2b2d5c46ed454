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

    with mesh.source() as source:
        source.execute(
            "update results set laps = laps - 1"
            ' where "resultId" = (select max("resultId") from results where laps > 0)'
        )
    corrected = mesh.json("run", "--no-load")
    refused = mesh.ended("run", "--no-load", "--history", "simulated")

    assert corrected["ok"]
    assert sum(domain["moved"] for domain in corrected["domains"]) > 0
    assert refused.returncode == 1
    assert "leave out --history" in refused.stderr
