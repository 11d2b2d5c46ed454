"""A folder or zip of Ergast-shaped CSV files (Ergast's own dump, Kaggle's) as typed tables."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from f1mesh.errors import PermanentError
from f1mesh.sources.csv_files import LINE, CsvFile, read_csv
from f1mesh.sources.csv_folders import csv_members
from f1mesh.sources.damage import DamageReport
from f1sources.ergast_schema import CORE, PARENTS, TABLES, Table
from f1sources.typed import typed

if TYPE_CHECKING:
    import pyarrow as pa


def read_ergast(path: Path, report: DamageReport, *, first: bool) -> dict[str, pa.Table]:
    """The tables that the files hold, typed; each also has `__file` and `__line`.

    Files and columns that Ergast does not have are named in the report's notes and left out;
    optional ones that are missing stay away. Rows that cannot be read go to `report`. Raises
    PermanentError if a required column is missing, or (in a `first` load) a table of `CORE`.
    """
    import duckdb

    duck = duckdb.connect(config={"threads": 2})
    by_plain_name = {_plain(table.name): table for table in TABLES}
    found: dict[str, pa.Table] = {}
    files: dict[str, str] = {}
    for name, content in csv_members(path):
        table = by_plain_name.get(_plain(name.split(".")[0]))
        if table is None:
            report.notes.append(f"{name}: not a table of this schema, left out")
        elif table.name in found:
            raise PermanentError(
                f"{path} has several files for {table.name} ({files[table.name]}, {name}). Keep "
                "the one that counts."
            )
        else:
            file = _renamed(read_csv(name, content), table, report)
            rows, damages = typed(duck, file, table)
            report.read(name, file.rows, needed=table.name in CORE)
            report.add([*file.damages_in(table.name), *damages])
            found[table.name] = _located(rows, name)
            files[table.name] = name
    report.parents |= {name: file for name, file in files.items() if name in PARENTS}
    missing = [name for name in CORE if name not in found]
    if not found or (first and missing):
        raise PermanentError(
            f"{path} has no file for {', '.join(missing or CORE)}. A first load needs at least "
            f"{', '.join(f'{name}.csv' for name in CORE)} with Ergast's column names."
        )
    return _with_seasons(found) if first else found


def _plain(name: str) -> str:
    """`driverStandings`, `driver_standings` and `Driver_Standings` are the same table."""
    return name.lower().replace("_", "")


def _renamed(file: CsvFile, table: Table, report: DamageReport) -> CsvFile:
    """The file with the schema's spelling of column names, without other columns."""
    spelled = {_plain(name): name for name in table.names}
    header = [name for name in file.table.column_names if name != LINE]
    known = {name: spelled[_plain(name)] for name in header if _plain(name) in spelled}
    unknown = [name for name in header if name not in known]
    if unknown:
        report.notes.append(f"{file.name}: columns left out: {', '.join(unknown)}")
    twice = sorted({name for name in known.values() if list(known.values()).count(name) > 1})
    if twice:
        raise PermanentError(
            f"{file.name}, line 1: several columns are {', '.join(twice)}. Give each one name."
        )
    missing = [c.name for c in table.columns if c.required and c.name not in known.values()]
    if missing:
        raise PermanentError(
            f"{file.name}, line 1: no column {', '.join(missing)}. The table {table.name} needs "
            f"{', '.join(c.name for c in table.columns if c.required)}."
        )
    kept = file.table.select([*known, LINE]).rename_columns([*known.values(), LINE])
    return CsvFile(file.name, kept, file.damages)


def _located(rows: pa.Table, file: str) -> pa.Table:
    import pyarrow as pa

    return rows.append_column("__file", pa.array([file] * rows.num_rows, pa.string()))


def _with_seasons(found: dict[str, pa.Table]) -> dict[str, pa.Table]:
    """Small sets come without seasons.csv or status.csv; the races and results imply them."""
    import pyarrow as pa

    for table, column, child, extra in (
        ("seasons", "year", "races", {}),
        ("status", "statusId", "results", {"status": "Unknown"}),
    ):
        if table in found:
            continue
        ids: Sequence[int] = sorted(set(found[child][column].to_pylist()))
        found[table] = pa.table(
            {
                column: pa.array(ids, pa.int32()),
                **{name: pa.array([value] * len(ids)) for name, value in extra.items()},
                "__file": pa.array([f"({child})"] * len(ids)),
                LINE: pa.array([0] * len(ids), pa.int32()),
            }
        )
    return found
