"""Invented teams: founding, strength from year to year, renaming, closing, engines."""

from dataclasses import dataclass, replace

import numpy as np

from f1sources.simulated.draws import Stream, bell, stream
from f1sources.simulated.eras import value_of_era

# Syllables from which names are put together, and how many of 100 new teams are of the country.
_NAME_PARTS = {
    "British": (
        "Ashen Brack Calder Drum Elver Fenn Gorse Harrow Kestle Larch Marden Norwin Ostler Penn",
        "brook combe croft dale gate head leigh mere ridge stow wick worthy",
        50,
    ),
    "Italian": (
        "Alba Borgo Corva Drago Fiam Grifo Lupa Monte Rocca Sirio Torre Velo",
        "cini dana fera lupo mira nera rossa stella tino vento",
        18,
    ),
    "German": (
        "Adler Blitz Donner Eber Falk Greif Habicht Keiler Luchs Reiher Sturm Wolf",
        "berg brück dorf feld heim horst kamp mark stein wald",
        11,
    ),
    "French": (
        "Aigue Belle Chante Claire Fonte Haute Lune Mira Roche Sainte",
        "bise brune fort jour lande mont pierre ville",
        11,
    ),
    "American": (
        "Bison Comet Condor Hawk Laramie Mesa Mojave Pioneer Prairie Sierra Tomahawk Wichita",
        " Automotive| Eight| Flyer| Racer| Special| Speedway| Works",
        4,
    ),
    "Japanese": ("Aka Hoshi Kita Mizu Nami Sora Taka Yuki", "gawa hara mori saki yama zawa", 3),
    "Swiss": ("Berner Gotthard Jura Linth Säntis", "horn sport tal werk", 3),
}
_SUFFIXES = ("", " Racing", " Engineering", " Motorsport", " Grand Prix", " Team", " Competition")
# Engines for sale, with their years.
_SUPPLIERS = (
    ("torrent", 1950, 1966),
    ("anvil", 1950, 1962),
    ("coventina", 1956, 1969),
    ("meridian", 1963, 1983),
    ("cyclone", 1967, 1994),
    ("halberd", 1978, 1992),
    ("novatech", 1985, 2030),
    ("kazan-turbo", 1983, 1989),
    ("pallas", 1992, 2012),
    ("triton", 1995, 2030),
    ("ventoux", 1998, 2030),
    ("akatsuki", 2006, 2030),
)
SPEEDWAY_ENGINES = ("offenberg", "novak-v8", "torrent")
_OWN_ENGINE_SHARE = {1950: 0.8, 1960: 0.5, 1970: 0.25, 1980: 0.3, 1995: 0.25, 2010: 0.3}
_RENAMING = 0.05
_CLOSING = {1950: 0.1, 1970: 0.09, 1990: 0.11, 1997: 0.04, 2010: 0.03}


@dataclass(frozen=True)
class Constructor:
    """A name under which cars are entered; a renamed team is a new constructor."""

    index: int
    ref: str
    name: str
    nationality: str


@dataclass(frozen=True)
class Team:
    """A team in one season; `strength` has deviation of about 1 among teams."""

    key: int
    constructor: int
    nationality: str
    base: float
    strength: float
    engine: str
    has_own_engine: bool


class Teams:
    """All constructors so far, and the teams of the present season, strongest first."""

    def __init__(self, seed: int) -> None:
        self.constructors: list[Constructor] = []
        self.present: list[Team] = []
        self._rng = stream(seed, Stream.TEAMS)
        self._names: set[str] = set()
        self._founded = 0

    def advance(self, year: int, wanted: int) -> None:
        """Go on to a year with `wanted` teams: some close, change name, engine and strength."""
        kept = [self._next(team, year) for team in self.present if not self._closes(team, year)]
        kept.sort(key=lambda team: -team.strength)
        kept = kept[:wanted]
        kept += [self._found(year) for _ in range(wanted - len(kept))]
        self.present = sorted(kept, key=lambda team: -team.strength)

    def constructor(self, nationality: str) -> Constructor:
        """A new constructor of that nationality with a name that nobody had."""
        name = self._name(nationality)
        ref = name.lower().replace(" ", "-").replace("ü", "u").replace("ä", "a")
        self.constructors.append(Constructor(len(self.constructors), ref, name, nationality))
        return self.constructors[-1]

    def engine_for_sale(self, year: int) -> str:
        """An engine that can be bought that year."""
        sold = [ref for ref, since, until in _SUPPLIERS if since <= year <= until]
        return sold[int(self._rng.integers(len(sold)))]

    def _closes(self, team: Team, year: int) -> bool:
        chance = value_of_era(_CLOSING, year) * (1.6 if team.strength < 0 else 0.35)
        return bool(self._rng.random() < chance)

    def _next(self, team: Team, year: int) -> Team:
        drift = 0.7 * (team.strength - team.base) + 0.55 * float(bell(self._rng, 1)[0])
        team = replace(team, strength=team.base + drift)
        if self._rng.random() < _RENAMING:
            constructor = self.constructor(team.nationality)
            own = constructor.ref if team.has_own_engine else team.engine
            team = replace(team, constructor=constructor.index, engine=own)
        if not team.has_own_engine and (self._rng.random() < 0.25 or self._is_gone(team, year)):
            team = replace(team, engine=self.engine_for_sale(year))
        return team

    def _is_gone(self, team: Team, year: int) -> bool:
        return all(ref != team.engine or until < year for ref, _, until in _SUPPLIERS)

    def _found(self, year: int) -> Team:
        constructor = self.constructor(self._nationality())
        base = 0.75 * float(bell(self._rng, 1)[0])
        own = bool(self._rng.random() < value_of_era(_OWN_ENGINE_SHARE, year))
        self._founded += 1
        return Team(
            key=self._founded,
            constructor=constructor.index,
            nationality=constructor.nationality,
            base=base,
            strength=base + (0.0 if year == 1950 else -0.5),
            engine=constructor.ref if own else self.engine_for_sale(year),
            has_own_engine=own,
        )

    def _nationality(self) -> str:
        countries = list(_NAME_PARTS)
        totals = np.cumsum([_NAME_PARTS[country][2] for country in countries])
        place = np.searchsorted(totals, self._rng.integers(int(totals[-1])), side="right")
        return countries[int(place)]

    def _name(self, nationality: str) -> str:
        starts, ends, _ = _NAME_PARTS[nationality]
        for suffix in _SUFFIXES * 3:
            start, end = (
                parts[int(self._rng.integers(len(parts)))]
                for parts in (starts.split(), ends.split("|") if "|" in ends else ends.split())
            )
            name = f"{start}{end}{suffix}"
            if name not in self._names:
                self._names.add(name)
                return name
        self._names.add(name := f"{name} {len(self._names)}")
        return name
