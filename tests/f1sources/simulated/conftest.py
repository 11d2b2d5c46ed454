"""One made-up championship for all tests, as tables and as a database to ask."""

from collections.abc import Callable
from typing import Any

import duckdb
import pyarrow as pa
import pytest

from f1sources.simulated.championship import tables

Rows = list[tuple[Any, ...]]
Ask = Callable[[str], Rows]


@pytest.fixture(scope="session")
def championship() -> dict[str, pa.Table]:
    """The championship of seed 1."""
    return tables(seed=1)


@pytest.fixture(scope="session")
def ask(championship: dict[str, pa.Table]) -> Ask:
    """Run SQL over the tables; `entry` are results with year and round, `final` last standings."""
    database = duckdb.connect()
    for name, table in championship.items():
        database.register(name, table)
    database.execute(
        """
        create view entry as
        select results.*, races.year, races.round, races.name as race, races.circuitId
        from results join races on races.raceId = results.raceId;
        create view last_race as
        select year, max(raceId) as raceId from races where year <= 2025 group by year;
        create view final as
        select last_race.year, s.*
        from driver_standings s join last_race on last_race.raceId = s.raceId;
        create view final_constructors as
        select last_race.year, s.*
        from constructor_standings s join last_race on last_race.raceId = s.raceId;
        """
    )
    return lambda sql: database.execute(sql).fetchall()
