"""F1DB releases (f1db.com, CC BY 4.0) as Ergast tables. The mapping itself is `f1db.sql`."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, cast, get_args

from f1mesh.errors import PermanentError
from f1mesh.sources.csv_files import CsvFile, read_csv
from f1mesh.sources.csv_folders import csv_members
from f1mesh.sources.damage import DamageReport
from f1sources.ergast_schema import TABLES, Column, Kind, Table, arrow_schema, parents
from f1sources.integrity import sound_rows
from f1sources.typed import typed

if TYPE_CHECKING:
    import pyarrow as pa
    from duckdb import DuckDBPyConnection

KnownIds = Mapping[str, Mapping[str, int]]
"""Ids already given out: table -> reference -> id."""

REFERENCES = {
    "drivers": "driverRef",
    "constructors": "constructorRef",
    "circuits": "circuitRef",
    "status": "status",
}

# `name:kind!` - the value must be there; `name:kind~` - that it is empty says something; `*` - part
# of the key; `>table` - the key of a row of that table.
_ENTRY = (
    "raceId:int!*>races positionDisplayOrder:int!* positionNumber:int~ "
    "driverNumber:int~ driverId:text!>drivers constructorId:text!>constructors"
)
_RESULT = (
    f"{_ENTRY} positionText:text! sharedCar:bool~ laps:int~ time:text timeMillis:bigint gap:text "
    "gapLaps:int~ reasonRetired:text points:decimal~ gridPositionNumber:int~ "
    "gridPositionText:text fastestLap:bool~ engineManufacturerId:text"
)
_STANDING = (
    "positionDisplayOrder:int!* positionNumber:int~ positionText:text! points:decimal! year:int!"
)
_SESSION_DATES = " ".join(
    f"{session}Date:date {session}Time:time"
    for session in (
        *("freePractice1", "freePractice2", "freePractice3"),
        *("qualifying", "sprintRace"),
    )
)
_FILES = {
    "seasons": "year:int!*",
    "countries": "id:text!* name:text! demonym:text",
    "circuits": "id:text!* fullName:text! placeName:text countryId:text>countries "
    "latitude:float longitude:float",
    "constructors": "id:text!* name:text! countryId:text>countries",
    "drivers": "id:text!* firstName:text! lastName:text! abbreviation:text permanentNumber:int "
    "dateOfBirth:date nationalityCountryId:text>countries",
    "grands-prix": "id:text!* fullName:text!",
    "races": "id:int!* year:int!>seasons round:int! date:date! time:time "
    "grandPrixId:text>grands-prix officialName:text circuitId:text!>circuits courseLength:float "
    f"{_SESSION_DATES}",
    "races-race-results": _RESULT,
    "races-sprint-race-results": _RESULT,
    "races-qualifying-results": f"{_ENTRY} time:text q1:text q2:text q3:text",
    "races-starting-grid-positions": "raceId:int!*>races positionNumber:int~ driverNumber:int~* "
    "driverId:text!*>drivers",
    "races-fastest-laps": "raceId:int!*>races positionNumber:int driverNumber:int~* "
    "driverId:text!*>drivers lap:int time:text timeMillis:bigint",
    "races-pit-stops": "raceId:int!*>races driverId:text!*>drivers stop:int!* lap:int time:text "
    "timeMillis:bigint",
    "races-driver-standings": f"raceId:int!*>races {_STANDING} round:int! driverId:text!>drivers",
    "races-constructor-standings": f"raceId:int!*>races {_STANDING} round:int! "
    "constructorId:text!>constructors engineManufacturerId:text",
    "seasons-constructor-standings": f"{_STANDING}* constructorId:text!>constructors "
    "engineManufacturerId:text",
}
_CORE = ("seasons", "circuits", "constructors", "drivers", "races", "races-race-results")
_DECLARED = re.compile(r"(\w+):(\w+)([!~]?)(\*?)(?:>([\w-]+))?")


def read_f1db(path: Path, known: KnownIds, report: DamageReport) -> dict[str, pa.Table]:
    """The Ergast tables of an F1DB release; each also has `__file` and `__line`.

    `known` are the ids that the database already uses, so that they never move. Rows that cannot be
    read go to `report`. Raises PermanentError if a file or a column is missing.
    """
    import duckdb

    duck = duckdb.connect(config={"threads": 2})
    files = {name.removeprefix("f1db-"): content for name, content in csv_members(path)}
    schema = tuple(_table(stem, declared) for stem, declared in _FILES.items())
    read = {}
    for table in schema:
        content = files.pop(f"{table.name}.csv", None)
        if content is None:
            raise PermanentError(
                f"{path} has no f1db-{table.name}.csv: this is not a whole F1DB CSV release. "
                "Get f1db-csv.zip from https://github.com/f1db/f1db/releases/latest."
            )
        read[table.name] = _typed(duck, read_csv(f"f1db-{table.name}.csv", content), table, report)
    report.parents |= {name: f"f1db-{name}.csv" for name in parents(schema)}
    for name, rows in sound_rows(read, {}, report, schema).items():
        duck.register("rows", rows)
        duck.execute(f'create table "f1db_{name.replace("-", "_")}" as select * from rows')
        duck.unregister("rows")
    _register_known(duck, known)
    duck.execute(Path(__file__).with_name("f1db.sql").read_text(encoding="utf-8"))
    return {table.name: _ergast_table(duck, table) for table in TABLES}


def _table(stem: str, declared: str) -> Table:
    kinds: dict[str, Kind] = {kind: kind for kind in get_args(Kind)}
    items = [cast(re.Match[str], _DECLARED.fullmatch(item)).groups() for item in declared.split()]
    return Table(
        stem,
        key=tuple(name for name, _, _, key, _ in items if key),
        columns=tuple(
            Column(name, kinds[kind], required=mark == "!", telling=mark == "~")
            for name, kind, mark, _, _ in items
        ),
        references=tuple((name, parent) for name, _, _, _, parent in items if parent),
    )


def _typed(duck: DuckDBPyConnection, file: CsvFile, table: Table, report: DamageReport) -> pa.Table:
    """The rows of one file with all declared columns, `__file` and `__line`."""
    import pyarrow as pa

    missing = [column for column in table.columns if column.name not in file.table.column_names]
    needed = [column.name for column in missing if column.needed]
    if needed:
        raise PermanentError(
            f"{file.name}, line 1: no column {', '.join(needed)}. This release of F1DB has another "
            "shape than this loader knows: use an earlier release."
        )
    if missing:
        names = ", ".join(column.name for column in missing)
        report.notes.append(f"{file.name}: no column {names} in this release, taken as empty")
    report.read(file.name, file.rows, needed=table.name in _CORE)
    rows, damages = typed(duck, file, table)
    report.add([*file.damages_in(table.name), *damages])
    types = arrow_schema(table)
    for column in missing:
        empty = pa.nulls(rows.num_rows, types.field(column.name).type)
        rows = rows.append_column(column.name, empty)
    return rows.append_column("__file", pa.array([file.name] * rows.num_rows, pa.string()))


def _register_known(duck: DuckDBPyConnection, known: KnownIds) -> None:
    import pyarrow as pa

    for table in REFERENCES:
        ids = known.get(table, {})
        duck.register(
            f"known_{table}",
            pa.table(
                {
                    "ref": pa.array(ids.keys(), pa.string()),
                    "id": pa.array(ids.values(), pa.int32()),
                }
            ),
        )


def _ergast_table(duck: DuckDBPyConnection, table: Table) -> pa.Table:
    present = {
        name
        for (name,) in duck.execute(
            "select column_name from duckdb_columns() where table_name = ?", [table.name]
        ).fetchall()
    }
    names = [name for name in table.names if name in present]
    listed = ", ".join(f'"{name}"' for name in (*names, "__file", "__line"))
    order = ", ".join(f'"{name}"' for name in table.key)
    return duck.execute(f"select {listed} from {table.name} order by {order}").to_arrow_table()
