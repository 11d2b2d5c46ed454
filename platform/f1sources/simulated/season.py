"""One season from its roster to its final standings, as plain columns of whole numbers."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from f1sources.simulated import rulings
from f1sources.simulated.calendar import Race, calendar
from f1sources.simulated.draws import Bools, Ints, Stream, stream
from f1sources.simulated.entries import Engines, Field, enter
from f1sources.simulated.eras import Load, Season
from f1sources.simulated.fastest_laps import fastest_laps
from f1sources.simulated.paddock import Paddock, Roster
from f1sources.simulated.pit_stops import FIRST_SEASON as FIRST_PIT_STOP_SEASON
from f1sources.simulated.pit_stops import pit_stops
from f1sources.simulated.points import race_points
from f1sources.simulated.qualifying import Qualified, qualify, slots
from f1sources.simulated.racing import Outcome, race
from f1sources.simulated.rulings import Ruled
from f1sources.simulated.shared_drives import share_drives
from f1sources.simulated.sprints import order_sets_grid, sprint
from f1sources.simulated.standings import Tally, table, tally

Rows = dict[str, Ints]

# Keys of constructors' standings: constructor * this + engine.
ENGINE_KEYS = 1000
_SPEEDWAY_VISITORS = 2
_BANNED_TEAM_PLACE = 7


@dataclass(frozen=True)
class SeasonRows:
    """All rows of a season: a column is an array, a missing number is 0 (`laps`: -1)."""

    races: list[Race]
    results: Rows
    qualifying: Rows
    sprints: Rows
    pit_stops: Rows
    drivers: Ruled
    constructors: Ruled | None


def run_season(
    seed: int, rules: Season, load: Load, paddock: Paddock, engines: Engines, champion: int | None
) -> SeasonRows:
    """Simulate a season; `champion` is the driver who won the one before."""
    races = calendar(seed, rules)
    roster = paddock.roster(rules)
    fields = _fields(seed, rules, races, roster, paddock, engines, champion)
    blocks = [_run_field(seed, rules, load, field, place) for place, field in enumerate(fields)]
    results, grid, sprints = (_in_order([block[part] for block in blocks]) for part in range(3))
    results = share_drives(rules, results, stream(seed, Stream.SHARED_DRIVES, rules.year))
    stops: Rows = {}
    if rules.year >= FIRST_PIT_STOP_SEASON:
        stops = pit_stops(seed, rules, races, results)
    return SeasonRows(
        races=races,
        results=results,
        qualifying=grid,
        sprints=sprints,
        pit_stops=stops,
        drivers=_drivers_standings(rules, results, sprints),
        constructors=_constructors_standings(rules, races, results, sprints),
    )


def _fields(
    seed: int,
    rules: Season,
    races: Sequence[Race],
    roster: Roster,
    paddock: Paddock,
    engines: Engines,
    champion: int | None,
) -> list[Field]:
    """The cars of the season's races, and apart from them those of the Indianapolis 500."""
    rng = stream(seed, Stream.ENTRIES, rules.year, 2)
    drivers = paddock.people.drivers
    regulars = [seat.driver for seat in roster.seats]
    numbers = paddock.people.own_numbers(rules.year, regulars + roster.guests, champion)
    grands_prix = [race for race in races if not race.is_indianapolis]
    field = enter(rules, grands_prix, roster, drivers, engines, numbers, rng)
    if rules.year == rulings.BANNED_TEAM_SEASON:
        banned = paddock.teams.present[_BANNED_TEAM_PLACE].constructor
        field = replace(field, banned=field.constructor == banned)
    fields = [field]
    speedway = [race for race in races if race.is_indianapolis]
    if speedway:
        visitors = regulars[-_SPEEDWAY_VISITORS:]
        guests = paddock.speedway_roster(rules.year, visitors)
        fields.append(enter(rules, speedway, guests, drivers, engines, {}, rng))
    return fields


def _run_field(
    seed: int, rules: Season, load: Load, field: Field, place: int
) -> tuple[Rows, Rows, Rows]:
    """Qualifying, sprints and races of one field; as rows of results, qualifying and sprints."""
    grid = qualify(rules, field, load, stream(seed, Stream.QUALIFYING, rules.year, place))
    sprints: Rows = {}
    qualified = grid
    if rules.sprints:
        outcome = sprint(rules, field, grid, stream(seed, Stream.SPRINT, rules.year))
        qualified = _after_sprint(rules, field, grid, outcome["order"])
        held = np.array([[race.has_sprint] for race in field.races]) & grid.starts
        sprints = _flat(field, held, outcome)
    rng = stream(seed, Stream.RACE, rules.year, place)
    finish = race(rules, field, qualified, rng)
    laps = fastest_laps(rules, field, finish, rng)
    points, car_points = race_points(rules, field, finish.position, laps)
    place_points, _ = race_points(rules, field, finish.position, replace(laps, rank=0 * laps.rank))
    results = _flat(
        field,
        field.entered,
        {
            "grid": qualified.slot,
            "outcome": finish.outcome,
            "position": finish.position,
            "order": finish.order,
            "points": points,
            "place_points": place_points,
            "car_points": car_points,
            "laps": finish.laps,
            "time_ms": finish.time_ms,
            "fastest_lap": laps.lap,
            "fastest_lap_rank": laps.rank,
            "fastest_lap_ms": laps.time_ms,
            "status": finish.status,
        },
    )
    q1, q2, q3 = grid.times
    times = {"position": grid.position, "order": grid.position, "q1": q1, "q2": q2, "q3": q3}
    return results, _flat(field, grid.position > 0, times), sprints


def _after_sprint(rules: Season, field: Field, grid: Qualified, order: Ints) -> Qualified:
    """The grid of the race where the sprint decided it; who is in the pit lane stays there."""
    decided = slots(order.astype(np.float64), grid.starts, grid.starts & (grid.slot == 0))
    return replace(grid, slot=np.where(order_sets_grid(rules, field), decided, grid.slot))


def _flat(field: Field, chosen: Bools, columns: Rows) -> Rows:
    """The chosen cells of races x cars as rows."""
    rounds = np.array([race.round for race in field.races], dtype=np.int64)
    identity = {
        "round": np.broadcast_to(rounds[:, np.newaxis], chosen.shape),
        "driver": field.driver,
        "constructor": field.constructor,
        "engine": field.engine,
        "number": field.number,
    }
    return {name: values[chosen] for name, values in (identity | columns).items()}


def _in_order(blocks: list[Rows]) -> Rows:
    """The rows of all fields by round and order."""
    if not blocks[0]:
        return {}
    rows = {name: np.concatenate([block[name] for block in blocks]) for name in blocks[0]}
    by_order = np.lexsort((rows["order"], rows["round"]))
    return {name: values[by_order] for name, values in rows.items()}


def _drivers_standings(rules: Season, results: Rows, sprints: Rows) -> Ruled:
    rows = _scoring(results, sprints)
    collected = tally(rules.rounds, rows["driver"], rows["round"], rows["points"], rows["position"])
    return rulings.rule_drivers(rules.year, table(collected, rules.drivers_parts))


def _constructors_standings(
    rules: Season, races: Sequence[Race], results: Rows, sprints: Rows
) -> Ruled | None:
    """Per constructor and engine. The Indianapolis 500 did not count."""
    if not rules.has_constructors:
        return None
    rows = _scoring(results | {"points": results["car_points"]}, sprints)
    elsewhere = np.array([not race.is_indianapolis for race in races])[rows["round"] - 1]
    rows = {name: values[elsewhere] for name, values in rows.items()}
    collected: Tally = tally(
        rules.rounds,
        rows["constructor"] * ENGINE_KEYS + rows["engine"],
        rows["round"],
        rows["points"],
        rows["position"],
        only_best=not rules.both_cars_score,
    )
    standings = table(collected, rules.constructors_parts)
    taken = rulings.deductions(rules.year, standings)
    if taken.any():
        standings = table(collected, rules.constructors_parts, taken)
    return rulings.rule_constructors(rules.year, standings)


def _scoring(results: Rows, sprints: Rows) -> Rows:
    """Rows of those who started, and of sprints, whose places count for no countback."""
    started = results["outcome"] <= Outcome.DISQUALIFIED
    names = ("driver", "constructor", "engine", "round", "points", "position")
    rows = {name: results[name][started] for name in names}
    if not sprints:
        return rows
    no_places = sprints | {"position": np.zeros_like(sprints["position"])}
    return {name: np.concatenate([rows[name], no_places[name]]) for name in names}
