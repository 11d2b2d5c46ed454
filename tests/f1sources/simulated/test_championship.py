"""The tables as a whole: the same every time, typed, sound, and as large as asked."""

import hashlib
import io
import time

import duckdb
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as csv
import pytest

from f1mesh.sources.csv_files import LINE
from f1mesh.sources.damage import DamageReport
from f1sources.ergast_schema import BY_NAME, TABLES, arrow_schema
from f1sources.integrity import sound_rows
from f1sources.simulated.calendar import calendar
from f1sources.simulated.championship import GENERATOR_VERSION, tables
from f1sources.simulated.eras import FIRST_SEASON, NEXT_SEASON, Load, season

# Of seed 1 and scale 1. Another digest with the same version means: rows depend on the machine, the
# Python or numpy, or somebody changed the generator and forgot to give it a new version.
DIGESTS = {"1": "c7dcced880ab587d2e7640c0f969730b3e929c60db6649e34e1932bafd4fe278"}

# What the real history has, to 2025.
REAL_ROWS = {
    "races": 1160,
    "results": 27_300,
    "qualifying": 26_700,
    "pit_stops": 22_000,
    "sprint_results": 480,
    "drivers": 850,
}


def digest(all_tables: dict[str, pa.Table]) -> str:
    """A hash of all values in all tables."""
    text = io.BytesIO()
    for name, table in all_tables.items():
        text.write(name.encode())
        csv.write_csv(table, text)
    return hashlib.sha256(text.getvalue()).hexdigest()


def test_a_seed_always_gives_the_same_rows(championship: dict[str, pa.Table]) -> None:
    assert digest(tables(seed=1)) == digest(championship)


def test_another_seed_gives_other_rows(championship: dict[str, pa.Table]) -> None:
    assert digest(tables(seed=2)) != digest(championship)


def test_rows_are_those_of_the_generator_version(championship: dict[str, pa.Table]) -> None:
    assert digest(championship) == DIGESTS[GENERATOR_VERSION]


def test_tables_have_the_ergast_schema(championship: dict[str, pa.Table]) -> None:
    assert list(championship) == [table.name for table in TABLES]
    for table in TABLES:
        assert championship[table.name].schema == arrow_schema(table)


def test_a_championship_breaks_no_rule_of_the_loader(championship: dict[str, pa.Table]) -> None:
    located = {
        name: table.append_column(LINE, pa.array(range(table.num_rows))).append_column(
            "__file", pa.array([name] * table.num_rows)
        )
        for name, table in championship.items()
    }
    report = DamageReport()

    sound = sound_rows(located, {}, report)

    assert report.damages == []
    assert sound["results"].num_rows == championship["results"].num_rows


@pytest.mark.parametrize("scale", [2, 5, 8, 30, 100])
def test_races_of_any_scale_are_in_their_season(scale: int) -> None:
    races = [
        {"year": race.year, "date": race.date}
        for year in range(FIRST_SEASON, NEXT_SEASON + 1)
        for race in calendar(1, season(year, Load.of(scale)))
    ]
    in_season = BY_NAME["races"].column("date").check

    with duckdb.connect() as database:
        database.register("races", pa.Table.from_pylist(races))
        outside = database.execute(f"select * from races where not ({in_season})").fetchall()

    assert len(races) > 1000
    assert outside == []


@pytest.mark.parametrize("table", TABLES, ids=lambda table: table.name)
def test_keys_are_unique_and_required_values_there(
    championship: dict[str, pa.Table], table: object
) -> None:
    assert isinstance(table, type(TABLES[0]))
    rows = championship[table.name]
    assert rows.num_rows > 0
    for names in (table.key, *table.unique):
        assert rows.group_by(list(names)).aggregate([]).num_rows == rows.num_rows
    for column in table.columns:
        if column.required:
            assert rows[column.name].null_count == 0, column.name


@pytest.mark.parametrize("table", TABLES, ids=lambda table: table.name)
def test_references_resolve(championship: dict[str, pa.Table], table: object) -> None:
    assert isinstance(table, type(TABLES[0]))
    for column, parent in table.references:
        known = championship[parent][column]
        assert pc.all(pc.is_in(championship[table.name][column], value_set=known)).as_py()


def test_everybody_took_part(championship: dict[str, pa.Table]) -> None:
    for key, parent in (("driverId", "drivers"), ("constructorId", "constructors")):
        seen = pc.unique(championship["results"][key])
        assert len(seen) == championship[parent].num_rows


def test_scale_one_is_as_large_as_the_real_history(championship: dict[str, pa.Table]) -> None:
    for name, real in REAL_ROWS.items():
        assert championship[name].num_rows == pytest.approx(real, rel=0.2), name


def test_scale_multiplies_the_rows_of_race_tables(championship: dict[str, pa.Table]) -> None:
    scale = 6

    started = time.monotonic()
    larger = tables(seed=1, scale=scale)
    seconds = time.monotonic() - started

    names = ("results", "qualifying", "pit_stops", "driver_standings", "constructor_standings")
    for name in (*names, "sprint_results"):
        wanted = scale * championship[name].num_rows
        assert larger[name].num_rows == pytest.approx(wanted, rel=0.15), name
    cars = larger["results"].group_by(["raceId", "number", "constructorId"]).aggregate([])
    assert cars.num_rows > 0.99 * larger["results"].num_rows
    for table in TABLES:
        keys = larger[table.name].group_by(list(table.key)).aggregate([])
        assert keys.num_rows == larger[table.name].num_rows
    assert seconds < 30


@pytest.mark.parametrize("scale", [0, 101])
def test_a_scale_that_no_season_can_hold_is_refused(scale: int) -> None:
    with pytest.raises(ValueError, match="from 1 to 100"):
        tables(scale=scale)


def test_a_negative_seed_is_refused() -> None:
    with pytest.raises(ValueError, match="seed is -1"):
        tables(seed=-1)
