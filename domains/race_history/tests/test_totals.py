"""Careers and champions of a genuine release are what the release itself says of them."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pytest

from tests.support.mesh import Ask
from tests.support.releases import release_table

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


@pytest.mark.parametrize(
    ("career", "table", "totals", "exceptions"),
    [
        ("driver", "drivers", DRIVER_TOTALS, DRIVER_EXCEPTIONS),
        ("constructor", "constructors", CONSTRUCTOR_TOTALS, CONSTRUCTOR_EXCEPTIONS),
    ],
)
def test_every_career_equals_f1dbs_own_totals(
    ask: Ask,
    f1db_zip: Path,
    career: str,
    table: str,
    totals: dict[str, str],
    exceptions: Differences,
) -> None:
    rows = ask(f"select * from race_history.{career}_career")
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


def test_the_champions_of_all_complete_seasons_are_right(ask: Ask, f1db_zip: Path) -> None:
    rows = ask("select * from race_history.season_champions")
    ours = {row["season"]: (row["driver_ref"], row["constructor_ref"]) for row in rows}

    def winners(name: str, key: str) -> dict[int, str]:
        table = release_table(f1db_zip, name)
        return {int(r["year"]): r[key] for r in table if r["positionNumber"] == "1"}

    drivers = winners("seasons-driver-standings", "driverId")
    constructors = winners("seasons-constructor-standings", "constructorId")
    complete = range(1950, 2024)
    assert ours == {season: (drivers[season], constructors.get(season)) for season in complete}
