"""About seventy kinds of damage in Ergast-shaped files: what is read, what stops, what is told.

Whatever is loaded in the end has every season, race and driver that the files have.
"""

from __future__ import annotations

import pytest

from f1mesh.errors import PermanentError
from f1mesh.sources.damage import EMPTIED, SET_ASIDE
from f1sources.load import refuse_unsound
from tests.f1sources.conftest import SEASON, ErgastFolder
from tests.f1sources.first_load import ROWS, Change, counts, only, patched, read

RESULT = "11,1,1,1,1,1,1,1,1,8,70,\\N,\\N,\\N,\\N,\\N,\\N,1\n"


def result(**changes: str) -> str:
    """The first result, with some of its fields otherwise."""
    names = (SEASON["results.csv"].splitlines()[0]).split(",")
    assert set(changes) <= set(names)
    values = dict(zip(names, RESULT.strip().split(","), strict=True))
    return ",".join((values | changes).values()) + "\n"


def race_with_practice(day: str) -> Change:
    def change(folder: ErgastFolder) -> None:
        lines = (folder.path / "races.csv").read_text().splitlines()
        days = ["fp1_date", day, "1950-05-19", "\\N"]
        text = "".join(f"{line},{cell}\n" for line, cell in zip(lines, days, strict=True))
        (folder.path / "races.csv").write_text(text)

    return change


EMPTY = [
    ("drivers.csv", "1906-10-30", "30 October 1906", "dob: not a date (YYYY-MM-DD)"),
    ("drivers.csv", "1906-10-30", "0000-00-00", "dob: not a date"),
    ("drivers.csv", "1906-10-30", "1906-02-30", "dob: not a date"),
    ("drivers.csv", "1906-10-30", "infinity", "dob: not a date"),
    ("drivers.csv", "1906-10-30", "epoch", "dob: not a date"),
    ("drivers.csv", "1906-10-30", "0001-01-01", "dob: breaks the rule dob between '1880-01-01'"),
    ("drivers.csv", "1906-10-30", "9999-12-31", "dob: breaks the rule dob between"),
    ("drivers.csv", "1906-10-30", "2999-01-01", "dob: breaks the rule dob between"),
    ("drivers.csv", "farina,\\N", "farina,-5", "number: breaks the rule number between 0 and 999"),
    ("drivers.csv", "farina,\\N", "farina,two", "number: not a whole number ('two')"),
    ("circuits.csv", "52.0786", "95.1", "lat: breaks the rule lat between -90 and 90"),
    ("circuits.csv", "52.0786", '"52,0786"', "lat: not a number ('52,0786')"),
    ("circuits.csv", "52.0786", "NaN", "lat: breaks the rule"),
    ("circuits.csv", "-1.01694", "1e9", "lng: breaks the rule lng between -180 and 180"),
    ("circuits.csv", "153", "153 m", "alt: not a whole number"),
    ("circuits.csv", "153", "99999", "alt: breaks the rule"),
    ("races.csv", "1950-05-13,\\N", "1950-05-13,25:00:00", "time: not a time"),
    ("results.csv", RESULT, result(position="0"), "position: breaks the rule"),
    ("results.csv", RESULT, result(number="3.5"), "number: not a whole number ('3.5')"),
    ("results.csv", RESULT, result(laps="all"), "laps: not a whole number ('all')"),
    ("results.csv", RESULT, result(laps="-1"), "laps: breaks the rule"),
    ("results.csv", RESULT, result(milliseconds="1" * 20), "milliseconds: not a whole number"),
    ("results.csv", RESULT, result(milliseconds="0"), "milliseconds: breaks the rule"),
    ("results.csv", RESULT, result(rank="-1"), "rank: breaks the rule"),
    ("results.csv", RESULT, result(fastestLapSpeed="9000"), "fastestLapSpeed: breaks the rule"),
    ("results.csv", RESULT, result(fastestLapSpeed="nan"), "fastestLapSpeed: breaks the rule"),
]
EMPTY_BYTES = [
    (patched("circuits.csv", b"Monte-Carlo", b"Mont\xe9-Carlo"), "location: not text in UTF-8"),
    (patched("drivers.csv", b"Argentine", b"Argen\0tine"), "nationality: not text in UTF-8"),
    (race_with_practice("1850-05-12"), "fp1_date: breaks the rule"),
    (race_with_practice("last week"), "fp1_date: not a date"),
]
ASIDE = [
    (RESULT, result(points="many"), "points: not a number ('many')"),
    (RESULT, result(points="-1"), "points: breaks the rule"),
    (RESULT, result(points="999"), "points: breaks the rule points between 0 and 60"),
    (RESULT, result(points="NaN"), "points: not a number"),
    (RESULT, result(points="\\N"), "points: must not be empty"),
    (RESULT, result(grid="\\N"), "grid: must not be empty"),
    (RESULT, result(grid="-2"), "grid: breaks the rule"),
    (RESULT, result(positionText="X"), "positionText: breaks the rule"),
    (RESULT, result(positionOrder="0"), "positionOrder: breaks the rule"),
    (RESULT, result(resultId=""), "resultId: must not be empty"),
    (RESULT, result(resultId="99999999999"), "resultId: not a whole number ('99999999999')"),
    (RESULT, result(resultId="12"), "resultId: the key is there already ('12')"),
    (RESULT, result(driverId="99"), "driverId: no such row in drivers ('99')"),
    (RESULT, result(raceId="99"), "raceId: no such row in races ('99')"),
    (RESULT, result(statusId="99"), "statusId: no such row in status ('99')"),
    (RESULT, "11,1,1\n", "constructorId: 3 fields, the header has 18 ('11,1,1')"),
    (RESULT, RESULT.replace("\n", ",surplus\n"), "19 fields, the header has 18"),
    (RESULT, '11,1,1,1,1,"1,1,1,1,8,70,,,,,,,1\n', "not CSV"),
    (RESULT, result(time='"open'), "not CSV"),
    (RESULT, RESULT + "resultId,raceId\n", "2 fields"),
    (RESULT, RESULT + "(6 rows)\n", "1 fields"),
]
STOPS = [
    ("races.csv", "1950-05-21", "0000-00-00", "3, column date: not a date", "(results.csv: 3)"),
    (
        "races.csv",
        "1950-05-21",
        "9999-12-31",
        "3, column date: breaks the rule year between",
        ": 3)",
    ),
    (
        "races.csv",
        "1950-05-21",
        "1951-05-21",
        "3, column date: breaks the rule year between",
        ": 3)",
    ),
    ("races.csv", "1950-05-21", "infinity", "3, column date: not a date", "(results.csv: 3)"),
    (
        "races.csv",
        "1950-05-21",
        "1949-12-31",
        "3, column date: breaks the rule year between",
        ": 3)",
    ),
    ("races.csv", "1950-05-21", "soon", "3, column date: not a date (YYYY-MM-DD) ('soon')", ": 3)"),
    ("races.csv", "1950-05-21", "\\N", "3, column date: must not be empty", "(results.csv: 3)"),
    ("races.csv", "1950-09-03", "0000-00-00", "4, column date: not a date", ""),
    ("races.csv", "2,1950,2", "2,1950,0", "3, column round: breaks the rule", "(results.csv: 3)"),
    ("races.csv", "2,1950,2", "2,1950,1", "3, column year + round: the key is there", ": 3)"),
    ("races.csv", "2,1950,2", "2,MCML,2", "3, column year: not a whole number ('MCML')", ": 3)"),
    (
        "races.csv",
        "2,1950,2",
        "2,1951,2",
        "3, column year: no such row in seasons ('1951')",
        ": 3)",
    ),
    ("races.csv", "2,1950,2", ",1950,2", "3, column raceId: must not be empty", "key '2'"),
    (
        "races.csv",
        "2,1950,2",
        "1,1950,2",
        "3, column raceId: the key is there already ('1')",
        "'2'",
    ),
    (
        "races.csv",
        "2,1950,2,2",
        "2,1950,2,9",
        "3, column circuitId: no such row in circuits",
        ": 3)",
    ),
    ("races.csv", "Monaco Grand Prix", "", "3, column name: must not be empty", "(results.csv: 3)"),
    ("races.csv", "2,1950,2,2", "2,1950,2", "3, column url: 7 fields, the header has 8", "'2'"),
    ("races.csv", "2,1950,2,2,", '2,1950,2,2,"', "3", "key '2'"),
    (
        "drivers.csv",
        "3,ascari",
        "3x,ascari",
        "4, column driverId: not a whole number ('3x')",
        "'3'",
    ),
    ("drivers.csv", "3,ascari", ",ascari", "4, column driverId: must not be empty", "key '3'"),
    ("drivers.csv", "3,ascari", "3,", "4, column driverRef: must not be empty", "3 rows"),
    (
        "drivers.csv",
        "3,ascari",
        "3,fangio",
        "4, column driverRef: the key is there already",
        "3 rows",
    ),
    (
        "drivers.csv",
        "Alberto",
        "",
        "4, column forename: must not be empty",
        "(driver_standings.csv: 1",
    ),
    ("drivers.csv", "Alberto,Ascari", "Alberto", "4, column url: 8 fields", "key '3'"),
    (
        "drivers.csv",
        "3,ascari",
        "4,ascari",
        "drivers.csv: no row with the key '3'",
        "results.csv: 2)",
    ),
    (
        "seasons.csv",
        "1950",
        "1949",
        "2, column year: breaks the rule year between 1950 and",
        "12 rows",
    ),
    ("seasons.csv", "1950", "2999", "2, column year: breaks the rule", "seasons.csv: no row with"),
    ("seasons.csv", "1950", "x", "2, column year: not a whole number ('x')", "key '1950'"),
    ("seasons.csv", "1950,\\N\n", "1951,\\N\n", "no row with the key '1950'", "races.csv: 3"),
    ("circuits.csv", "2,monaco", ",monaco", "3, column circuitId: must not be empty", "'2'"),
    ("circuits.csv", "1,silverstone", "1,", "2, column circuitRef", "races.csv: 2, results.csv: 3"),
    (
        "constructors.csv",
        "2,ferrari",
        "7,ferrari",
        "constructors.csv: no row with the key '2'",
        "2",
    ),
    ("constructors.csv", "Ferrari", "", "3, column name: must not be empty", "(results.csv: 2)"),
    ("status.csv", "1,Finished", "9,Finished", "status.csv: no row with the key '1'", "6 rows"),
    ("status.csv", "Finished", "", "2, column status: must not be empty", "(results.csv: 6)"),
]


def test_the_undamaged_files_are_whole(folder: ErgastFolder) -> None:
    tables, report = read(folder, 0.0)

    assert (counts(tables), report.damages) == (ROWS, [])


@pytest.mark.parametrize(("file", "old", "new", "told"), EMPTY)
def test_a_bad_value_that_may_be_empty_is_read_as_empty(
    folder: ErgastFolder, file: str, old: str, new: str, told: str
) -> None:
    folder.replace(file, old, new)

    tables, report = read(folder, 0.0)

    only(report, EMPTIED, told)
    (found,) = report.damages
    assert (found.file, found.line) == (file, 2)
    assert counts(tables) == ROWS
    assert tables[file.removesuffix(".csv")][found.column].null_count > 0


@pytest.mark.parametrize(("change", "told"), EMPTY_BYTES)
def test_odd_bytes_and_days_that_may_be_empty_are_read_as_empty(
    folder: ErgastFolder, change: Change, told: str
) -> None:
    change(folder)

    tables, report = read(folder, 0.0)

    only(report, EMPTIED, told)
    assert counts(tables) == ROWS


@pytest.mark.parametrize(("old", "new", "told"), ASIDE)
def test_a_bad_row_that_nothing_hangs_on_is_set_aside_within_the_limit(
    folder: ErgastFolder, old: str, new: str, told: str
) -> None:
    folder.replace("results.csv", old, new)

    tables, report = read(folder, 0.5)

    only(report, SET_ASIDE, told)
    assert report.quarantined() == {"results.csv": 1}
    assert counts(tables) | {"results": 0} == ROWS | {"results": 0}
    assert counts(tables)["results"] + 1 == report.rows["results.csv"]
    with pytest.raises(
        PermanentError, match=r"(?s)results.csv: 1 of \d rows are damaged.*--max-damage"
    ):
        refuse_unsound(report, tables, 0.05)


@pytest.mark.parametrize(("file", "old", "new", "told", "with_it"), STOPS)
def test_a_lost_row_that_others_hang_on_stops_whatever_is_allowed(
    folder: ErgastFolder, file: str, old: str, new: str, told: str, with_it: str
) -> None:
    folder.replace(file, old, new)

    with pytest.raises(PermanentError) as refused:
        read(folder, 1.0)

    first, *rest = str(refused.value).split("\n")
    assert first == "Rows that others need are missing; nothing was changed:"
    assert rest[0].startswith(f"  {file}"), "the parent's file comes first"
    assert told in str(refused.value)
    assert with_it in str(refused.value)
    assert "allow more" not in str(refused.value)


@pytest.mark.parametrize("last", ["5,hawthorn", None], ids=["a gap", "the newest"])
def test_a_driver_of_one_race_who_is_in_no_file_stops_the_load(
    folder: ErgastFolder, last: str | None
) -> None:
    if last:
        folder.append("drivers.csv", f"{last},\\N,\\N,Mike,Hawthorn,1929-04-10,British,\\N")
    folder.append("results.csv", "99,1,4,1,4,4,4,4,4,0,70,\\N,\\N,\\N,\\N,\\N,\\N,1")

    with pytest.raises(PermanentError, match=r"drivers.csv: no row with the key '4'") as refused:
        read(folder, 1.0)

    assert "results.csv: 1" in str(refused.value)


def test_a_place_in_the_standings_is_not_emptied_since_that_means_excluded(
    folder: ErgastFolder,
) -> None:
    folder.replace("driver_standings.csv", "1,1,1,8,1,1,1", "1,1,1,8,first,1,1")

    _, report = read(folder, 0.5)

    only(report, SET_ASIDE, "driver_standings.csv, line 2, column position: not a whole number")


def test_a_column_in_another_format_is_refused(folder: ErgastFolder) -> None:
    for number in range(4, 24):
        folder.append("drivers.csv", f"{number},d{number},,,A,B,17 September 1929,,")

    with pytest.raises(
        PermanentError, match=r"drivers.csv, column dob: 20 of 23 values"
    ) as refused:
        read(folder, 0.05)

    assert "drivers.csv, line 5, column dob: not a date" in str(refused.value)


def test_only_the_first_lost_rows_are_told(folder: ErgastFolder) -> None:
    for number in range(4, 24):
        folder.append("drivers.csv", f"{number},,,,A,B,,,")

    with pytest.raises(PermanentError, match="and 15 more"):
        read(folder, 1.0)
