"""The sporting rules of each season: rounds, points, which results count, qualifying.

Points are held in hundredths, so that 1/7 and 1/3 of a point stay whole numbers. The tables and the
numbers of counting results are those of the real championship's regulations.
"""

from bisect import bisect_right
from dataclasses import dataclass
from math import isqrt
from typing import TypeVar

Value = TypeVar("Value")

FIRST_SEASON = 1950
LAST_SEASON = 2025
NEXT_SEASON = 2026
FIRST_CONSTRUCTORS_SEASON = 1958
HUNDREDTHS = 100

# One season's number of rounds after the other, from 1950 to 2026.
_ROUNDS = (
    "7 8 8 9 9 7 8 8 11 9 10 8 9 10 10 10 9 11 12 11 13 11 12 15 15 14 16 17 16 15 14 15 16 15 16"
    " 16 16 16 16 16 16 16 16 16 16 17 16 17 16 16 17 17 17 16 18 19 18 17 18 17 19 19 20 19 19 19"
    " 21 20 21 21 17 22 22 22 24 24 24"
)
ROUNDS = dict(zip(range(FIRST_SEASON, NEXT_SEASON + 1), map(int, _ROUNDS.split()), strict=True))

_RACE_POINTS = {
    1950: (8, 6, 4, 3, 2),
    1960: (8, 6, 4, 3, 2, 1),
    1961: (9, 6, 4, 3, 2, 1),
    1991: (10, 6, 4, 3, 2, 1),
    2003: (10, 8, 6, 5, 4, 3, 2, 1),
    2010: (25, 18, 15, 12, 10, 8, 6, 4, 2, 1),
}
_SPRINT_POINTS = {1950: (), 2021: (3, 2, 1), 2022: (8, 7, 6, 5, 4, 3, 2, 1)}
_SPRINTS = {1950: 0, 2021: 3, 2023: 6}
# Where one number counts over the whole season; 1967-80 the season is split in two parts.
_BEST_RESULTS = dict(
    zip(range(1950, 1967), (4, 4, 4, 4, 5, 5, 5, 5, 6, 5, 6, 5, 5, 6, 6, 6, 5), strict=True)
) | dict.fromkeys(range(1981, 1991), 11)
# (rounds of the first part, results that count in it, results that count in the second part)
_SPLIT_SEASONS = {
    1967: (6, 5, 4),
    1968: (6, 5, 5),
    1969: (6, 5, 4),
    1970: (7, 6, 5),
    1971: (6, 5, 4),
    1972: (6, 5, 5),
    1973: (8, 7, 6),
    1974: (8, 7, 6),
    1975: (7, 6, 6),
    1976: (8, 7, 7),
    1977: (9, 8, 7),
    1978: (8, 7, 7),
    1979: (7, 4, 4),
    1980: (7, 5, 5),
}
HALF_POINTS_SEASONS = frozenset({1975, 1976, 1984, 1991, 2009, 2021})
DOUBLE_POINTS_FINALE = 2014
SHARED_FASTEST_LAP_SEASON = 1954
LAST_SHARED_POINTS_SEASON = 1957
# Cars entered for one race, from that year on.
_ENTRIES = {
    **{1950: 23, 1952: 27, 1955: 25, 1957: 22, 1963: 21, 1967: 19, 1970: 24, 1972: 27},
    **{1974: 29, 1976: 28, 1978: 29, 1979: 27, 1981: 30, 1983: 28, 1985: 26, 1988: 31},
    **{1989: 39, 1990: 34, 1992: 30, 1994: 28, 1995: 24, 1996: 21, 1998: 22, 2003: 20},
    **{2006: 22, 2008: 20, 2010: 24, 2013: 22, 2015: 20, 2016: 22, 2017: 20},
}


@dataclass(frozen=True)
class CountingPart:
    """A part of the season: the best `best` results of its rounds up to `until_round` count."""

    until_round: int
    best: int


@dataclass(frozen=True)
class Load:
    """How a scale multiplies the rows of race tables: more rounds times more cars per race."""

    rounds_factor: int
    entries_factor: float

    @classmethod
    def of(cls, scale: int) -> "Load":
        """Split a scale of 1-100 in a whole factor of rounds and the rest as factor of cars.

        Raises ValueError outside of that range: a season has no days for more rounds.
        """
        if not 1 <= scale <= 100:
            raise ValueError(f"scale is {scale}: choose a whole number from 1 to 100")
        rounds_factor = isqrt(scale)
        return cls(rounds_factor, scale / rounds_factor)


@dataclass(frozen=True)
class Season:
    """The rules of one season; points in hundredths by place, first place first."""

    year: int
    rounds: int
    entries: int
    race_points: tuple[int, ...]
    constructor_points: tuple[int, ...]
    sprint_points: tuple[int, ...]
    sprints: int
    grid_limit: int
    drivers_parts: tuple[CountingPart, ...]
    constructors_parts: tuple[CountingPart, ...]

    @property
    def both_cars_score(self) -> bool:
        """Until 1978 only the best placed car of a constructor and engine scored."""
        return self.year >= 1979

    @property
    def has_constructors(self) -> bool:
        """There is a championship of constructors."""
        return self.year >= FIRST_CONSTRUCTORS_SEASON

    @property
    def narrow_grid_limit(self) -> int:
        """Cars that may start in the streets of Monaco: about 16, later 20, since 1987 all."""
        if self.year >= 1987:
            return self.grid_limit
        return self.grid_limit * 20 // 26 if self.year >= 1973 else self.grid_limit * 16 // 30

    @property
    def is_knockout(self) -> bool:
        """Qualifying in three parts."""
        return self.year >= 2006

    @property
    def fastest_lap_point(self) -> bool:
        """The fastest lap scores a point: for anybody until 1959, for the first ten 2019-24."""
        return self.year <= 1959 or 2019 <= self.year <= 2024

    @property
    def prequalifying_above(self) -> int | None:
        """More entries than this had to pre-qualify."""
        return self.grid_limit * 30 // 26 if 1988 <= self.year <= 1992 else None

    @property
    def limit_of_pole_time(self) -> float | None:
        """A qualifying time above this multiple of the best one does not qualify (107 %)."""
        return 1.07 if 1996 <= self.year <= 2002 or self.year >= 2011 else None


def value_of_era(table: dict[int, Value], year: int) -> Value:
    """The entry of the last year that is not after `year`."""
    years = sorted(table)
    return table[years[bisect_right(years, year) - 1]]


def season(year: int, load: Load) -> Season:
    """The rules of a season under a load; what counts grows with the rounds."""
    factor = load.rounds_factor
    race_points = _hundredths(value_of_era(_RACE_POINTS, year))
    parts = _counting_parts(year, factor)
    return Season(
        year=year,
        rounds=ROUNDS[year] * factor,
        entries=round(value_of_era(_ENTRIES, year) * load.entries_factor),
        race_points=race_points,
        # The winner's ninth point came a year later for constructors.
        constructor_points=_hundredths(_RACE_POINTS[1960]) if year <= 1961 else race_points,
        sprint_points=_hundredths(value_of_era(_SPRINT_POINTS, year)),
        sprints=value_of_era(_SPRINTS, year) * factor,
        grid_limit=round((26 if year >= 1973 else 30) * load.entries_factor),
        drivers_parts=parts,
        constructors_parts=parts if year <= 1978 else (),
    )


def _hundredths(points: tuple[int, ...]) -> tuple[int, ...]:
    return tuple(point * HUNDREDTHS for point in points)


def _counting_parts(year: int, factor: int) -> tuple[CountingPart, ...]:
    rounds = ROUNDS[year] * factor
    if year in _SPLIT_SEASONS:
        first, best_first, best_second = (value * factor for value in _SPLIT_SEASONS[year])
        return CountingPart(first, best_first), CountingPart(rounds, best_second)
    if year in _BEST_RESULTS:
        return (CountingPart(rounds, _BEST_RESULTS[year] * factor),)
    return ()
