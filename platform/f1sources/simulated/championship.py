"""The made-up championship 1950-2025 as Ergast tables, with the calendar of the season after it.

The same seed and scale give the same rows on every machine and Python. Circuits are real; people,
teams, engines and results are invented.

`scale` multiplies the rows of all race tables. A larger championship has more rounds per season
(the whole square root of the scale as factor) and more cars per race (the rest of the factor): with
scale 10, three times as many races and 3.33 times as many cars. So a race still is one round of one
season, points go to the same number of places, and every sum and standing obeys the same rules;
how many results count (until 1990) grows with the rounds.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from f1sources.simulated.entries import Engines
from f1sources.simulated.eras import FIRST_SEASON, LAST_SEASON, NEXT_SEASON, Load, season
from f1sources.simulated.paddock import Paddock
from f1sources.simulated.season import SeasonRows, run_season

if TYPE_CHECKING:
    import pyarrow as pa

GENERATOR_VERSION = "1"
"""Changes whenever the same seed and scale would give other rows."""


def tables(seed: int = 1, scale: int = 1) -> dict[str, pa.Table]:
    """All Ergast tables by name, typed as `ergast_schema.arrow_schema` says, parents first.

    Raises ValueError for a negative seed or a scale outside of 1-100.
    """
    from f1sources.simulated import calendar, tabular

    if seed < 0:
        raise ValueError(f"seed is {seed}: choose a whole number from 0")
    load = Load.of(scale)
    paddock, engines = Paddock(seed, load), Engines()
    writer = tabular.Writer(engines)
    champion: int | None = None
    for year in range(FIRST_SEASON, LAST_SEASON + 1):
        rows = run_season(seed, season(year, load), load, paddock, engines, champion)
        champion = _champion(rows)
        writer.add(rows)
    writer.add_calendar(calendar.calendar(seed, season(NEXT_SEASON, load)))
    return writer.tables(paddock)


def _champion(rows: SeasonRows) -> int:
    final = rows.drivers.table
    return int(final.competitors[final.position[-1] == 1][0])
