"""The races of a season: circuits, dates, distances, and which weekends are special."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, time, timedelta

import numpy as np

from f1sources.simulated.circuits import INDIANAPOLIS, MONACO, Circuit, circuits
from f1sources.simulated.draws import Floats, Ints, Stream, bell, stream
from f1sources.simulated.eras import (
    DOUBLE_POINTS_FINALE,
    HALF_POINTS_SEASONS,
    HUNDREDTHS,
    Season,
)

# The first circuits of the file are hardly ever left out.
_CLASSICS = 8
_FIRST_SEASON_WITH_TIMES = 2005
_FIRST_SEASON_WITH_SESSIONS = 2021
_SPEED_YEARS = (1950, 1960, 1970, 1980, 1990, 2004, 2014, 2020)
_SPEED_KPH = (145, 165, 185, 186, 196, 212, 203, 218)
_DISTANCE_YEARS = (1950, 1957, 1958, 1966, 1983, 1984)
_DISTANCE_KM = (460, 460, 370, 325, 315, 305)


@dataclass(frozen=True)
class Race:
    """One race to be held; `points_percent` is 50 for a shortened race, 200 for a double one."""

    year: int
    round: int
    circuit: int
    name: str
    date: date
    laps: int
    km: float
    speed_kph: float
    points_percent: int
    has_sprint: bool

    @property
    def is_indianapolis(self) -> bool:
        """The 500 miles, which other people than the rest of the season enter."""
        return circuits()[self.circuit].ref == INDIANAPOLIS

    @property
    def is_monaco(self) -> bool:
        """Narrow streets: fewer cars may start."""
        return circuits()[self.circuit].ref == MONACO

    @property
    def time(self) -> time | None:
        """Start in UTC, where the championship published it."""
        return circuits()[self.circuit].start if self.year >= _FIRST_SEASON_WITH_TIMES else None

    @property
    def has_sessions(self) -> bool:
        """The times of practice and qualifying are known."""
        return self.year >= _FIRST_SEASON_WITH_SESSIONS


def calendar(seed: int, rules: Season) -> list[Race]:
    """The races of a season in order of date, rounds from 1."""
    rng = stream(seed, Stream.CALENDAR, rules.year)
    visited = _visits(rules, rng)
    dates = _dates(rules.year, [circuits()[index].day for index in visited])
    percents = _points_percents(rules, visited, rng)
    sprints = _sprint_rounds(rules)
    visits: dict[str, int] = {}
    races = []
    for number, (index, day) in enumerate(zip(visited, dates, strict=True), start=1):
        circuit = circuits()[index]
        visits[circuit.grand_prix] = visits.get(circuit.grand_prix, 0) + 1
        distance = _laps(circuit, rules.year)
        percent = percents[number - 1]
        races.append(
            Race(
                year=rules.year,
                round=number,
                circuit=index,
                name=_name(circuit, visits[circuit.grand_prix]),
                date=day,
                laps=distance * 55 // 100 if percent < HUNDREDTHS else distance,
                km=circuit.km,
                speed_kph=float(np.interp(rules.year, _SPEED_YEARS, _SPEED_KPH)) * circuit.pace,
                points_percent=percent,
                has_sprint=number in sprints,
            )
        )
    return races


def race_values(races: Sequence[Race]) -> tuple[Ints, Floats]:
    """Laps, and the time of an average racing lap in milliseconds, per race."""
    laps = np.array([race.laps for race in races], dtype=np.int64)
    lap_ms = np.array([race.km / race.speed_kph * 3_600_000 for race in races])
    return laps, lap_ms


def _visits(rules: Season, rng: np.random.Generator) -> list[int]:
    """Circuits in order of date: one per Grand Prix, the Indianapolis 500 once, others again."""
    hosts: dict[str, tuple[float, int]] = {}
    for index, circuit in enumerate(circuits()):
        appeal = float(bell(rng, 1)[0]) / 2 + (index < _CLASSICS)
        if circuit.since <= rules.year <= circuit.until:
            best = hosts.get(circuit.grand_prix, (appeal, index))
            hosts[circuit.grand_prix] = max(best, (appeal, index))
    once = [index for _, index in hosts.values() if circuits()[index].ref == INDIANAPOLIS]
    others = [index for _, index in sorted(hosts.values(), reverse=True) if index not in once]
    wanted = rules.rounds - len(once)
    repeated = (others[:wanted] * (wanted // min(wanted, len(others)) + 1))[:wanted]
    return sorted(once + repeated, key=lambda index: (circuits()[index].day, index))


def _dates(year: int, days: list[int]) -> list[date]:
    """Sundays near the wanted days; with more rounds than Sundays, any days evenly spread."""
    new_year = date(year, 1, 1)
    if len(days) <= 26:
        sundays: list[date] = []
        for day in days:
            wanted = new_year + timedelta(days=day - 1)
            sunday = wanted + timedelta(days=6 - wanted.weekday())
            sundays.append(max(sunday, sundays[-1] + timedelta(days=7)) if sundays else sunday)
        return sundays
    first, last = 20, 350
    step = (last - first) / (len(days) - 1)
    return [new_year + timedelta(days=first + int(step * place)) for place in range(len(days))]


def _points_percents(rules: Season, visited: list[int], rng: np.random.Generator) -> list[int]:
    percents = [HUNDREDTHS] * rules.rounds
    if rules.year in HALF_POINTS_SEASONS:
        percents[int(rng.integers(1, rules.rounds - 1))] = HUNDREDTHS // 2
    if rules.year == DOUBLE_POINTS_FINALE:
        percents[-1] = HUNDREDTHS * 2
    return percents


def _sprint_rounds(rules: Season) -> set[int]:
    if not rules.sprints:
        return set()
    return {
        1 + (2 * place + 1) * rules.rounds // (2 * rules.sprints) for place in range(rules.sprints)
    }


def _laps(circuit: Circuit, year: int) -> int:
    if circuit.ref == INDIANAPOLIS:
        return 200
    distance = float(np.interp(year, _DISTANCE_YEARS, _DISTANCE_KM))
    if circuit.ref == MONACO:
        distance *= 0.85
    return int(distance // circuit.km) + 1


def _name(circuit: Circuit, visit: int) -> str:
    return circuit.grand_prix if visit == 1 else f"{circuit.grand_prix} {visit}"
