"""Files that are no tables, and other ways to write the same table."""

from __future__ import annotations

from collections.abc import Callable

import pyarrow as pa
import pytest

from f1mesh.errors import PermanentError
from f1mesh.sources.damage import LEFT_OUT, DamageReport
from f1sources.ergast_csv import read_ergast
from f1sources.integrity import sound_rows
from f1sources.load import refuse_unsound
from tests.f1sources.conftest import SEASON, ErgastFolder
from tests.f1sources.first_load import ROWS, Change, counts, only, patched, read

RESULT = SEASON["results.csv"].splitlines()[1] + "\n"


def written(file: str, content: bytes) -> Change:
    def change(folder: ErgastFolder) -> None:
        (folder.path / file).write_bytes(content)

    return change


FILES = [
    (written("results.csv", b""), "results.csv is empty"),
    (written("results.csv", b"\n\n"), "results.csv is empty"),
    (written("results.csv", RESULT.encode()), "results.csv, line 1: the header repeats 1, "),
    (patched("results.csv", b"\n", b"\n\xff"), "resultId"),
    (written("drivers.csv", b"<html><body>Not found</body></html>"), "drivers.csv, line 1: no col"),
    (written("races.csv", "raceId,year".encode("utf-16")), "races.csv, line 1: not UTF-8"),
    (written("races.csv", "raceId,year".encode("utf-16-le")), "races.csv, line 1: not UTF-8"),
    (patched("races.csv", b"round", b"race_id"), "races.csv, line 1: several columns are raceId"),
    (patched("races.csv", b"round", b"raceId"), "races.csv, line 1: the header repeats raceId"),
    (patched("races.csv", b"round", b'"round'), "races.csv, line 1: the header is not CSV"),
    (patched("races.csv", b"round", b"x" * 200_000), "races.csv, line 1: the header is longer"),
    (patched("races.csv", b",", b";"), "races.csv, line 1: no column raceId, year"),
    (patched("results.csv", b"\\N,1\n", b"\n"), "results.csv, line 2, column statusId: 17 fields"),
    (lambda folder: (folder.path / "races.csv").unlink(), "no file for races"),
    (written("races_.csv", b"raceId\n"), "several files for races (races.csv, races_.csv)"),
    (written("results_.csv", b"raceId\n"), "several files for results"),
]


def header_only(file: str) -> Change:
    def change(folder: ErgastFolder) -> None:
        text = (folder.path / file).read_text()
        (folder.path / file).write_text(text.splitlines()[0] + "\n")

    return change


def cut(file: str, bytes_missing: int) -> Change:
    def change(folder: ErgastFolder) -> None:
        content = (folder.path / file).read_bytes()
        (folder.path / file).write_bytes(content[:-bytes_missing])

    return change


@pytest.mark.parametrize(
    ("change", "told"),
    [
        *FILES,
        *((header_only(f"{name}.csv"), f"{name}.csv holds a header and no row") for name in ROWS
          if name in ("circuits", "constructors", "drivers", "races", "results")),
        (header_only("seasons.csv"), "seasons.csv: no row with the key '1950'"),
        (header_only("status.csv"), "status.csv: no row with the key '1'"),
        (cut("results.csv", 8), "results.csv, line 7, column fastestLapSpeed: 16 fields"),
        (cut("drivers.csv", 20), "it is cut off"),
    ],
)  # fmt: skip
def test_a_file_that_is_no_table_stops(folder: ErgastFolder, change: Change, told: str) -> None:
    change(folder)

    with pytest.raises(PermanentError) as refused:
        read(folder, 0.0)

    assert told in str(refused.value)


@pytest.mark.parametrize(
    ("file", "row"),
    [
        ("results.csv", RESULT.strip()),
        ("drivers.csv", "3,ascari,\\N,\\N,Alberto,Ascari,1918-07-13,Italian,\\N"),
        ("races.csv", "2,1950,2,2,Monaco Grand Prix,1950-05-21,14:00:00,\\N"),
        ("seasons.csv", "1950,\\N"),
    ],
)
def test_a_row_that_is_said_twice_is_said_once(folder: ErgastFolder, file: str, row: str) -> None:
    folder.append(file, row)

    tables, report = read(folder, 0.0)

    only(report, LEFT_OUT, "says again what an earlier row says")
    assert counts(tables) == ROWS


@pytest.mark.parametrize(
    "line", ["", ",,,,,,,", "\\N,\\N,\\N,\\N,\\N,\\N,\\N,\\N", " , , , , , , , "]
)
def test_a_line_without_values_is_no_row(folder: ErgastFolder, line: str) -> None:
    folder.append("races.csv", line)

    tables, report = read(folder, 0.0)

    assert (counts(tables), report.damages) == (ROWS, [])


@pytest.mark.parametrize(
    "convert",
    [
        pytest.param(lambda content: b"\xef\xbb\xbf" + content, id="BOM"),
        pytest.param(lambda content: content.replace(b"\n", b"\r\n"), id="CRLF"),
        pytest.param(lambda content: content.replace(b"\n", b"\r"), id="CR"),
        pytest.param(lambda content: content.rstrip(b"\n"), id="no last line end"),
        pytest.param(lambda content: content.replace(b"\n", b",,\n"), id="empty columns"),
        pytest.param(lambda content: content.replace(b",", b" , "), id="blanks"),
        pytest.param(lambda content: content.replace(b"\\N", b"NULL"), id="NULL"),
    ],
)
def test_other_ways_to_write_the_same_are_no_damage(
    folder: ErgastFolder, convert: Callable[[bytes], bytes]
) -> None:
    for file in folder.path.iterdir():
        file.write_bytes(convert(file.read_bytes()))

    tables, report = read(folder, 0.0)

    assert (counts(tables), report.damages) == (ROWS, [])
    assert tables["drivers"]["surname"].to_pylist() == ["Farina", "Fangio", "Ascari"]


def test_results_that_are_all_damaged_are_no_history(folder: ErgastFolder) -> None:
    text = (folder.path / "results.csv").read_text()
    (folder.path / "results.csv").write_text(text.replace(",70,", ",70,,"))

    with pytest.raises(PermanentError, match="No row of results can be loaded"):
        read(folder, 1.0)


def test_the_same_season_may_be_known_from_before(folder: ErgastFolder) -> None:
    (folder.path / "seasons.csv").unlink()
    report = DamageReport()

    tables = sound_rows(
        read_ergast(folder.path, report, first=False), {"seasons": pa.array([1950])}, report
    )

    refuse_unsound(report, tables, 0.0)
    assert counts(tables)["races"] == 3
