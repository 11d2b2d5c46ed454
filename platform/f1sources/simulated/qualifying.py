"""Qualifying: who may start, in which order, and the times of each format."""

from dataclasses import dataclass

import numpy as np

from f1sources.simulated.calendar import race_values
from f1sources.simulated.draws import Bools, Floats, Ints, bell, rank_rows
from f1sources.simulated.entries import Field
from f1sources.simulated.eras import Load, Season

# A qualifying lap is faster than a racing lap, and one unit of pace is worth this part of a lap.
_QUALIFYING_LAP = 0.955
_PACE_WORTH = 0.0055
_NOISE = 0.42
_MISHAPS = 0.012
_ABSENT = 0.004
_FIRST_SEASON_OF_PENALTIES = 1994
_PENALTIES = 0.05
_PIT_LANE_STARTS = 0.012
_THIRD_PART_CARS = 10
_SECOND_PART_CARS = 16


@dataclass(frozen=True)
class Qualified:
    """Results of qualifying, races x cars.

    `position` is 0 for cars without a time; `times` are q1, q2, q3 in milliseconds, 0 if none;
    `starts` tells who has a place on the grid; `slot` is that place, 0 for the pit lane.
    """

    position: Ints
    times: tuple[Ints, Ints, Ints]
    starts: Bools
    slot: Ints
    failed_prequalifying: Bools
    failed_limit: Bools


def qualify(rules: Season, field: Field, load: Load, rng: np.random.Generator) -> Qualified:
    """Send all entered cars through the season's format."""
    shape = field.pace.shape
    _, lap_ms = race_values(field.races)
    score = field.pace + _NOISE * bell(rng, *shape)
    runs = field.entered & (rng.random(shape) >= _ABSENT)
    out_early = _out_in_prequalifying(rules, score, runs)
    runs &= ~out_early
    best = np.max(np.where(runs, score, -np.inf), axis=1, keepdims=True)
    lost = np.where(rng.random(shape) < _MISHAPS, 0.03 + 0.06 * rng.random(shape), 0.0)
    ratio = 1 + _PACE_WORTH * np.maximum(best - score, 0) + lost
    times = _rounded(rules, lap_ms[:, np.newaxis] * _QUALIFYING_LAP * ratio)
    place = rank_rows(np.where(runs, times, np.iinfo(np.int64).max))
    parts = _parts(rules, times, place, load, rng)
    starts, beyond_limit = _starters(rules, field, ratio, place, runs)
    return Qualified(
        position=np.where(runs, place + 1, 0),
        times=(parts[0] * runs, parts[1] * runs, parts[2] * runs),
        starts=starts,
        slot=_grid(rules, place, starts, rng),
        failed_prequalifying=out_early,
        failed_limit=beyond_limit,
    )


def _rounded(rules: Season, times: Floats) -> Ints:
    """Whole milliseconds, as the clocks of the era measured: tenths until 1981."""
    step = 100 if rules.year <= 1981 else 1
    rounded: Ints = times.astype(np.int64) // step * step
    return rounded


def _out_in_prequalifying(rules: Season, score: Floats, runs: Bools) -> Bools:
    if rules.prequalifying_above is None:
        return np.zeros_like(runs)
    place = rank_rows(np.where(runs, -score, np.inf))
    out: Bools = runs & (place >= rules.prequalifying_above)
    return out


def _parts(
    rules: Season, times: Ints, place: Ints, load: Load, rng: np.random.Generator
) -> tuple[Ints, Ints, Ints]:
    """q1, q2, q3. The decisive time is that of the last part in which a car ran."""
    if not rules.is_knockout:
        none = np.zeros_like(times)
        return times, none, none
    slower = 1.002 + 0.004 * rng.random((2, *times.shape))
    in_second = place < round(_SECOND_PART_CARS * load.entries_factor)
    in_third = place < round(_THIRD_PART_CARS * load.entries_factor)
    second = np.where(in_third, (times * slower[0]).astype(np.int64), times)
    first = np.where(in_second, (second * slower[1]).astype(np.int64), times)
    return first, second * in_second, times * in_third


def _starters(
    rules: Season, field: Field, ratio: Floats, place: Ints, runs: Bools
) -> tuple[Bools, Bools]:
    """Who may start, and who is too slow for the limit of the pole time."""
    limits = [
        rules.narrow_grid_limit if race.is_monaco else rules.grid_limit for race in field.races
    ]
    beyond = np.zeros_like(runs)
    if rules.limit_of_pole_time is not None:
        beyond = runs & (ratio > rules.limit_of_pole_time)
    starts = runs & ~beyond & (place < np.array(limits)[:, np.newaxis])
    return starts, beyond


def _grid(rules: Season, place: Ints, starts: Bools, rng: np.random.Generator) -> Ints:
    """The grid without gaps: penalties move cars back, some must start from the pit lane."""
    late = np.zeros(place.shape)
    pit_lane = np.zeros_like(starts)
    if rules.year >= _FIRST_SEASON_OF_PENALTIES:
        penalized = rng.random(place.shape) < _PENALTIES
        late = np.where(penalized, 5.5 + 5.0 * rng.integers(2, size=place.shape), 0.0)
        pit_lane = rng.random(place.shape) < _PIT_LANE_STARTS
    return slots(place + late, starts, pit_lane)


def slots(order: Floats, starts: Bools, pit_lane: Bools) -> Ints:
    """Places 1.. by `order` of the starters; 0 for the others and for the pit lane."""
    on_grid = starts & ~pit_lane
    return np.where(on_grid, rank_rows(np.where(on_grid, order, np.inf)) + 1, 0)
