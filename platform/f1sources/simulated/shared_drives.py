"""Shared drives: a driver without a car takes over that of a team mate during the race.

Such a car has two or three rows in the results, one per driver. Until 1957 they shared its points,
later nobody got them.
"""

from collections.abc import Iterator

import numpy as np

from f1sources.simulated.draws import Ints
from f1sources.simulated.eras import LAST_SHARED_POINTS_SEASON, Season
from f1sources.simulated.racing import Outcome

Rows = dict[str, Ints]

LAST_SEASON = 1964
_SHARED_WIN_SEASONS = frozenset({1951, 1956, 1957})
_PART_OF_RETIRED = 0.22
_PART_OF_RETIRED_LATER = 0.02
_THIRD_DRIVERS = 0.4


def share_drives(rules: Season, rows: Rows, rng: np.random.Generator) -> Rows:
    """The results with additional rows for second and third drivers, points split."""
    if rules.year > LAST_SEASON:
        return rows
    additions = _additions(rules, rows, rng)
    if not additions:
        return rows
    cars = np.array([car for car, _ in additions])
    extra = {name: values[cars] for name, values in rows.items()}
    extra["driver"] = np.array([driver for _, driver in additions])
    # What a second driver did alone is not recorded.
    for name in ("grid", "time_ms", "fastest_lap", "fastest_lap_rank", "fastest_lap_ms"):
        extra[name] = np.zeros_like(cars)
    extra["laps"] = np.full_like(cars, -1)
    extra["car_points"] = np.zeros_like(cars)
    drivers = 1 + np.bincount(cars, minlength=len(rows["round"]))
    share = rows["place_points"] // drivers
    if rules.year > LAST_SHARED_POINTS_SEASON:
        share = np.where(drivers > 1, 0, share)
    own = {
        "points": rows["points"] - rows["place_points"] + share,
        "car_points": np.where(share < rows["place_points"], share, rows["car_points"]),
    }
    extra["points"] = share[cars]
    merged = {name: np.concatenate([(rows | own)[name], extra[name]]) for name in rows}
    return _renumbered(merged)


def _additions(rules: Season, rows: Rows, rng: np.random.Generator) -> list[tuple[int, int]]:
    """Pairs of a car (its row) and a driver who takes it over."""
    part = _PART_OF_RETIRED if rules.year <= LAST_SHARED_POINTS_SEASON else _PART_OF_RETIRED_LATER
    pairs: list[tuple[int, int]] = []
    shared_wins = int(rules.year in _SHARED_WIN_SEASONS)
    for number in range(1, rules.rounds + 1):
        free = np.flatnonzero(
            (rows["round"] == number) & (rows["outcome"] == Outcome.RETIRED) & (rows["laps"] > 0)
        )
        winner = np.flatnonzero((rows["round"] == number) & (rows["position"] == 1))[0]
        if shared_wins and number > 1 and len(free) and rows["laps"][winner] < 150:
            shared_wins -= 1
            pairs.append((int(winner), int(rows["driver"][free[0]])))
            free = free[1:]
        pairs += _take_overs(rows, number, free[rng.random(len(free)) < part], rng)
    return pairs


def _take_overs(
    rows: Rows, number: int, free: Ints, rng: np.random.Generator
) -> Iterator[tuple[int, int]]:
    """Drivers whose cars failed take over those of the same maker that still run."""
    runs = (rows["round"] == number) & (rows["outcome"] == Outcome.CLASSIFIED)
    taken: set[int] = set()
    full: set[int] = set()
    for row in free:
        mates = np.flatnonzero(
            runs & (rows["constructor"] == rows["constructor"][row]) & (rows["position"] > 1)
        )
        left = [int(mate) for mate in mates if mate not in taken]
        shared = [int(mate) for mate in mates if mate in taken and mate not in full]
        if shared and rng.random() < _THIRD_DRIVERS:
            car = shared[int(rng.integers(len(shared)))]
            full.add(car)
        elif left:
            car = left[int(rng.integers(len(left)))]
            taken.add(car)
        else:
            continue
        yield car, int(rows["driver"][row])


def _renumbered(rows: Rows) -> Rows:
    """The rows in order, and with an order that is unique within each race again."""
    by_order = np.lexsort((rows["order"], rows["round"]))
    rows = {name: values[by_order] for name, values in rows.items()}
    firsts = np.flatnonzero(np.r_[True, np.diff(rows["round"]) > 0])
    sizes = np.diff(np.r_[firsts, len(rows["round"])])
    rows["order"] = np.arange(len(rows["round"])) - np.repeat(firsts, sizes) + 1
    return rows
