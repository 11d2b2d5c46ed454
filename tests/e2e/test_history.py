"""The first run on a genuine F1DB release: complete, right, and gone when it ends."""

from __future__ import annotations

import csv
import io
import zipfile
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from f1mesh.registry import load_mesh

from .conftest import Mesh

pytestmark = pytest.mark.e2e

DRIVER_TOTALS = {
    "entries": "totalRaceEntries",
    "starts": "totalRaceStarts",
    "wins": "totalRaceWins",
    "podiums": "totalPodiums",
    "poles": "totalPolePositions",
    "fastest_laps": "totalFastestLaps",
    "titles": "totalChampionshipWins",
    "points": "totalPoints",
    "championship_points": "totalChampionshipPoints",
}
CONSTRUCTOR_TOTALS = {
    "entries": "totalRaceEntries",
    "starts": "totalRaceStarts",
    "wins": "totalRaceWins",
    "podiums": "totalPodiums",
    "podium_races": "totalPodiumRaces",
    "one_two_finishes": "total1And2Finishes",
    "poles": "totalPolePositions",
    "fastest_laps": "totalFastestLaps",
    "titles": "totalChampionshipWins",
    "championship_points": "totalChampionshipPoints",
}
Differences = dict[tuple[str, str], tuple[Decimal, Decimal]]  # id, total: ours, F1DB's
# F1DB's own list of the fastest laps of the 1971 Italian Grand Prix has Pescarolo (March) first;
# the flag in the race results, which its totals count, does not. The list is right.
DRIVER_EXCEPTIONS: Differences = {("henri-pescarolo", "fastest_laps"): (Decimal(1), Decimal(0))}
CONSTRUCTOR_EXCEPTIONS: Differences = {("march", "fastest_laps"): (Decimal(7), Decimal(6))}


def release_table(f1db_zip: Path, name: str) -> list[dict[str, str]]:
    with zipfile.ZipFile(f1db_zip) as archive, archive.open(f"f1db-{name}.csv") as file:
        rows = list(csv.DictReader(io.TextIOWrapper(file, encoding="utf-8")))
    assert rows
    return rows


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


@pytest.mark.parametrize(
    ("career", "table", "totals", "exceptions"),
    [
        ("driver", "drivers", DRIVER_TOTALS, DRIVER_EXCEPTIONS),
        ("constructor", "constructors", CONSTRUCTOR_TOTALS, CONSTRUCTOR_EXCEPTIONS),
    ],
)
def test_every_career_equals_f1dbs_own_totals(
    history: tuple[Mesh, Any],
    f1db_zip: Path,
    career: str,
    table: str,
    totals: dict[str, str],
    exceptions: Differences,
) -> None:
    mesh, _ = history
    [rows] = mesh.ask(f"select * from race_history.{career}_career")
    ours = {row[f"{career}_ref"]: row for row in rows}
    nobody = dict.fromkeys(totals, 0)  # the release also lists people who never entered a race

    differences: Differences = {}
    for row in release_table(f1db_zip, table):
        for mine, theirs in totals.items():
            found = Decimal(str(ours.get(row["id"], nobody)[mine]))
            official = Decimal(row[theirs] or 0)
            if found != official:
                differences[row["id"], mine] = (found, official)

    assert len(ours) > 180
    assert differences == exceptions


def test_the_champions_of_all_complete_seasons_are_right(
    history: tuple[Mesh, Any], f1db_zip: Path
) -> None:
    mesh, _ = history
    [rows] = mesh.ask("select * from race_history.season_champions")
    ours = {row["season"]: (row["driver_ref"], row["constructor_ref"]) for row in rows}

    def winners(name: str, key: str) -> dict[int, str]:
        table = release_table(f1db_zip, name)
        return {int(r["year"]): r[key] for r in table if r["positionNumber"] == "1"}

    drivers = winners("seasons-driver-standings", "driverId")
    constructors = winners("seasons-constructor-standings", "constructorId")
    complete = range(1950, 2024)
    assert ours == {season: (drivers[season], constructors.get(season)) for season in complete}
