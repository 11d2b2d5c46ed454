"""The race: who finishes, in which order, after how many laps and in what time."""

import math
from dataclasses import dataclass
from enum import IntEnum

import numpy as np

from f1sources.simulated import statuses
from f1sources.simulated.calendar import race_values
from f1sources.simulated.draws import Bools, Floats, Ints, bell, rank_rows
from f1sources.simulated.entries import Field
from f1sources.simulated.eras import Season
from f1sources.simulated.qualifying import Qualified

_NOISE = 0.75
_GRID_WORTH = 0.02
_RETIRING_YEARS = (1950, 1966, 1984, 1996, 2004, 2012, 2025)
_RETIRING = (0.34, 0.42, 0.46, 0.38, 0.22, 0.15, 0.085)
_DISQUALIFIED = 0.004
_DID_NOT_START_YEARS = (1950, 1980, 2000, 2025)
_DID_NOT_START = (0.03, 0.012, 0.006, 0.005)
_EXCLUDED_SEASONS = range(1983, 1994)
# One unit of pace over a race is worth this part of the race time.
_PACE_WORTH_YEARS = (1950, 1975, 2000, 2025)
_PACE_WORTH = (0.017, 0.009, 0.0065, 0.0045)
_SURE_FINISHERS = 4
# A car that stops after this part of the distance is classified nevertheless.
_CLASSIFIED_SHARE = 0.9
_FIRST_SEASON_CLASSIFYING_RETIRED = 1966


class Outcome(IntEnum):
    """What became of an entry, in the order of a result list."""

    CLASSIFIED = 0
    NOT_CLASSIFIED = 1
    RETIRED = 2
    DISQUALIFIED = 3
    EXCLUDED = 4
    DID_NOT_START = 5
    DID_NOT_QUALIFY = 6


POSITION_TEXTS = {
    Outcome.NOT_CLASSIFIED: "N",
    Outcome.RETIRED: "R",
    Outcome.DISQUALIFIED: "D",
    Outcome.EXCLUDED: "E",
    Outcome.DID_NOT_START: "W",
    Outcome.DID_NOT_QUALIFY: "F",
}


@dataclass(frozen=True)
class Finish:
    """The result of races, races x cars. `order` counts from 1; times are 0 if none.

    `score` is the performance on the day, which the fastest laps follow.
    """

    outcome: Ints
    order: Ints
    laps: Ints
    time_ms: Ints
    status: Ints
    score: Floats

    @property
    def position(self) -> Ints:
        """The place of classified cars, 0 for the others."""
        return np.where(self.outcome == Outcome.CLASSIFIED, self.order, 0)

    @property
    def started(self) -> Bools:
        """Cars that took the start."""
        return self.outcome <= Outcome.DISQUALIFIED


def race(rules: Season, field: Field, grid: Qualified, rng: np.random.Generator) -> Finish:
    """Run the races of a field."""
    laps, lap_ms = race_values(field.races)
    score = field.pace + _NOISE * bell(rng, *field.pace.shape)
    score -= _GRID_WORTH * np.where(grid.slot > 0, grid.slot, field.pace.shape[1])
    outcome = _outcomes(rules, field, grid, rng)
    done, time_ms, slowed = _distances(rules, score, outcome, laps, lap_ms, rng)
    outcome = _classify(rules, field, outcome, done, slowed)
    time_ms = np.where(outcome == Outcome.CLASSIFIED, time_ms, 0)
    behind = laps[:, np.newaxis] - done
    # Stopped cars come after those that still ran in the same lap.
    stopped = (outcome == Outcome.CLASSIFIED) & slowed
    place = rank_rows(-score)
    group = np.where(field.entered, outcome, len(Outcome))
    order = rank_rows(((group * 1000 + behind) * 2 + stopped) * 10_000 + place) + 1
    return Finish(
        outcome=outcome,
        order=order,
        laps=np.where(outcome <= Outcome.DISQUALIFIED, done, 0),
        time_ms=np.where(stopped, 0, time_ms),
        status=_statuses(rules, outcome, grid, behind, slowed, rng),
        score=score,
    )


def _outcomes(rules: Season, field: Field, grid: Qualified, rng: np.random.Generator) -> Ints:
    """What happens before and in the race, without regard to the distance."""
    shape = field.pace.shape
    luck = rng.random(shape)
    year = rules.year
    retiring = np.interp(year, _RETIRING_YEARS, _RETIRING) * field.fragility
    sure = rank_rows(np.where(grid.starts, -luck, np.inf)) < _SURE_FINISHERS
    outcome = np.where((luck < retiring) & ~sure, Outcome.RETIRED, Outcome.CLASSIFIED)
    off = (rng.random(shape) < _DISQUALIFIED) & ~sure
    outcome = np.where(off | field.banned, Outcome.DISQUALIFIED, outcome)
    absent = rng.random(shape) < np.interp(year, _DID_NOT_START_YEARS, _DID_NOT_START)
    outcome = np.where(absent & ~sure, Outcome.DID_NOT_START, outcome)
    is_out = (grid.position > 0) | grid.failed_prequalifying
    banished = (rng.random(shape) < 0.02) & (year in _EXCLUDED_SEASONS)
    missed = np.where(banished, Outcome.EXCLUDED, Outcome.DID_NOT_QUALIFY)
    missed = np.where(is_out, missed, Outcome.DID_NOT_START)
    return np.where(grid.starts, outcome, missed)


def _distances(
    rules: Season,
    score: Floats,
    outcome: Ints,
    laps: Ints,
    lap_ms: Floats,
    rng: np.random.Generator,
) -> tuple[Ints, Ints, Bools]:
    """Laps done, the race time of those in the lead lap, and who stopped or lost much time."""
    runs_through = np.isin(outcome, (Outcome.CLASSIFIED, Outcome.DISQUALIFIED))
    ahead = outcome == Outcome.CLASSIFIED
    best = np.max(np.where(ahead, score, -np.inf), axis=1, keepdims=True)
    worth = np.interp(rules.year, _PACE_WORTH_YEARS, _PACE_WORTH)
    lost = worth * np.maximum(best - score, 0)
    winning_ms = (laps * lap_ms * (1.01 + 0.02 * rng.random(len(laps))))[:, np.newaxis]
    # A car that is slower by this part is as many laps behind when the winner arrives.
    behind = (lost / (1 + lost) * laps[:, np.newaxis]).astype(np.int64)
    behind = np.where(behind > statuses.MOST_LAPS_DOWN, statuses.MOST_LAPS_DOWN, behind)
    long_stop = runs_through & (rng.random(score.shape) < 0.02) & (lost > 0)
    stopped = (outcome == Outcome.RETIRED) | long_stop
    share = rng.random(score.shape)
    share = np.where(long_stop, 0.55 + 0.34 * share, share)
    done = np.where(stopped, share * laps[:, np.newaxis], laps[:, np.newaxis] - behind)
    step = 100 if rules.year <= 1981 else 1
    time_ms = (winning_ms * (1 + lost)).astype(np.int64) // step * step
    return done.astype(np.int64), np.where(behind == 0, time_ms, 0), stopped


def _classify(rules: Season, field: Field, outcome: Ints, done: Ints, slowed: Bools) -> Ints:
    """Not classified are those too far behind; classified those who stopped shortly before.

    At Indianapolis everybody was classified.
    """
    least = [
        0 if race.is_indianapolis else math.ceil(_CLASSIFIED_SHARE * race.laps)
        for race in field.races
    ]
    enough = done >= np.array(least)[:, np.newaxis]
    everybody = [race.is_indianapolis for race in field.races]
    counts = enough & (
        np.array(everybody)[:, np.newaxis] | (rules.year >= _FIRST_SEASON_CLASSIFYING_RETIRED)
    )
    retired = outcome == Outcome.RETIRED
    outcome = np.where(retired & counts, Outcome.CLASSIFIED, outcome)
    too_late = (outcome == Outcome.CLASSIFIED) & ~enough & slowed
    return np.where(too_late, Outcome.NOT_CLASSIFIED, outcome)


def _statuses(
    rules: Season,
    outcome: Ints,
    grid: Qualified,
    behind: Ints,
    slowed: Bools,
    rng: np.random.Generator,
) -> Ints:
    reasons = statuses.reasons(rules.year, rng, outcome.shape)
    down = statuses.laps_down_status(np.clip(behind, 0, statuses.MOST_LAPS_DOWN))
    not_qualified = np.where(
        grid.failed_prequalifying,
        statuses.DID_NOT_PREQUALIFY,
        np.where(grid.failed_limit, statuses.BEYOND_LIMIT, statuses.DID_NOT_QUALIFY),
    )
    not_started = np.where(grid.position > 0, statuses.DID_NOT_START, statuses.WITHDREW)
    choices = {
        Outcome.CLASSIFIED: np.where(slowed, reasons, down),
        Outcome.NOT_CLASSIFIED: np.full_like(outcome, statuses.NOT_CLASSIFIED),
        Outcome.RETIRED: reasons,
        Outcome.DISQUALIFIED: np.full_like(outcome, statuses.DISQUALIFIED),
        Outcome.EXCLUDED: np.full_like(outcome, statuses.EXCLUDED),
        Outcome.DID_NOT_START: not_started,
        Outcome.DID_NOT_QUALIFY: not_qualified,
    }
    return np.select([outcome == kind for kind in choices], list(choices.values()))
