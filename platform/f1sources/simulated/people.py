"""Invented drivers: names, nationalities, ages, talent, and when they give up."""

import csv
import unicodedata
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cache
from importlib.resources import files
from itertools import accumulate

import numpy as np

from f1sources.simulated.draws import Stream, bell, stream
from f1sources.simulated.eras import value_of_era

_FIRST_SEASON_WITH_CODES = 1980
_FIRST_SEASON_OF_OWN_NUMBERS = 2014
_FAMILY_SHARE = 0.07
_NUMBER_CHANGES = 0.04
# Youngest age and span of ages at the first season.
_DEBUT_AGES = {1950: (25, 17), 1961: (23, 11), 1980: (21, 9), 1995: (20, 8), 2010: (18, 8)}
# The age from which drivers think of giving up.
_TIRED_AGES = {1950: 42, 1961: 36, 1980: 34, 2000: 35}


@dataclass(frozen=True)
class NamePool:
    """Forenames and surnames of one nationality, and how common it is in three periods."""

    nationality: str
    weights: tuple[int, int, int]
    forenames: tuple[str, ...]
    surnames: tuple[str, ...]


@dataclass(frozen=True)
class Driver:
    """An invented driver; `talent` has mean 0 and deviation 1 among newcomers."""

    index: int
    ref: str
    forename: str
    surname: str
    nationality: str
    born: date
    debut: int
    talent: float

    @property
    def code(self) -> str | None:
        """Three letters of the surname, as on the timing screens; not unique."""
        letters = ascii_letters(self.surname).upper()
        return letters[:3] if self.debut >= _FIRST_SEASON_WITH_CODES else None

    def value(self, year: int) -> float:
        """Talent with the experience and the age of that year."""
        age = year - self.born.year
        experience = min(year - self.debut, 4) * 0.15
        return self.talent + experience - max(0, age - value_of_era(_TIRED_AGES, year)) * 0.12


@cache
def name_pools() -> tuple[NamePool, ...]:
    """All nationalities with their names, from names.csv beside this file."""
    text = files(__package__).joinpath("names.csv").read_text(encoding="utf-8")
    return tuple(
        NamePool(
            row["nationality"],
            (int(row["early"]), int(row["middle"]), int(row["late"])),
            tuple(row["forenames"].split()),
            tuple(row["surnames"].split()),
        )
        for row in csv.DictReader(text.splitlines())
    )


def ascii_letters(text: str) -> str:
    """The text without accents, blanks and other signs, in lower case."""
    plain = unicodedata.normalize("NFKD", text.replace("æ", "ae")).lower()
    return "".join(letter for letter in plain if "a" <= letter <= "z")


class People:
    """Everybody who ever drove, and who still wants to."""

    def __init__(self, seed: int, numbers: int) -> None:
        self.drivers: list[Driver] = []
        self.active: list[Driver] = []
        self.numbers: dict[int, int] = {}
        self._seed = seed
        self._rng = stream(seed, Stream.PEOPLE)
        self._refs: set[str] = set()
        self._surnames: dict[str, list[str]] = {}
        self._numbers = range(2, numbers + 1)

    def newcomer(self, year: int, nationality: str | None = None) -> Driver:
        """A new driver; does not enter the market of `active` drivers by itself."""
        pool = self._pool(year) if nationality is None else _pool_of(nationality)
        forename, surname = self._name(pool)
        youngest, span = value_of_era(_DEBUT_AGES, year)
        age_days = (youngest + self._rng.random() * span) * 365.25
        driver = Driver(
            index=len(self.drivers),
            ref=_ref(forename, surname),
            forename=forename,
            surname=surname,
            nationality=pool.nationality,
            born=date(year, 1, 1) - timedelta(days=int(age_days)),
            debut=year,
            talent=float(bell(self._rng, 1)[0]),
        )
        self.drivers.append(driver)
        self._surnames.setdefault(pool.nationality, []).append(surname)
        return driver

    def retire_some(self, year: int, seated: set[int]) -> None:
        """Drop those who give up: the old, and half of those who found no seat the year before."""
        tired = value_of_era(_TIRED_AGES, year)
        chances = self._rng.random(len(self.active))
        stay = []
        for driver, chance in zip(self.active, chances, strict=True):
            leaving = 0.05 + 0.07 * max(0, year - driver.born.year - tired)
            if driver.index not in seated and driver.debut < year:
                leaving += 0.45
            if chance >= leaving:
                stay.append(driver)
        self.active = stay

    def own_numbers(self, year: int, drivers: list[int], champion: int | None) -> dict[int, int]:
        """The numbers that drivers race with for a year: their own, or 1 for the champion.

        A few take another number for good, as does who comes back and finds the old one taken.
        Empty before drivers had numbers of their own.
        """
        if year < _FIRST_SEASON_OF_OWN_NUMBERS:
            return {}
        numbers: dict[int, int] = {}
        wanted = {self.numbers[driver] for driver in drivers if driver in self.numbers}
        free = [number for number in self._numbers if number not in wanted]
        for driver in drivers:
            own = self.numbers.get(driver)
            if own is None or own in numbers.values() or self._rng.random() < _NUMBER_CHANGES:
                own = free.pop(int(self._rng.integers(len(free))))
            self.numbers[driver] = numbers[driver] = own
        if champion in numbers and year % 2:
            numbers[champion] = 1
        return numbers

    def _pool(self, year: int) -> NamePool:
        period = 0 if year < 1970 else 1 if year < 1995 else 2
        totals = list(accumulate(pool.weights[period] for pool in name_pools()))
        place = int(np.searchsorted(totals, self._rng.integers(totals[-1]), side="right"))
        return name_pools()[place]

    def _name(self, pool: NamePool) -> tuple[str, str]:
        """A name that nobody has, at times of a known family; two forenames when many are taken."""
        family = self._surnames.get(pool.nationality, [])
        while True:
            picks = self._rng.random(3)
            names = family if family and picks[2] < _FAMILY_SHARE else pool.surnames
            forename = pool.forenames[int(picks[0] * len(pool.forenames))]
            surname = names[int(picks[1] * len(names))]
            if len(family) * 2 > len(pool.forenames) * len(pool.surnames):
                second = pool.forenames[int(self._rng.integers(len(pool.forenames)))]
                forename = f"{forename}-{second}"
            if (ref := _ref(forename, surname)) not in self._refs:
                self._refs.add(ref)
                return forename, surname


def _ref(forename: str, surname: str) -> str:
    return f"{ascii_letters(forename)}-{ascii_letters(surname)}"


def _pool_of(nationality: str) -> NamePool:
    return next(pool for pool in name_pools() if pool.nationality == nationality)
