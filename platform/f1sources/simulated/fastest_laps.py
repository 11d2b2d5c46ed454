"""The fastest lap of each car, as far as the timekeepers of the era wrote it down."""

from dataclasses import dataclass

import numpy as np

from f1sources.simulated.calendar import race_values
from f1sources.simulated.draws import Ints, bell, rank_rows
from f1sources.simulated.entries import Field
from f1sources.simulated.eras import SHARED_FASTEST_LAP_SEASON, Season
from f1sources.simulated.racing import Finish

_FIRST_SEASON_OF_LISTS = 1983
_FIRST_COMPLETE_SEASON = 1996
_LEAST_LAPS = 3
_LAP_WORTH = 0.006
_SHARED_BY = 7


@dataclass(frozen=True)
class FastestLaps:
    """Races x cars: time in milliseconds, number of the lap and rank; 0 where unknown."""

    time_ms: Ints
    lap: Ints
    rank: Ints


def fastest_laps(
    rules: Season, field: Field, finish: Finish, rng: np.random.Generator
) -> FastestLaps:
    """Fastest laps: everybody's since 1996, most since 1983, before that only the best one's."""
    shape = finish.score.shape
    _, lap_ms = race_values(field.races)
    runs = finish.started & (finish.laps >= _LEAST_LAPS)
    score = finish.score + 0.5 * bell(rng, *shape)
    best = np.max(np.where(runs, score, -np.inf), axis=1, keepdims=True)
    step = 100 if rules.year <= 1981 else 1
    times = lap_ms[:, np.newaxis] * (0.985 + _LAP_WORTH * np.maximum(best - score, 0))
    time_ms = times.astype(np.int64) // step * step
    place = rank_rows(np.where(runs, time_ms, np.iinfo(np.int64).max))
    rank = place + 1
    if rules.year == SHARED_FASTEST_LAP_SEASON and shape[0] > 1:
        shared = (place < _SHARED_BY) & (np.arange(shape[0]) == shape[0] // 2)[:, np.newaxis]
        fastest = np.min(np.where(place == 0, time_ms, 2**62), axis=1, keepdims=True)
        time_ms = np.where(shared, fastest, time_ms)
        rank = np.where(shared, 1, rank)
    known = runs & (rank == 1)
    if rules.year >= _FIRST_SEASON_OF_LISTS:
        all_known = rules.year >= _FIRST_COMPLETE_SEASON
        known |= runs & ((rng.random(shape) < 0.95) | all_known)
    lap = 1 + ((0.3 + 0.7 * rng.random(shape)) * (finish.laps - 1)).astype(np.int64)
    return FastestLaps(time_ms * known, lap * known, rank * known)
