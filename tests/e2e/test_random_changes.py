"""Two hundred random sequences of changes at the source, runs killed between: raw tables, marts and
published products are those of a rebuild from nothing, row by row."""

from __future__ import annotations

import random
import shutil
from pathlib import Path
from typing import Any

import psycopg
import pyarrow.compute as pc
import pyarrow.csv
import pytest

from f1sources.simulated import championship

from .conftest import ODD, Mesh
from .test_faults import dump, killed_in_mid_run

pytestmark = pytest.mark.long

ROUNDS = 8
SEQUENCES = 25  # in a round
SEASONS = [2012, 2013, 2022]  # with pit stops and sprints, and small
VICTIMS = ["runner", "warehouse", "ergast_postgres"]

# What can be changed without breaking a rule of the products: `{n}` is a number that is no key yet,
# `{row}` is a row that is there.
ANY = "(select ctid from {table} order by md5(ctid::text || '{seed}') limit 1)"
CHANGES = [
    "update pit_stops set milliseconds = milliseconds + {n} where ctid = {row}",
    "update pit_stops set stop = stop + 100 + {n} % 800 where ctid = {row}",
    "delete from pit_stops where ctid = {row}",
    "update qualifying set q1 = '1:{n}' where ctid = {row}",
    'update qualifying set "qualifyId" = {n} where ctid = {row}',
    "delete from qualifying where ctid = {row}",
    "update results set laps = {n} % 90 where ctid = {row}",
    'update results set "resultId" = {n} where ctid = {row}',
    'update sprint_results set "resultId" = {n} where ctid = {row}',
    "update circuits set alt = {n} % 900 where ctid = {row}",
    "update races set name = 'Grand Prix {n}' where ctid = {row}",
]
# A row leaves and comes back, as it was or changed, under the same key.
RETURNS = {
    "pit_stops": "milliseconds = milliseconds + 1",
    "qualifying": "q2 = '1:23.456'",
}


def a_history(folder: Path) -> Path:
    """Some seasons of the simulated championship as a folder of Ergast CSV files."""
    folder.mkdir()
    tables = championship.tables(seed=11)
    for name in ("seasons", "races"):
        tables[name] = tables[name].filter(pc.is_in(tables[name]["year"], pa_array(SEASONS)))
    races = tables["races"]["raceId"].combine_chunks()
    for name, table in tables.items():
        if "raceId" in table.column_names and name != "races":
            table = table.filter(pc.is_in(table["raceId"], value_set=races))
        pyarrow.csv.write_csv(table, folder / f"{name}.csv")
    return folder


def pa_array(values: list[int]) -> Any:
    return pyarrow.array(values, pyarrow.int32())


def change(source: psycopg.Connection[Any], chance: random.Random) -> None:
    """One sequence: inserts, updates, deletes, keys that change, rows that come back."""
    for _ in range(chance.randint(1, 5)):
        number = chance.randrange(10_000_000, 100_000_000)
        if chance.random() < 0.25:
            _take_away_and_bring_back(source, chance, number)
            continue
        statement = chance.choice(CHANGES)
        table = statement.replace("delete from", "update").split()[1]
        row = ANY.format(table=table, seed=number)
        source.execute(statement.format(n=number, row=row).encode())


def _take_away_and_bring_back(
    source: psycopg.Connection[Any], chance: random.Random, number: int
) -> None:
    table, other = chance.choice(sorted(RETURNS.items()))
    row = ANY.format(table=table, seed=number)
    source.execute(f"create temp table gone as select * from {table} where ctid = {row}".encode())
    source.execute(f"delete from {table} where ctid = {row}".encode())
    if chance.random() < 0.5:
        source.execute(f"update gone set {other}".encode())
    source.execute(f"insert into {table} select * from gone".encode())
    source.execute(b"drop table gone")


@pytest.mark.timeout(3600)
def test_random_changes_end_as_a_rebuild_would(root: Path, tmp_path: Path) -> None:
    mesh = Mesh(root, tmp_path / ODD)
    history = a_history(tmp_path / "history")
    run = ("run", "--history", str(history))
    mesh.run(*run)
    chance = random.Random(28)

    for number in range(ROUNDS):
        with mesh.source() as source:
            for _ in range(SEQUENCES):
                change(source, chance)
        if number % 2:
            victim = chance.choice(VICTIMS)
            killed_in_mid_run(mesh, history, victim, chance.uniform(0.5, 12))
        mesh.run(*run)

        rebuilt = mesh.copy(tmp_path / "rebuilt")
        for made in ("warehouse", "dbt"):
            shutil.rmtree(rebuilt.workspace.data / made)
        rebuilt.run(*run)
        found, expected = dump(mesh), dump(rebuilt)

        assert found.keys() == expected.keys()
        for name, rows in expected.items():
            assert found[name] == rows, f"{name} differs in round {number}"
        shutil.rmtree(rebuilt.home)
