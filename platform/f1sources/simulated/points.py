"""Points of race and sprint, in hundredths, from places and fastest laps."""

import numpy as np

from f1sources.simulated.draws import Ints
from f1sources.simulated.entries import Field
from f1sources.simulated.eras import HUNDREDTHS, Season
from f1sources.simulated.fastest_laps import FastestLaps

_FIRST_TEN = 10


def by_place(position: Ints, table: tuple[int, ...]) -> Ints:
    """The points of places (0 = none) after a table."""
    lookup = np.array((0, *table, 0), dtype=np.int64)
    return lookup[np.minimum(position, len(table) + 1)]


def race_points(
    rules: Season, field: Field, position: Ints, laps: FastestLaps
) -> tuple[Ints, Ints]:
    """The points of drivers and those that their cars are worth to the constructors."""
    percent = np.array([[race.points_percent] for race in field.races], dtype=np.int64)
    extra = _fastest_lap_points(rules, position, laps)
    of_drivers = by_place(position, rules.race_points) * percent // HUNDREDTHS + extra
    of_cars = by_place(position, rules.constructor_points) * percent // HUNDREDTHS
    # The point for the fastest lap of the fifties was the driver's alone.
    return of_drivers, of_cars if rules.year <= 1960 else of_cars + extra


def _fastest_lap_points(rules: Season, position: Ints, laps: FastestLaps) -> Ints:
    if not rules.fastest_lap_point:
        return np.zeros_like(position)
    first = laps.rank == 1
    sharers = np.maximum(first.sum(axis=1, keepdims=True), 1)
    if rules.year > 1959:
        first &= (position > 0) & (position <= _FIRST_TEN)
    return np.where(first, HUNDREDTHS // sharers, 0)
