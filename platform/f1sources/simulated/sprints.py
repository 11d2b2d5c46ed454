"""Sprints: short races on the day before, with points of their own."""

import numpy as np

from f1sources.simulated import statuses
from f1sources.simulated.calendar import race_values
from f1sources.simulated.draws import Bools, Ints, bell, rank_rows
from f1sources.simulated.entries import Field
from f1sources.simulated.eras import Season
from f1sources.simulated.points import by_place
from f1sources.simulated.qualifying import Qualified
from f1sources.simulated.racing import Outcome

_DISTANCE_KM = 100
_NOISE = 0.5
_RETIRING = 0.03
_PACE_WORTH = 0.004


def sprint(
    rules: Season, field: Field, grid: Qualified, rng: np.random.Generator
) -> dict[str, Ints]:
    """The results of sprints, races x cars, also for weekends without: see `Race.has_sprint`."""
    shape = field.pace.shape
    _, lap_ms = race_values(field.races)
    laps = np.array([[int(_DISTANCE_KM // race.km) + 1] for race in field.races])
    score = field.pace + _NOISE * bell(rng, *shape) - 0.06 * grid.slot
    retired = (rng.random(shape) < _RETIRING) & (grid.slot != 1)
    outcome = np.where(retired, Outcome.RETIRED, Outcome.CLASSIFIED)
    order = rank_rows(np.where(grid.starts, -score + 1000 * retired, np.inf)) + 1
    position = np.where(grid.starts & ~retired, order, 0)
    best = np.max(np.where(position > 0, score, -np.inf), axis=1, keepdims=True)
    time_ms = laps * lap_ms[:, np.newaxis] * (1.005 + _PACE_WORTH * np.maximum(best - score, 0))
    reasons = statuses.reasons(rules.year, rng, shape)
    stopped = (laps * rng.random(shape)).astype(np.int64)
    return {
        "grid": grid.slot,
        "outcome": outcome,
        "position": position,
        "order": order,
        "points": by_place(position, rules.sprint_points),
        "laps": np.where(retired, stopped, laps),
        "time_ms": np.where(retired, 0, time_ms.astype(np.int64)),
        "fastest_lap": np.where(retired, 0, 1 + (laps * rng.random(shape)).astype(np.int64)),
        "fastest_lap_ms": np.where(
            retired, 0, (lap_ms[:, np.newaxis] * (1 + 0.01 * rng.random(shape))).astype(np.int64)
        ),
        "status": np.where(retired, reasons, statuses.FINISHED),
    }


def order_sets_grid(rules: Season, field: Field) -> Bools:
    """Races (as a column) whose grid is the order of their sprint: those of 2021 and 2022."""
    sprints = np.array([[race.has_sprint] for race in field.races])
    decides: Bools = sprints & (rules.year <= 2022)
    return decides
