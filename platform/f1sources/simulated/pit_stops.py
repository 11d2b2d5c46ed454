"""Pit stops of a season: known since 1994."""

import numpy as np

from f1sources.simulated.calendar import Race, race_values
from f1sources.simulated.draws import Ints, Stream, stream
from f1sources.simulated.eras import Season, value_of_era

Rows = dict[str, Ints]

FIRST_SEASON = 1994
_STOPS = {1994: 1.6, 2004: 2.3, 2007: 1.8, 2010: 1.5, 2011: 2.4, 2014: 2.0, 2017: 1.6, 2022: 1.9}
_LANE_MS = 19_500
_LONG_STOPS = 0.04
_LATE_START_MS = 120_000


def pit_stops(seed: int, rules: Season, races: list[Race], results: Rows) -> Rows:
    """Stops of all cars that started, in order of race, car and stop.

    `day_ms` is the time of the day in UTC, 0 where the start of the race was not published.
    """
    rng = stream(seed, Stream.PIT_STOPS, rules.year)
    cars = np.flatnonzero(results["laps"] > 1)
    total, lap_ms = race_values(races)
    place = results["round"][cars] - 1
    share = results["laps"][cars] / total[place]
    wished = value_of_era(_STOPS, rules.year) * share * (0.5 + rng.random(len(cars)))
    stops = np.minimum((wished + 0.5).astype(np.int64), results["laps"][cars] - 1)
    row = np.repeat(cars, stops)
    number = np.arange(len(row)) - np.repeat(np.cumsum(stops) - stops, stops) + 1
    # One stop in each of equal parts of the race, and not in the last lap.
    parts = (results["laps"][row] - 1) / np.repeat(stops, stops)
    within = (rng.random(len(row)) * np.floor(parts)).astype(np.int64)
    lap = ((number - 1) * parts).astype(np.int64) + within + 1
    long = (rng.random(len(row)) < _LONG_STOPS) * rng.random(len(row)) * 60_000
    duration = _LANE_MS + 9_000 * rng.random(len(row)) + long
    start = np.array(
        [_milliseconds(race) if rules.year >= FIRST_SEASON else 0 for race in races], dtype=np.int64
    )[results["round"][row] - 1]
    running = (lap * lap_ms[results["round"][row] - 1]).astype(np.int64) + _LATE_START_MS
    return {
        "round": results["round"][row],
        "driver": results["driver"][row],
        "stop": number,
        "lap": lap,
        "duration_ms": duration.astype(np.int64),
        "day_ms": np.where(start > 0, (start + running) % 86_400_000, 0),
    }


def _milliseconds(race: Race) -> int:
    start = race.time
    return 0 if start is None else (start.hour * 60 + start.minute) * 60_000
