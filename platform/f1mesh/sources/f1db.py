"""F1DB releases (f1db.com, CC BY 4.0) as Ergast tables. The mapping itself is `f1db.sql`."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, get_args

from f1mesh.errors import PermanentError
from f1mesh.sources.csv_files import CsvFile, csv_members, read_csv
from f1mesh.sources.damage import DamageReport
from f1mesh.sources.ergast_schema import TABLES, Column, Kind, Table
from f1mesh.sources.typed import DUCKDB_TYPES, typed

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

# `name:kind!` - the `!` marks a value that must be there.
_ENTRY = (
    "raceId:int! positionDisplayOrder:int! positionNumber:int positionText:text! "
    "driverNumber:int driverId:text! constructorId:text!"
)
_RESULT = (
    f"{_ENTRY} sharedCar:bool laps:int time:text timeMillis:bigint gap:text gapLaps:int "
    "reasonRetired:text points:decimal gridPositionNumber:int gridPositionText:text fastestLap:bool"
)
_SESSION_DATES = " ".join(
    f"{session}Date:date {session}Time:time"
    for session in (
        *("freePractice1", "freePractice2", "freePractice3"),
        *("qualifying", "sprintRace"),
    )
)
_FILES = {
    "seasons": "year:int!",
    "countries": "id:text! name:text! demonym:text",
    "circuits": "id:text! fullName:text! placeName:text countryId:text "
    "latitude:float longitude:float",
    "constructors": "id:text! name:text! countryId:text",
    "drivers": "id:text! firstName:text! lastName:text! abbreviation:text permanentNumber:int "
    "dateOfBirth:date nationalityCountryId:text",
    "grands-prix": "id:text! fullName:text!",
    "races": "id:int! year:int! round:int! date:date! time:time grandPrixId:text "
    f"officialName:text circuitId:text! courseLength:float {_SESSION_DATES}",
    "races-race-results": f"{_RESULT} engineManufacturerId:text",
    "races-sprint-race-results": f"{_RESULT} engineManufacturerId:text",
    "races-qualifying-results": f"{_ENTRY} time:text q1:text q2:text q3:text",
    "races-starting-grid-positions": "raceId:int! positionNumber:int driverNumber:int "
    "driverId:text!",
    "races-fastest-laps": "raceId:int! positionNumber:int driverNumber:int driverId:text! "
    "lap:int time:text timeMillis:bigint",
    "races-pit-stops": "raceId:int! driverId:text! stop:int! lap:int time:text timeMillis:bigint",
    "races-driver-standings": "raceId:int! year:int! round:int! positionDisplayOrder:int! "
    "positionNumber:int positionText:text! driverId:text! points:decimal!",
    "races-constructor-standings": "raceId:int! year:int! round:int! positionDisplayOrder:int! "
    "positionNumber:int positionText:text! constructorId:text! engineManufacturerId:text "
    "points:decimal!",
    "seasons-constructor-standings": "year:int! positionDisplayOrder:int! positionNumber:int "
    "positionText:text! constructorId:text! engineManufacturerId:text points:decimal!",
}


def read_f1db(path: Path, known: KnownIds, report: DamageReport) -> dict[str, pa.Table]:
    """The Ergast tables of an F1DB release; each also has `__file` and `__line`.

    `known` are the ids that the database already uses, so that they never move. Rows that cannot be
    read go to `report`. Raises PermanentError if a file or a column is missing.
    """
    import duckdb

    duck = duckdb.connect(config={"threads": 2})
    files = {name.removeprefix("f1db-"): content for name, content in csv_members(path)}
    for stem, declared in _FILES.items():
        content = files.get(f"{stem}.csv")
        if content is None:
            raise PermanentError(
                f"{path} has no f1db-{stem}.csv: this is not a whole F1DB CSV release. "
                "Get f1db-csv.zip from https://github.com/f1db/f1db/releases/latest."
            )
        _register(duck, stem, read_csv(f"f1db-{stem}.csv", content), _columns(declared), report)
    _register_known(duck, known)
    duck.execute(Path(__file__).with_name("f1db.sql").read_text(encoding="utf-8"))
    return {table.name: _ergast_table(duck, table) for table in TABLES}


def _columns(declared: str) -> list[Column]:
    kinds: dict[str, Kind] = {kind: kind for kind in get_args(Kind)}
    columns = []
    for item in declared.split():
        name, kind = item.rstrip("!").split(":")
        columns.append(Column(name, kinds[kind], required=item.endswith("!")))
    return columns


def _register(
    duck: DuckDBPyConnection,
    stem: str,
    file: CsvFile,
    columns: list[Column],
    report: DamageReport,
) -> None:
    missing = [column for column in columns if column.name not in file.table.column_names]
    needed = [column.name for column in missing if column.required]
    if needed:
        raise PermanentError(
            f"{file.name}, line 1: no column {', '.join(needed)}. This release of F1DB has another "
            "shape than this loader knows: use an earlier release."
        )
    if missing:
        names = ", ".join(column.name for column in missing)
        report.notes.append(f"{file.name}: no column {names} in this release, taken as empty")
    report.rows[file.name] += file.rows
    report.add(file.damages)
    rows, damages = typed(duck, file, [column for column in columns if column not in missing])
    report.add(damages)
    duck.register("rows", rows)
    empty = "".join(f', null::{DUCKDB_TYPES[c.kind]} as "{c.name}"' for c in missing)
    duck.execute(
        f'create table "f1db_{stem.replace("-", "_")}" as '
        f"select *{empty}, '{file.name}' as __file from rows"
    )
    duck.unregister("rows")


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
