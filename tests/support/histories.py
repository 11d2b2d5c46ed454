"""Small histories of the simulated championship, as folders of Ergast CSV files."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv

from f1sources.simulated import championship

LAST_SEASON = 1957  # a small history: the moments of a kill matter, not the size
MODERN = [2012, 2013, 2022]  # with pit stops and sprints, and small


def small_history(folder: Path) -> Path:
    """The first seasons."""
    return write_history(folder, 7, lambda year: year <= LAST_SEASON)


def modern_history(folder: Path) -> Path:
    """Some seasons in which there is everything that a season can have."""
    return write_history(folder, 11, lambda year: year in MODERN)


def write_history(folder: Path, seed: int, wanted: Callable[[int], bool]) -> Path:
    """The seasons that are wanted, and what belongs to them."""
    folder.mkdir()
    tables = championship.tables(seed=seed)
    years = [year for year in tables["seasons"]["year"].to_pylist() if wanted(year)]
    for name in ("seasons", "races"):
        chosen = pc.is_in(tables[name]["year"], pa.array(years, pa.int32()))
        tables[name] = tables[name].filter(chosen)
    races = tables["races"]["raceId"].combine_chunks()
    for name, table in tables.items():
        if "raceId" in table.column_names and name != "races":
            table = table.filter(pc.is_in(table["raceId"], value_set=races))
        pyarrow.csv.write_csv(table, folder / f"{name}.csv")
    return folder
