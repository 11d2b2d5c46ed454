"""Damage in a release of F1DB is told by F1DB's own files, lines and names."""

from __future__ import annotations

from pathlib import Path

import pytest

from f1mesh.errors import PermanentError
from f1mesh.sources.damage import EMPTIED, LEFT_OUT, SET_ASIDE, DamageReport, Effect
from f1sources.f1db import read_f1db
from f1sources.integrity import sound_rows
from f1sources.load import refuse_unsound
from tests.f1sources.conftest import ErgastFolder
from tests.f1sources.first_load import counts, only

DRIVERS, TEAMS = ("farina", "fangio", "ascari"), ("alfa", "alfa", "ferrari")
RESULT_HEADER = (
    "raceId,positionDisplayOrder,positionNumber,positionText,driverNumber,driverId,constructorId,"
    "engineManufacturerId,sharedCar,laps,time,timeMillis,gap,gapLaps,reasonRetired,points,"
    "gridPositionNumber,gridPositionText,fastestLap"
)
STANDING_HEADER = "raceId,year,round,positionDisplayOrder,positionNumber,positionText,points"
ROWS = {
    "seasons": 1,
    "status": 1,
    "circuits": 1,
    "constructors": 2,
    "drivers": 3,
    "races": 2,
    "results": 6,
    "sprint_results": 0,
    "qualifying": 0,
    "pit_stops": 2,
    "driver_standings": 6,
    "constructor_standings": 0,
}


def entries(*races: int) -> list[str]:
    return [
        f"{race},{place},{place},{place},{place},{driver},{team},,false,70,,,,,,{9 - place},"
        f"{place},{place},false"
        for race in races
        for place, (driver, team) in enumerate(zip(DRIVERS, TEAMS, strict=True), 1)
    ]


RELEASE = {
    "seasons": ["year", "1950"],
    "countries": ["id,name,demonym", "italy,Italy,Italian", "uk,United Kingdom,British"],
    "circuits": [
        "id,fullName,placeName,countryId,latitude,longitude",
        "silverstone,Silverstone Circuit,Silverstone,uk,52.0786,-1.01694",
    ],
    "constructors": ["id,name,countryId", "alfa,Alfa Romeo,italy", "ferrari,Ferrari,italy"],
    "drivers": [
        "id,firstName,lastName,abbreviation,permanentNumber,dateOfBirth,nationalityCountryId",
        *(f"{driver},A,{driver.title()},AAA,,1911-06-24,italy" for driver in DRIVERS),
    ],
    "grands-prix": ["id,fullName", "great-britain,British Grand Prix"],
    "races": [
        "id,year,round,date,time,grandPrixId,officialName,circuitId,courseLength,"
        + ",".join(
            f"{session}Date,{session}Time"
            for session in (
                "freePractice1",
                "freePractice2",
                "freePractice3",
                "qualifying",
                "sprintRace",
            )
        ),
        "1,1950,1,1950-05-13,,great-britain,First,silverstone,4.6" + "," * 10,
        "2,1950,2,1950-05-21,,great-britain,Second,silverstone,4.6" + "," * 10,
    ],
    "races-race-results": [RESULT_HEADER, *entries(1, 2)],
    "races-sprint-race-results": [RESULT_HEADER],
    "races-qualifying-results": [
        "raceId,positionDisplayOrder,positionNumber,driverNumber,driverId,constructorId,time,"
        "q1,q2,q3"
    ],
    "races-starting-grid-positions": [
        "raceId,positionNumber,driverNumber,driverId",
        "1,1,1,farina",
    ],
    "races-fastest-laps": ["raceId,positionNumber,driverNumber,driverId,lap,time,timeMillis"],
    "races-pit-stops": [
        "raceId,driverId,stop,lap,time,timeMillis",
        "1,farina,1,20,20.1,20100",
        "1,farina,2,40,20.1,20100",
    ],
    "races-driver-standings": [
        STANDING_HEADER + ",driverId",
        *(
            f"{race},1950,{race},{place},{place},{place},{9 - place},{driver}"
            for race in (1, 2)
            for place, driver in enumerate(DRIVERS, 1)
        ),
    ],
    "races-constructor-standings": [STANDING_HEADER + ",constructorId,engineManufacturerId"],
    "seasons-constructor-standings": [
        STANDING_HEADER.removeprefix("raceId,").replace("round,", "")
        + ",constructorId,engineManufacturerId"
    ],
}


@pytest.fixture
def release(tmp_path: Path) -> ErgastFolder:
    path = tmp_path / "release"
    path.mkdir()
    folder = ErgastFolder(path)
    for file in path.iterdir():
        file.unlink()
    for stem, lines in RELEASE.items():
        (path / f"f1db-{stem}.csv").write_text("\n".join(lines) + "\n")
    return folder


def read(release: ErgastFolder, max_damage: float) -> tuple[dict[str, int], DamageReport]:
    """How many rows a first load would write, and what was wrong."""
    report = DamageReport()
    tables = sound_rows(read_f1db(release.path, {}, report), {}, report)
    refuse_unsound(report, tables, max_damage)
    return counts(tables), report


def test_the_undamaged_release_is_whole(release: ErgastFolder) -> None:
    rows, report = read(release, 0.0)

    assert (rows, report.damages) == (ROWS, [])


@pytest.mark.parametrize(
    ("stem", "old", "new", "effect", "told"),
    [
        ("drivers", "1911-06-24", "24 June 1911", EMPTIED, "2, column dateOfBirth: not a date"),
        ("drivers", "1911-06-24", "0001-01-01", EMPTIED, "2, column dob: breaks the rule dob"),
        ("drivers", ",italy", ",atlantis", EMPTIED, "nationalityCountryId: no such row in countr"),
        ("circuits", "52.0786", "152.1", EMPTIED, "2, column lat: breaks the rule lat"),
        ("races", "great-britain", "nowhere", EMPTIED, "grandPrixId: no such row in grands-prix"),
        ("races-race-results", "1,1,1,1,1,farina", "1,1,1,1,1,nobody", SET_ASIDE,
         "2, column driverId: no such row in drivers ('nobody')"),
        ("races-race-results", ",8,1,1,", ",many,1,1,", SET_ASIDE, "points: not a number ('many')"),
        ("races-race-results", "1,1,1,1,1,", "1,1,x,1,1,", SET_ASIDE, "positionNumber: not a wh"),
        ("races-race-results", ",8,1,1,", ",8,x,1,", SET_ASIDE, "gridPositionNumber: not a whole"),
        ("races-race-results", "70,", "70,,", SET_ASIDE, "2: 20 fields, the header has 19"),
        ("races-race-results", "1,2,2,2", "1,1,2,2", SET_ASIDE, "3, column raceId + positionDisp"),
        ("races-pit-stops", "1,farina,2,", "9,farina,2,", SET_ASIDE, "raceId: no such row"),
        ("races-pit-stops", "1,farina,2,40,", "1,farina,2,4o,", EMPTIED, "lap: not a whole"),
        ("races-race-results", "\n1,1,", f"\n{entries(1)[0]}\n1,1,", LEFT_OUT, "says again what"),
        ("drivers", "farina", "farina,A,Farina,AAA,,1911-06-24,italy\nfarina", LEFT_OUT, "3,"),
    ],
)  # fmt: skip
def test_damage_that_loses_no_parent_is_read_on(
    release: ErgastFolder, stem: str, old: str, new: str, effect: Effect, told: str
) -> None:
    release.replace(f"f1db-{stem}.csv", old, new)

    rows, report = read(release, 0.5)

    only(report, effect, told)
    assert str(report.damages[0]).startswith(f"f1db-{stem}.csv, line ")
    lost = {"races-race-results": "results", "races-pit-stops": "pit_stops"}.get(stem, "")
    assert rows == ROWS | ({lost: ROWS[lost] - 1} if effect == SET_ASIDE else {})


@pytest.mark.parametrize(
    ("stem", "old", "new", "told", "with_it"),
    [
        ("races", "1950-05-21", "0000-00-00", "3, column date: not a date",
         "6 rows (f1db-races-driver-standings.csv: 3, f1db-races-race-results.csv: 3)"),
        ("races", "1950-05-21", "1951-05-21", "3, column date: breaks the rule", "6 rows"),
        ("races", "2,1950,2", "2,1950,x", "3, column round: not a whole number ('x')", "6 rows"),
        ("races", "Second,silverstone", "Second,nowhere", "3, column circuitId: no such", "6 r"),
        ("drivers", "fangio,A,", "fangio,,", "3, column firstName: must not be empty", "4 rows"),
        ("drivers", "fangio,A", "fangi0,A", "drivers.csv: no row with the key 'fangio'", "4 rows"),
        ("constructors", "ferrari,Ferrari", "ferrari,", "3, column name: must not be", "2 rows"),
        ("circuits", "silverstone,", ",", "2, column id: must not be empty", "(f1db-races-driver"),
        ("seasons", "1950", "195o", "2, column year: not a whole number ('195o')", "17 rows"),
        ("drivers", "ascari,A", "ascari,A,A", "4: 8 fields, the header has 7", "key 'ascari'"),
    ],
)  # fmt: skip
def test_a_lost_parent_stops_whatever_is_allowed(
    release: ErgastFolder, stem: str, old: str, new: str, told: str, with_it: str
) -> None:
    release.replace(f"f1db-{stem}.csv", old, new)

    with pytest.raises(PermanentError) as refused:
        read(release, 1.0)

    assert str(refused.value).split("\n")[1].startswith(f"  f1db-{stem}.csv"), refused.value
    assert told in str(refused.value)
    assert with_it in str(refused.value)


@pytest.mark.parametrize("stem", ["races-race-results", "drivers", "seasons"])
def test_a_release_without_rows_is_refused(release: ErgastFolder, stem: str) -> None:
    header = RELEASE[stem][0]
    (release.path / f"f1db-{stem}.csv").write_text(f"{header}\n")

    with pytest.raises(PermanentError, match=f"f1db-{stem}.csv holds a header and no row"):
        read(release, 1.0)


def test_points_that_a_release_leaves_out_are_not_taken_for_none(release: ErgastFolder) -> None:
    release.replace("f1db-races-race-results.csv", "points", "score")

    with pytest.raises(PermanentError, match=r"line 1: no column points"):
        read(release, 1.0)
