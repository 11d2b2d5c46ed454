"""The first run on a genuine F1DB release: complete, right, and gone when it ends."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from f1mesh.registry import load_mesh
from tests.support.mesh import Mesh
from tests.support.releases import release_table

pytestmark = pytest.mark.e2e


def test_every_product_is_published_and_nothing_is_left_running(
    history: tuple[Mesh, Any], root: Path
) -> None:
    mesh, document = history

    published = {(d["domain"], p) for d in document["domains"] for p in d["published"]}

    assert document["ok"]
    assert published == {(ref.domain, ref.product) for ref in load_mesh(root).products}
    assert all(not dataset["running"] for dataset in mesh.json("status"))


def test_the_answers_name_source_and_champions(history: tuple[Mesh, Any], f1db_zip: Path) -> None:
    _, document = history
    answers = document["answers"]

    assert answers["provenance"]["simulated"] is False
    assert "F1DB" in answers["provenance"]["source"]
    champions = {row["season"]: row["driver"] for row in answers["season_champions"]}
    names = {row["id"]: row["name"] for row in release_table(f1db_zip, "drivers")}
    official = {
        int(row["year"]): names[row["driverId"]]
        for row in release_table(f1db_zip, "seasons-driver-standings")
        if row["positionNumber"] == "1"
    }
    assert sorted(champions) == list(range(2014, 2024))
    assert champions == {season: official[season] for season in champions}
    assert len(answers["best_drivers"]) >= 20
    assert len(answers["top_teams"]) == 50 * 5
    assert sum(row["drivers"] for row in answers["countries"]) > 800
