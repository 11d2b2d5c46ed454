"""F1DB's own totals, entity by entity, from the Ergast-shaped tables."""

from __future__ import annotations

import csv
import io
import zipfile
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import psycopg
import pytest
from psycopg.rows import dict_row

from f1mesh.errors import PermanentError
from f1sources.history import HistoryInput
from f1sources.load import load

DRIVER_TOTALS = {
    "totalRaceEntries": "entries",
    "totalRaceStarts": "starts",
    "totalRaceWins": "wins",
    "totalPodiums": "podiums",
    "totalPolePositions": "poles",
    "totalFastestLaps": "fastest_laps",
    "totalPoints": "points",
    "totalChampionshipPoints": "championship_points",
    "totalChampionshipWins": "titles",
}
CONSTRUCTOR_TOTALS = {
    **{theirs: ours for theirs, ours in DRIVER_TOTALS.items() if ours != "points"},
    "totalPodiumRaces": "podium_races",
    "total1And2Finishes": "one_two_finishes",
}

# F1DB's list of fastest laps of the 1971 Italian Grand Prix has Pescarolo (March) first; its totals
# count a flag of the race results, which is not set. The list is right.
EXCEPTIONS = {
    ("henri-pescarolo", "totalFastestLaps"): (0, 1),
    ("march", "totalFastestLaps"): (6, 7),
}


def release(file: Path, name: str) -> list[dict[str, str]]:
    with zipfile.ZipFile(file) as archive:
        return list(csv.DictReader(io.StringIO(archive.read(name).decode())))


def query(url: str, statement: str) -> list[dict[str, Any]]:
    with psycopg.connect(url, row_factory=dict_row) as connection:
        return connection.execute(statement).fetchall()


def totals(url: str, view: str) -> dict[str, dict[str, Any]]:
    text = Path(__file__).with_name("f1db_totals.sql").read_text()
    with psycopg.connect(url, row_factory=dict_row) as connection:
        connection.execute(text)
        found = connection.execute(f"select * from {view}").fetchall()
    return {row["ref"]: row for row in found}


@pytest.mark.parametrize(
    ("file", "view", "compared"),
    [
        ("f1db-drivers.csv", "pg_temp.driver_totals", DRIVER_TOTALS),
        ("f1db-constructors.csv", "pg_temp.constructor_totals", CONSTRUCTOR_TOTALS),
    ],
)
def test_every_total_of_everybody_equals_f1dbs(
    f1db_zip: Path, f1db_database: str, file: str, view: str, compared: dict[str, str]
) -> None:
    theirs = release(f1db_zip, file)
    ours = totals(f1db_database, view)

    differing = {}
    for entity in theirs:
        mine = ours.get(entity["id"])
        for total, column in compared.items():
            expected = Decimal(entity[total])
            counted = Decimal(str(mine[column])) if mine else Decimal(0)
            if expected != counted:
                differing[entity["id"], total] = (int(expected), int(counted))

    assert len(ours) > 100
    assert set(ours) <= {entity["id"] for entity in theirs}
    names = {entity["id"] for entity in theirs}
    assert differing == {key: pair for key, pair in EXCEPTIONS.items() if key[0] in names}


def test_champions_come_from_complete_seasons_only(f1db_database: str) -> None:
    champions = totals(f1db_database, "pg_temp.champions")

    assert champions["1950"]["driver"] == "nino-farina"
    assert champions["1964"]["driver"] == "john-surtees", "more points summed: Graham Hill"
    assert champions["1988"]["driver"] == "ayrton-senna", "more points summed: Alain Prost"
    assert champions["1958"]["constructor"] == "vanwall"
    assert champions["1957"]["constructor"] is None
    assert set(champions) == {str(year) for year in range(1950, 2024)}, "2024 was still running"


def test_exclusions_keep_their_results(f1db_database: str) -> None:
    schumacher = query(
        f1db_database,
        """
        select s."position", s."positionText", s.wins, s.points::int as points
        from driver_standings s
        inner join drivers d on d."driverId" = s."driverId"
        inner join races r on r."raceId" = s."raceId"
        where d."driverRef" = 'michael-schumacher' and r."year" = 1997 and r."round" = 17""",
    )
    assert schumacher == [{"position": None, "positionText": "D", "wins": 5, "points": 78}]

    excluded = query(
        f1db_database,
        """
        select c."constructorRef" as ref, r."year", s."positionText" as text
        from constructor_standings s
        inner join constructors c on c."constructorId" = s."constructorId"
        inner join races r on r."raceId" = s."raceId"
        where s."position" is null and r."round" >= 16 order by r."year", r."round" desc limit 2""",
    )
    assert excluded[0] == {"ref": "tyrrell", "year": 1984, "text": "D"}
    assert excluded[1] == {"ref": "mclaren", "year": 2007, "text": "E"}


def test_shared_drives_have_a_row_per_driver(f1db_database: str) -> None:
    shared = query(
        f1db_database,
        """
        select d."driverRef" as ref, r."position", r.points::int as points, r.number
        from results r inner join drivers d on d."driverId" = r."driverId"
        inner join races on races."raceId" = r."raceId"
        where races."year" = 1951 and races."round" = 4 and r."position" = 1 order by points""",
    )

    assert [row["ref"] for row in shared] == ["luigi-fagioli", "juan-manuel-fangio"]
    assert {row["number"] for row in shared} == {8}


def test_pole_sitters_who_did_not_start_keep_their_slot(f1db_database: str) -> None:
    withdrawn = query(
        f1db_database,
        """
        select races."year", races."round" from results r
        inner join races on races."raceId" = r."raceId"
        where r.grid = 1 and r."positionText" = 'W' order by races."year" """,
    )

    assert {(1996, 9), (2021, 5)} <= {(row["year"], row["round"]) for row in withdrawn}


def rewritten(source: Path, target: Path, name: str, change: Callable[[bytes], bytes]) -> Path:
    """A copy of a release with one of its files changed."""
    with zipfile.ZipFile(source) as old, zipfile.ZipFile(target, "w") as new:
        for member in old.namelist():
            content = old.read(member)
            new.writestr(member, change(content) if member == name else content)
    return target


def test_ids_stay_when_an_older_entry_appears(
    f1db_copy: str, f1db_zip: Path, tmp_path: Path
) -> None:
    before = query(f1db_copy, 'select "driverRef", "driverId" from drivers order by 1')
    changed = rewritten(
        f1db_zip, tmp_path / "changed.zip", "f1db-races-race-results.csv", _with_an_early_entry
    )

    report = load(f1db_copy, HistoryInput.parse(str(changed), tmp_path), quarantine=tmp_path)

    after = query(f1db_copy, 'select "driverRef", "driverId" from drivers order by 1')
    known = {row["driverRef"] for row in before}
    assert [row for row in after if row["driverRef"] in known] == before
    assert {row["driverRef"] for row in after} - known == {"adderly-fong"}
    assert (report.tables["results"].inserted, report.tables["results"].updated) == (1, 0)


def _with_an_early_entry(content: bytes) -> bytes:
    """A reserve driver is found to have been entered in the first race of all."""
    lines = content.decode().splitlines()
    header = next(csv.reader([lines[0]]))
    entry = dict.fromkeys(header, "")
    entry |= {"raceId": "1", "year": "1950", "round": "1", "positionDisplayOrder": "99"}
    entry |= {"positionText": "DNQ", "driverNumber": "99", "driverId": "adderly-fong"}
    entry |= {"constructorId": "maserati", "engineManufacturerId": "maserati"}
    entry |= {"sharedCar": "false", "fastestLap": "false"}
    return "\n".join([*lines, ",".join(entry.values())]).encode() + b"\n"


def test_a_row_that_a_later_release_lacks_is_deleted(
    f1db_copy: str, f1db_zip: Path, tmp_path: Path
) -> None:
    shorter = rewritten(
        f1db_zip,
        tmp_path / "shorter.zip",
        "f1db-races-pit-stops.csv",
        lambda content: content[: content.rstrip().rfind(b"\n") + 1],
    )

    report = load(f1db_copy, HistoryInput.parse(str(shorter), tmp_path), quarantine=tmp_path)

    assert report.tables["pit_stops"].deleted == 1
    assert sum(change.deleted + change.updated for change in report.tables.values()) == 1


def test_a_release_that_lost_much_is_refused(
    f1db_copy: str, f1db_zip: Path, tmp_path: Path
) -> None:
    half = rewritten(
        f1db_zip,
        tmp_path / "half.zip",
        "f1db-races-pit-stops.csv",
        lambda content: b"\n".join(content.split(b"\n")[:10000]) + b"\n",
    )

    with pytest.raises(PermanentError, match=r"lacks .* rows of pit_stops.*--prune"):
        load(f1db_copy, HistoryInput.parse(str(half), tmp_path), quarantine=tmp_path)


def test_damage_in_a_release_is_named_by_its_own_line(
    f1db_copy: str, f1db_zip: Path, tmp_path: Path
) -> None:
    def damage(content: bytes) -> bytes:
        lines = content.split(b"\n")
        lines[1] = lines[1].replace(b"nino-farina", b"nobody")
        lines[2] += b",surplus"
        return b"\n".join(lines)

    name = "f1db-races-race-results.csv"
    dirty = rewritten(f1db_zip, tmp_path / "dirty.zip", name, damage)

    report = load(f1db_copy, HistoryInput.parse(str(dirty), tmp_path), quarantine=tmp_path)

    assert report.quarantined == {name: 2}
    assert {(found.line, found.column) for found in report.examples} == {(2, "driverId"), (3, None)}
    assert report.tables["results"].deleted == 0, "what is damaged now is kept as it was"


def test_a_release_without_a_needed_column_is_refused(
    database: str, f1db_zip: Path, tmp_path: Path
) -> None:
    other = rewritten(
        f1db_zip,
        tmp_path / "other.zip",
        "f1db-races.csv",
        lambda content: content.replace(b'"circuitId"', b'"track"', 1).replace(
            b'"courseLength"', b'"length"', 1
        ),
    )

    with pytest.raises(PermanentError, match=r"f1db-races.csv, line 1: no column circuitId\."):
        load(database, HistoryInput.parse(str(other), tmp_path), quarantine=tmp_path)
