"""Loading: upserts, corrections, damage, all or nothing."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psycopg
import pytest

from f1mesh.errors import PermanentError
from f1sources.database import contents
from f1sources.history import HistoryInput
from f1sources.load import LoadReport, load

if TYPE_CHECKING:
    from tests.f1sources.conftest import ErgastFolder

Load = Callable[..., LoadReport]


def rows(url: str, statement: str) -> list[tuple[Any, ...]]:
    with psycopg.connect(url) as connection:
        return connection.execute(statement).fetchall()


def stamps(url: str, table: str = "results", key: str = "resultId") -> dict[int, Any]:
    return dict(rows(url, f'select "{key}", updated_at from "{table}"'))


def quarantined(report: LoadReport) -> list[dict[str, Any]]:
    assert report.quarantine_file is not None
    return [json.loads(line) for line in report.quarantine_file.read_text().splitlines()]


def test_a_folder_is_loaded_with_future_races_and_clean_values(
    load_folder: Load, database: str
) -> None:
    report = load_folder()

    assert report.tables["results"].inserted == 6
    assert report.quarantined == {}
    assert rows(database, 'select count(*) from races where "raceId" = 3') == [(1,)]
    assert rows(database, 'select nationality from constructors where "constructorId" = 2') == [
        ("Italian",)
    ]
    born = rows(database, 'select dob::text from drivers order by "driverId"')
    assert born == [("1906-10-30",), ("1911-06-24",), ("1918-07-13",)]
    assert len(set(stamps(database).values())) == 6, "each row has a moment of its own"


def test_the_same_content_is_not_loaded_twice(load_folder: Load, database: str) -> None:
    load_folder()
    before = stamps(database)

    again = load_folder()

    assert again.skipped
    assert "already loaded" in str(again)
    assert stamps(database) == before


def test_loading_again_touches_only_what_changed(
    load_folder: Load, folder: ErgastFolder, database: str
) -> None:
    load_folder()
    before = stamps(database)
    folder.replace("results.csv", "11,1,1,1,1,1,1,1,1,8,", "11,1,1,1,1,1,\\N,D,3,0,")
    folder.append("drivers.csv", "4,parnell,\\N,\\N,Reg,Parnell,1911-07-02,British,\\N")

    report = load_folder()

    after = stamps(database)
    assert {key for key in after if after[key] != before[key]} == {11}
    assert after[11] > max(before.values())
    assert (report.tables["results"].updated, report.tables["results"].inserted) == (1, 0)
    assert (report.tables["drivers"].updated, report.tables["drivers"].inserted) == (0, 1)


def test_a_write_that_changes_nothing_keeps_the_stamp(load_folder: Load, database: str) -> None:
    load_folder()
    before = stamps(database)

    with psycopg.connect(database) as connection:
        connection.execute("update results set points = points")
        connection.execute('update results set points = 0 where "resultId" = 12')

    after = stamps(database)
    assert {key for key in after if after[key] != before[key]} == {12}


def test_rows_that_vanish_stay_unless_pruned(
    load_folder: Load, folder: ErgastFolder, database: str
) -> None:
    load_folder()
    folder.replace("driver_standings.csv", "3,1,3,6,3,3,0\n", "")

    kept = load_folder()
    assert kept.tables["driver_standings"].deleted == 0
    assert len(stamps(database, "driver_standings", "driverStandingsId")) == 3

    folder.append("seasons.csv", "1951,\\N")
    pruned = load_folder(prune=True)
    assert pruned.tables["driver_standings"].deleted == 1
    assert len(stamps(database, "driver_standings", "driverStandingsId")) == 2


def test_every_kind_of_damage_is_named_with_file_line_and_column(
    load_folder: Load, folder: ErgastFolder, database: str
) -> None:
    folder.append("results.csv", "90,1,99,1,7,7,7,7,7,0,70,\\N,\\N,\\N,\\N,\\N,\\N,1")
    folder.append("results.csv", "91,1,1")
    folder.append("results.csv", "92,1,1,1,7,7,7,7,7,many,70,\\N,\\N,\\N,\\N,\\N,\\N,1")
    folder.append("results.csv", "11,1,1,1,7,7,7,7,7,0,70,\\N,\\N,\\N,\\N,\\N,\\N,1")
    folder.append("results.csv", "94,1,1,1,7,7,7,X,7,0,70,\\N,\\N,\\N,\\N,\\N,\\N,1")
    folder.append("results.csv", "95,1,1,1,7,\\N,7,7,7,0,70,\\N,\\N,\\N,\\N,\\N,\\N,1")
    folder.replace("races.csv", "url\n", "url,weather\n")
    for race in ("\\N,\\N\n2", "14:00:00,\\N\n3"):
        folder.replace("races.csv", race, race.replace("\n", ",dry\n"))
    folder.replace("races.csv", "1950-09-03,\\N,\\N", "1950-09-03,\\N,\\N,dry")
    (folder.path / "lap_times.csv").write_text("raceId,driverId,lap\n1,1,1\n")

    report = load_folder(max_damage=0.6)

    found = {(item["line"], item["column"], item["value"]) for item in quarantined(report)}
    assert found == {
        (8, "driverId", "99"),
        (9, "constructorId", "91,1,1"),
        (10, "points", "many"),
        (11, "resultId", "11"),
        (12, "positionText", "X"),
        (13, "grid", None),
    }
    assert {item["file"] for item in quarantined(report)} == {"results.csv"}
    assert report.quarantined == {"results.csv": 6}
    assert any("weather" in note for note in report.notes)
    assert any("lap_times.csv" in note for note in report.notes)
    assert len(stamps(database)) == 6, "the sound rows are loaded"
    assert "line 8, column driverId: no such row in drivers ('99')" in str(report)


def test_a_damaged_row_that_others_hang_on_stops_the_load_whatever_is_allowed(
    load_folder: Load, folder: ErgastFolder, database: str
) -> None:
    folder.replace("races.csv", "1950-05-21", "0000-00-00")

    with pytest.raises(PermanentError) as refused:
        load_folder(max_damage=1.0)

    assert "races.csv, line 3, column date: not a date (YYYY-MM-DD) ('0000-00-00')\n" in str(
        refused.value
    )
    assert "with it would go 3 rows (results.csv: 3)" in str(refused.value)
    assert "allow more" not in str(refused.value)
    assert contents(database) == ({}, {})


def test_a_bad_value_that_may_be_empty_is_read_as_empty_and_told(
    load_folder: Load, folder: ErgastFolder, database: str
) -> None:
    folder.replace("drivers.csv", "1906-10-30", "30 October 1906")
    folder.replace("circuits.csv", "52.0786", "152.0786")

    report = load_folder()

    assert report.quarantined == {}
    assert report.emptied == {"circuits.csv": 1, "drivers.csv": 1}
    assert "drivers.csv, line 2, column dob: not a date (YYYY-MM-DD) ('30 October 1906')" in str(
        report
    )
    found = {(i["file"], i["line"], i["column"], i["value"]) for i in quarantined(report)}
    assert found == {
        ("drivers.csv", 2, "dob", "30 October 1906"),
        ("circuits.csv", 2, "lat", "152.0786"),
    }
    assert rows(database, 'select dob from drivers where "driverId" = 1') == [(None,)]
    assert rows(database, 'select lat, lng from circuits where "circuitId" = 1') == [
        (None, -1.01694)
    ]
    assert len(stamps(database)) == 6


def test_damage_that_loses_no_row_does_not_keep_what_the_input_lacks(
    load_folder: Load, folder: ErgastFolder, database: str
) -> None:
    load_folder()
    folder.replace("driver_standings.csv", "3,1,3,6,3,3,0\n", "")
    folder.replace("drivers.csv", "1906-10-30", "unknown")

    report = load_folder(prune=True)

    assert report.tables["driver_standings"].deleted == 1


def test_too_much_damage_changes_nothing(
    load_folder: Load, folder: ErgastFolder, database: str, tmp_path: Path
) -> None:
    load_folder()
    before = (stamps(database), contents(database))
    folder.replace("results.csv", "21,2,1,1,1,1,1,1,1,8,", "21,2,1,1,1,1,1,1,1,3,")
    folder.append("results.csv", "91,1,1")

    with pytest.raises(PermanentError, match=r"results.csv: 1 of 7 rows.*5.0%") as refused:
        load_folder()

    assert "results.csv, line 8" in str(refused.value)
    assert (stamps(database), contents(database)) == before
    assert list((tmp_path / "quarantine").glob("*.jsonl"))


def test_a_row_of_the_database_is_parent_enough(
    load_folder: Load, folder: ErgastFolder, database: str
) -> None:
    load_folder()
    for file in folder.path.glob("*.csv"):
        if file.name != "results.csv":
            file.unlink()
    folder.append("results.csv", "31,3,1,1,1,1,1,1,1,8,70,\\N,\\N,\\N,\\N,\\N,\\N,1")

    report = load_folder()

    assert report.tables["results"].inserted == 1


@pytest.mark.parametrize(
    ("file", "old", "new", "told"),
    [
        ("results.csv", "positionText", "place", "no column positionText"),
        ("results.csv", "grid", "number", "repeats number"),
    ],
)
def test_a_wrong_header_is_refused_with_its_place(
    load_folder: Load, folder: ErgastFolder, file: str, old: str, new: str, told: str
) -> None:
    folder.replace(file, old, new)

    with pytest.raises(PermanentError, match=f"{file}, line 1.*{told}"):
        load_folder()


def test_a_first_load_needs_the_core_tables(load_folder: Load, folder: ErgastFolder) -> None:
    (folder.path / "drivers.csv").unlink()

    with pytest.raises(PermanentError, match="no file for drivers"):
        load_folder()


def test_files_of_another_publisher_do_not_mix(load_folder: Load, folder: ErgastFolder) -> None:
    load_folder()
    folder.replace("drivers.csv", "1,farina", "1,nino-farina")
    folder.replace("drivers.csv", "2,fangio", "2,juan-fangio")

    with pytest.raises(PermanentError, match="numbers drivers differently"):
        load_folder()


def test_kaggles_spelling_and_a_zip_are_taken(
    database: str, folder: ErgastFolder, tmp_path: Path
) -> None:
    archive = tmp_path / "kaggle.zip"
    with zipfile.ZipFile(archive, "w") as out:
        for file in folder.path.glob("*.csv"):
            name = "driverStandings.csv" if file.name.startswith("driver_") else file.name
            out.write(file, f"archive/{name}")

    report = load(
        database, HistoryInput.parse(str(archive), tmp_path), quarantine=tmp_path / "quarantine"
    )

    assert report.tables["driver_standings"].inserted == 3


def test_a_killed_load_leaves_nothing_and_the_next_one_works(
    database: str, folder: ErgastFolder, tmp_path: Path, load_folder: Load
) -> None:
    program = (
        "import sys, time\n"
        "from pathlib import Path\n"
        "from f1sources.history import HistoryInput\n"
        "from f1sources.load import load\n"
        "def told(text):\n"
        "    print(text, flush=True)\n"
        "    if text.startswith('committing'):\n"
        "        time.sleep(60)\n"
        "load(sys.argv[1], HistoryInput.parse(sys.argv[2], Path(sys.argv[3])), progress=told,\n"
        "     quarantine=Path(sys.argv[3]))\n"
    )
    arguments = [database, str(folder.path), str(tmp_path)]
    process = subprocess.Popen(
        [sys.executable, "-c", program, *arguments], stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    assert any(line.startswith("committing") for line in process.stdout)

    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    process.stdout.close()
    time.sleep(0.1)

    assert contents(database) == ({}, {})
    assert load_folder().tables["results"].inserted == 6
