"""From seasons to Ergast tables: identities, texts and types."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta

import numpy as np
import pyarrow as pa

from f1sources.ergast_schema import TABLES
from f1sources.simulated import clock, statuses
from f1sources.simulated.calendar import Race
from f1sources.simulated.circuits import circuits
from f1sources.simulated.columns import (
    Identities,
    Texts,
    Values,
    nullable,
    points,
    position_texts,
    table,
    times_of_day,
)
from f1sources.simulated.draws import Ints
from f1sources.simulated.entries import Engines
from f1sources.simulated.paddock import Paddock
from f1sources.simulated.racing import POSITION_TEXTS, Outcome
from f1sources.simulated.rulings import Ruled
from f1sources.simulated.season import ENGINE_KEYS, SeasonRows

Rows = dict[str, Ints]

_LAST_SEASON_OF_TENTHS = 1981
# Hours before the race of the sessions of a weekend, without and with a sprint.
_SESSIONS = {"fp1": 51.5, "fp2": 48.0, "fp3": 27.5, "quali": 24.0}
_SPRINT_SESSIONS = {"fp1": 51.5, "quali": 47.0, "sprint": 24.0}


class Writer:
    """Takes season after season and gives all tables in the end."""

    def __init__(self, engines: Engines) -> None:
        self._engines = engines
        self._parts: dict[str, list[pa.Table]] = {table.name: [] for table in TABLES}
        self._rows = dict.fromkeys(self._parts, 0)
        self._drivers = Identities()
        self._constructors = Identities()
        self._circuits = Identities()

    def add(self, season: SeasonRows) -> None:
        """Add all rows of a season."""
        before = self._rows["races"]
        self.add_calendar(season.races)
        tenths = season.races[0].year <= _LAST_SEASON_OF_TENTHS
        km = np.array([race.km for race in season.races])
        self._put("results", self._finishes(season.results, before, km, tenths), "resultId")
        self._put("qualifying", self._qualifying(season.qualifying, before, tenths), "qualifyId")
        if season.sprints:
            sprints = self._finishes(season.sprints, before, km, tenths)
            self._put("sprint_results", sprints, "resultId")
        if season.pit_stops:
            self._put("pit_stops", self._pit_stops(season.pit_stops, before))
        self._put_standings(season, before)

    def add_calendar(self, races: list[Race]) -> None:
        """Add a season's races, with or without results."""
        count = len(races)
        held = self._circuits.of(np.array([race.circuit for race in races], dtype=np.int64))
        columns: dict[str, Values] = {
            "year": np.full(count, races[0].year),
            "round": np.arange(1, count + 1),
            "circuitId": held,
            "name": [race.name for race in races],
            "date": [race.date for race in races],
            "time": [race.time for race in races],
        }
        sessions = [_sessions(race) for race in races]
        for name in sorted(_SESSIONS | _SPRINT_SESSIONS):
            moments = [session.get(name) for session in sessions]
            columns[f"{name}_date"] = [moment and moment.date() for moment in moments]
            columns[f"{name}_time"] = [moment and moment.time() for moment in moments]
        self._put("races", columns, "raceId")
        self._put("seasons", {"year": [races[0].year]})

    def tables(self, paddock: Paddock) -> dict[str, pa.Table]:
        """All tables, parents first."""
        self._put_people(paddock)
        self._put_places()
        return {
            name: pa.concat_tables(parts).combine_chunks() for name, parts in self._parts.items()
        }

    def _put(self, name: str, columns: dict[str, Values], key: str | None = None) -> None:
        length = len(next(iter(columns.values())))
        if key is not None:
            columns = {key: self._rows[name] + 1 + np.arange(length)} | columns
        self._rows[name] += length
        self._parts[name].append(table(name, columns))

    def _entry(self, rows: Rows, races_before: int) -> dict[str, Values]:
        return {
            "raceId": races_before + rows["round"],
            "driverId": self._drivers.of(rows["driver"]),
            "constructorId": self._constructors.of(rows["constructor"]),
            "number": rows["number"],
        }

    def _finishes(
        self,
        rows: Rows,
        races_before: int,
        km: np.ndarray[tuple[int], np.dtype[np.float64]],
        tenths: bool,
    ) -> dict[str, Values]:
        """Rows of races and sprints; the latter do not use all of the columns."""
        letters = np.array([POSITION_TEXTS.get(kind, "") for kind in Outcome])
        lap_ms = rows["fastest_lap_ms"]
        speed = km[rows["round"] - 1] * 3_600_000 / np.maximum(lap_ms, 1)
        columns = self._entry(rows, races_before) | {
            "grid": rows["grid"],
            "position": nullable(rows["position"]),
            "positionText": position_texts(rows["position"], letters[rows["outcome"]]),
            "positionOrder": rows["order"],
            "points": points(rows["points"]),
            "laps": nullable(rows["laps"], missing=-1),
            "time": clock.race_times(rows["time_ms"].tolist(), _gaps(rows), tenths),
            "milliseconds": nullable(rows["time_ms"]),
            "fastestLap": nullable(rows["fastest_lap"]),
            "fastestLapTime": clock.lap_times(lap_ms.tolist(), tenths),
            "fastestLapSpeed": pa.array(np.round(speed, 3), mask=lap_ms == 0),
            "statusId": rows["status"],
        }
        if "fastest_lap_rank" in rows:
            columns["rank"] = nullable(rows["fastest_lap_rank"])
        return columns

    def _qualifying(self, rows: Rows, races_before: int, tenths: bool) -> dict[str, Values]:
        times = {part: clock.lap_times(rows[part].tolist(), tenths) for part in ("q1", "q2", "q3")}
        return self._entry(rows, races_before) | {"position": rows["position"]} | times

    def _pit_stops(self, rows: Rows, races_before: int) -> dict[str, Values]:
        return {
            "raceId": races_before + rows["round"],
            "driverId": self._drivers.of(rows["driver"]),
            "stop": rows["stop"],
            "lap": rows["lap"],
            "time": times_of_day(rows["day_ms"] // 1000 * 1000),
            "duration": clock.durations(rows["duration_ms"].tolist()),
            "milliseconds": rows["duration_ms"],
        }

    def _put_standings(self, season: SeasonRows, races_before: int) -> None:
        columns, competitor = _standings(season.drivers, races_before)
        columns["driverId"] = self._drivers.of(competitor)
        self._put("driver_standings", columns, "driverStandingsId")
        if season.constructors is None:
            return
        columns, competitor = _standings(season.constructors, races_before)
        columns["constructorId"] = self._constructors.of(competitor // ENGINE_KEYS)
        refs = np.array(self._engines.refs)
        columns["engineRef"] = refs[competitor % ENGINE_KEYS]
        self._put("constructor_standings", columns, "constructorStandingsId")

    def _put_people(self, paddock: Paddock) -> None:
        people = paddock.people
        drivers = [people.drivers[index] for index in self._drivers.in_order()]
        columns: dict[str, Values] = {
            "driverRef": [driver.ref for driver in drivers],
            "number": [people.numbers.get(driver.index) for driver in drivers],
            "code": [driver.code for driver in drivers],
            "forename": [driver.forename for driver in drivers],
            "surname": [driver.surname for driver in drivers],
            "dob": [driver.born for driver in drivers],
            "nationality": [driver.nationality for driver in drivers],
        }
        self._put("drivers", columns, "driverId")
        made = [paddock.teams.constructors[index] for index in self._constructors.in_order()]
        columns = {
            "constructorRef": [constructor.ref for constructor in made],
            "name": [constructor.name for constructor in made],
            "nationality": [constructor.nationality for constructor in made],
        }
        self._put("constructors", columns, "constructorId")

    def _put_places(self) -> None:
        visited = [circuits()[index] for index in self._circuits.in_order()]
        names = ("name", "location", "country", "lat", "lng", "alt")
        columns: dict[str, Values] = {"circuitRef": [circuit.ref for circuit in visited]}
        columns |= {name: [getattr(circuit, name) for circuit in visited] for name in names}
        self._put("circuits", columns, "circuitId")
        labels = statuses.labels()
        self._put("status", {"statusId": list(labels), "status": list(labels.values())})


def _standings(ruled: Ruled, races_before: int) -> tuple[dict[str, Values], Ints]:
    """The columns of standings by round and place, and the competitor of each row."""
    standings = ruled.table
    rounds, places = np.nonzero(standings.listed)
    # Excluded ones (place 0) come last.
    position = standings.position[rounds, places]
    by_place = np.lexsort((np.where(position > 0, position, len(position) + 1), rounds))
    cells = rounds[by_place], places[by_place]
    position = standings.position[cells]
    texts: Texts = position_texts(position, ruled.text[cells])
    columns: dict[str, Values] = {
        "raceId": races_before + cells[0] + 1,
        "points": points(standings.points[cells]),
        "position": nullable(position),
        "positionText": texts,
        "wins": standings.wins[cells],
    }
    return columns, standings.competitors[cells[1]]


def _gaps(rows: Rows) -> Iterator[int | None]:
    """Milliseconds behind the winner of the race, None for the winner."""
    winning = np.zeros(int(rows["round"].max()) + 1, dtype=np.int64)
    first = (rows["position"] == 1) & (rows["time_ms"] > 0)
    winning[rows["round"][first]] = rows["time_ms"][first]
    gaps = (rows["time_ms"] - winning[rows["round"]]).tolist()
    return (None if is_winner else gap for gap, is_winner in zip(gaps, first.tolist(), strict=True))


def _sessions(race: Race) -> dict[str, datetime]:
    if race.time is None or not race.has_sessions:
        return {}
    start = datetime.combine(race.date, race.time)
    hours: Iterable[tuple[str, float]] = (
        _SPRINT_SESSIONS if race.has_sprint else _SESSIONS
    ).items()
    return {name: start - timedelta(hours=before) for name, before in hours}
