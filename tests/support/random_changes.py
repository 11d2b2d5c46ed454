"""Random sequences of changes at the source database."""

from __future__ import annotations

import random
from typing import Any

import psycopg

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
