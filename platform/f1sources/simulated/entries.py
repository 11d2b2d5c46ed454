"""The cars entered for races: a roster spread over rounds, with guests and car numbers."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from f1sources.simulated.calendar import Race
from f1sources.simulated.draws import Bools, Floats, Ints, rank_rows
from f1sources.simulated.eras import Season
from f1sources.simulated.paddock import Roster
from f1sources.simulated.people import Driver

_PRIVATE_ENTRY_SHARE = 0.9
_DRIVER_WEIGHT = 0.65
_GUEST_HANDICAP = 0.25
_FIRST_SEASON_OF_TEAM_NUMBERS = 1974


@dataclass(frozen=True)
class Field:
    """Cars at races: every array is races x cars; `entered` tells which cars are there.

    `engine` indexes `engines`; `pace` adds car and driver; `banned` cars are disqualified
    afterwards.
    """

    races: Sequence[Race]
    driver: Ints
    constructor: Ints
    engine: Ints
    number: Ints
    pace: Floats
    fragility: Floats
    entered: Bools
    banned: Bools


class Engines:
    """The references of engines in order of appearance."""

    def __init__(self) -> None:
        self.refs: list[str] = []
        self._places: dict[str, int] = {}

    def index(self, ref: str) -> int:
        """The place of an engine, which is added if it is new."""
        if ref not in self._places:
            self._places[ref] = len(self.refs)
            self.refs.append(ref)
        return self._places[ref]


def enter(
    rules: Season,
    races: Sequence[Race],
    roster: Roster,
    drivers: Sequence[Driver],
    engines: Engines,
    own_numbers: Mapping[int, int],
    rng: np.random.Generator,
) -> Field:
    """Spread a roster over races."""
    seats = roster.seats
    shape = (len(races), len(seats))
    driver, is_guest = _drivers(roster, shape, rng)
    value = np.array([person.value(rules.year) for person in drivers])
    pace = np.array([seat.pace for seat in seats]) + _DRIVER_WEIGHT * value[driver]
    is_private = np.array([seat.is_private for seat in seats])
    stays_away = rng.random(shape) > _PRIVATE_ENTRY_SHARE
    first = np.array([engines.index(seat.engine) for seat in seats])
    second = np.array([engines.index(seat.second_engine) for seat in seats])
    is_late = np.array([2 * race.round > rules.rounds for race in races])[:, np.newaxis]
    return Field(
        races=races,
        driver=driver,
        constructor=np.broadcast_to([seat.constructor for seat in seats], shape),
        engine=np.where(is_late, second, first),
        number=_numbers(rules.year, driver, own_numbers, rng),
        pace=pace - _GUEST_HANDICAP * is_guest,
        fragility=np.broadcast_to([seat.fragility for seat in seats], shape),
        entered=~(is_private & stays_away) if len(races) > 1 else np.ones(shape, dtype=np.bool_),
        banned=np.zeros(shape, dtype=np.bool_),
    )


def _drivers(
    roster: Roster, shape: tuple[int, int], rng: np.random.Generator
) -> tuple[Ints, Bools]:
    """The driver of every car at every race, and where it is a guest. Nobody has two cars."""
    regular = np.broadcast_to([seat.driver for seat in roster.seats], shape).astype(np.int64)
    guests = np.array(roster.guests, dtype=np.int64)
    is_guest = rng.random(shape) < np.array([seat.guest_share for seat in roster.seats])
    if not len(guests):
        return regular, np.zeros(shape, dtype=np.bool_)
    turn = np.cumsum(is_guest, axis=1) - 1
    is_guest &= turn < len(guests)
    order = np.argsort(rng.random((shape[0], len(guests))), axis=1, kind="stable")
    chosen = guests[np.take_along_axis(order, np.clip(turn, 0, len(guests) - 1), axis=1)]
    return np.where(is_guest, chosen, regular), is_guest


def _numbers(
    year: int, driver: Ints, own_numbers: Mapping[int, int], rng: np.random.Generator
) -> Ints:
    """Car numbers: by race in the early decades, then by car, since 2014 by driver."""
    if own_numbers:
        lookup = np.zeros(int(driver.max()) + 1, dtype=np.int64)
        for person, number in own_numbers.items():
            if person < len(lookup):
                lookup[person] = number
        return lookup[driver]
    if year >= _FIRST_SEASON_OF_TEAM_NUMBERS:
        numbers = np.arange(1, driver.shape[1] + 1)
        without_thirteen: Ints = np.broadcast_to(numbers + (numbers >= 13), driver.shape)
        return without_thirteen
    return rank_rows(rng.random(driver.shape)) + 1
