"""Who drives for whom: the seats of a season, its regular drivers and its guests."""

from dataclasses import dataclass

from f1sources.simulated.draws import Stream, bell, stream
from f1sources.simulated.eras import FIRST_SEASON, Load, Season, value_of_era
from f1sources.simulated.people import Driver, People
from f1sources.simulated.teams import SPEEDWAY_ENGINES, Teams

# Share of the cars that teams enter themselves; the rest are private entries of bought cars.
_WORKS_SHARE = {1950: 0.6, 1958: 0.7, 1966: 0.8, 1974: 0.85, 1978: 0.9, 1981: 1.0}
_NEWCOMERS = {
    1950: 80,
    1951: 17,
    1956: 13,
    1962: 11,
    1970: 14,
    1980: 11,
    1989: 12,
    1993: 7,
    2000: 4,
}
_GUESTS = {1950: 30, 1957: 24, 1962: 18, 1970: 14, 1976: 16, 1981: 7, 1989: 5, 1996: 3}
_GUEST_RACES = {1950: 0.12, 1960: 0.05, 1981: 0.035, 1996: 0.015}
_PRIVATE_GUEST_RACES = 0.5
_STAYING = 0.62
_SPEEDWAY_CHASSIS = 14
_SPEEDWAY_ENTRIES = 35
_SPEEDWAY_LEAVING = 0.24


@dataclass(frozen=True)
class Seat:
    """One car for a season: its maker, engine and regular driver.

    `second_engine` is what it has from the middle of the season; `guest_share` is the part of the
    races in which a guest drives it.
    """

    team: int
    constructor: int
    engine: str
    second_engine: str
    pace: float
    fragility: float
    guest_share: float
    driver: int
    is_private: bool


@dataclass(frozen=True)
class Roster:
    """The seats of a season and the drivers who may stand in, by index."""

    seats: list[Seat]
    guests: list[int]


class Paddock:
    """The market of drivers and teams, from year to year."""

    def __init__(self, seed: int, load: Load) -> None:
        self.people = People(seed, numbers=round(99 * load.entries_factor))
        self.teams = Teams(seed)
        self._load = load
        self._seed = seed
        self._regulars: dict[tuple[int, int], int] = {}
        self._speedway_drivers: list[Driver] = []
        self._speedway_makers: list[int] = []

    def roster(self, rules: Season) -> Roster:
        """Go on to that season and fill its seats."""
        year = rules.year
        works = round(rules.entries * value_of_era(_WORKS_SHARE, year) / 2)
        self.teams.advance(year, works)
        cars = self._cars(rules)
        self._refresh_people(year)
        drivers = self._sign(year, cars)
        seats = [
            Seat(**(vars(car) | {"driver": driver}))
            for car, driver in zip(cars, drivers, strict=True)
        ]
        signed = set(drivers)
        waiting = sorted(
            (driver for driver in self.people.active if driver.index not in signed),
            key=lambda driver: -driver.value(year),
        )
        guests = round(value_of_era(_GUESTS, year) * self._load.entries_factor)
        return Roster(seats, [driver.index for driver in waiting[:guests]])

    def speedway_roster(self, year: int, visitors: list[int]) -> Roster:
        """The entries of the Indianapolis 500: its own people and cars, and a few visitors."""
        rng = stream(self._seed, Stream.ENTRIES, year, 500)
        if not self._speedway_makers:
            made = (self.teams.constructor("American") for _ in range(_SPEEDWAY_CHASSIS))
            self._speedway_makers = [maker.index for maker in made]
        stay = rng.random(len(self._speedway_drivers)) >= _SPEEDWAY_LEAVING
        drivers = [
            driver for driver, stays in zip(self._speedway_drivers, stay, strict=True) if stays
        ]
        entries = round(_SPEEDWAY_ENTRIES * self._load.entries_factor) - len(visitors)
        while len(drivers) < entries:
            drivers.append(self.people.newcomer(year, "American"))
        self._speedway_drivers = drivers
        makers = rng.integers(_SPEEDWAY_CHASSIS, size=entries + len(visitors))
        seats = []
        for place, index in enumerate([driver.index for driver in drivers] + visitors):
            engine = SPEEDWAY_ENGINES[min(int(rng.integers(9)), 2) if place % 4 == 0 else 0]
            seats.append(
                Seat(
                    team=-1,
                    constructor=self._speedway_makers[int(makers[place])],
                    engine=engine,
                    second_engine=engine,
                    pace=0.6 * float(bell(rng, 1)[0]),
                    fragility=1.0,
                    guest_share=0.0,
                    driver=index,
                    is_private=True,
                )
            )
        return Roster(seats, [])

    def _cars(self, rules: Season) -> list[Seat]:
        """Two cars of every team, then private entries of the cars of the better teams."""
        rng = stream(self._seed, Stream.ENTRIES, rules.year)
        teams = self.teams.present
        guest_share = value_of_era(_GUEST_RACES, rules.year)
        cars = []
        for team in teams:
            switches = 1958 <= rules.year <= 1990 and not team.has_own_engine
            second = team.engine
            if switches and rng.random() < 0.08:
                second = self.teams.engine_for_sale(rules.year)
            # Fast cars of good teams also break less often.
            fragility = 1.0 - 0.2 * team.strength + 0.2 * float(bell(rng, 1)[0])
            fragility = min(max(fragility, 0.4), 1.6)
            for _ in range(2):
                car = (team.engine, second, team.strength, fragility, guest_share)
                cars.append(Seat(team.key, team.constructor, *car, driver=-1, is_private=False))
        for place in range(rules.entries - len(cars)):
            team = teams[int(rng.integers(1 + len(teams) // 2))]
            bought = rng.random() < 0.35
            engine = self.teams.engine_for_sale(rules.year) if bought else team.engine
            pace = team.strength - 0.7 - 0.4 * float(rng.random())
            car = (engine, engine, pace, 1.2, _PRIVATE_GUEST_RACES)
            cars.append(Seat(-1 - place, team.constructor, *car, driver=-1, is_private=True))
        return cars

    def _refresh_people(self, year: int) -> None:
        self.people.retire_some(year, set(self._regulars.values()))
        newcomers = round(value_of_era(_NEWCOMERS, year) * self._load.entries_factor)
        self.people.active += [self.people.newcomer(year) for _ in range(newcomers)]

    def _sign(self, year: int, cars: list[Seat]) -> list[int]:
        """A driver for each car: many stay, the best free drivers go to the best free cars."""
        rng = stream(self._seed, Stream.ENTRIES, year, 1)
        active = {driver.index for driver in self.people.active}
        staying = rng.random(len(cars)) < (0 if year == FIRST_SEASON else _STAYING)
        keys = [(car.team, place % 2) for place, car in enumerate(cars)]
        signed: dict[int, int] = {}
        for place, key in enumerate(keys):
            driver = self._regulars.get(key, -1)
            if staying[place] and driver in active:
                signed[place] = driver
                active.discard(driver)
        noise = 0.35 * bell(rng, len(self.people.active))
        values = {
            driver.index: driver.value(year) + float(noise[place])
            for place, driver in enumerate(self.people.active)
        }
        free = sorted(active, key=lambda index: (values[index], index))
        for place in sorted(range(len(cars)), key=lambda place: (-cars[place].pace, place)):
            if place not in signed:
                signed[place] = free.pop() if free else self._emergency(year)
        self._regulars = {key: signed[place] for place, key in enumerate(keys)}
        return [signed[place] for place in range(len(cars))]

    def _emergency(self, year: int) -> int:
        driver = self.people.newcomer(year)
        self.people.active.append(driver)
        return driver.index
