"""Standings, counted again: slowly, from the rows of races and sprints alone."""

from collections import defaultdict
from decimal import Decimal
from itertools import pairwise
from typing import Any

import numpy as np
import pytest

from f1sources.simulated import rulings, standings
from tests.f1sources.simulated.conftest import Ask

# Season -> (last round of a part, results that count in it), from the regulations.
BEST_OF: dict[int, list[tuple[int, int]]] = {
    **{year: [(99, 4)] for year in range(1950, 1954)},
    **{year: [(99, 5)] for year in (1954, 1955, 1956, 1957, 1959, 1961, 1962, 1966)},
    **{year: [(99, 6)] for year in (1958, 1960, 1963, 1964, 1965)},
    **{1967: [(6, 5), (99, 4)], 1968: [(6, 5), (99, 5)], 1969: [(6, 5), (99, 4)]},
    **{1970: [(7, 6), (99, 5)], 1971: [(6, 5), (99, 4)], 1972: [(6, 5), (99, 5)]},
    **{1973: [(8, 7), (99, 6)], 1974: [(8, 7), (99, 6)], 1975: [(7, 6), (99, 6)]},
    **{1976: [(8, 7), (99, 7)], 1977: [(9, 8), (99, 7)], 1978: [(8, 7), (99, 7)]},
    **{1979: [(7, 4), (99, 4)], 1980: [(7, 5), (99, 5)]},
    **{year: [(99, 11)] for year in range(1981, 1991)},
}
ALL_COUNT = [(99, 99)]


def counting(results: dict[int, Decimal], parts: list[tuple[int, int]]) -> Decimal:
    """The points that count out of those by round."""
    total, begin = Decimal(0), 0
    for until, best in parts:
        part = sorted((p for r, p in results.items() if begin < r <= until), reverse=True)
        total += sum(part[:best], Decimal(0))
        begin = until
    return total


@pytest.fixture(scope="module")
def recounted(ask: Ask) -> dict[tuple[int, int], tuple[Decimal, int, list[int]]]:
    """(raceId, driverId) -> points, wins and numbers of places, counted after each race."""
    points: dict[tuple[int, int], dict[int, Decimal]] = defaultdict(lambda: defaultdict(Decimal))
    places: dict[tuple[int, int], set[tuple[int, int]]] = defaultdict(set)
    rows: dict[int, list[tuple[Any, ...]]] = defaultdict(list)
    for row in ask(
        """
        select raceId, driverId, points, position from results
        where "positionText" not in ('F', 'W', 'E')
        union all select raceId, driverId, points, null from sprint_results
        """
    ):
        rows[row[0]].append(row)
    counted = {}
    for race, year, number in ask("select raceId, year, round from races order by raceId"):
        for _, driver, scored, position in rows[race]:
            points[year, driver][number] += scored
            if position is not None:
                places[year, driver].add((number, position))
        for (season, driver), results in points.items():
            if season == year and rows[race]:
                reached = [position for _, position in places[season, driver]]
                counts = [reached.count(place) for place in range(1, max(reached, default=0) + 1)]
                total = counting(results, BEST_OF.get(year, ALL_COUNT))
                counted[race, driver] = (total, counts[0] if counts else 0, counts)
    return counted


def test_points_and_wins_of_drivers_after_every_race(
    ask: Ask, recounted: dict[tuple[int, int], tuple[Decimal, int, list[int]]]
) -> None:
    official = ask("select raceId, driverId, points, wins from driver_standings")

    assert len(official) == len(recounted) > 25_000
    for race, driver, points, wins in official:
        assert (points, wins) == recounted[race, driver][:2], (race, driver)


def test_order_of_drivers_is_by_points_and_countback(
    ask: Ask, recounted: dict[tuple[int, int], tuple[Decimal, int, list[int]]]
) -> None:
    tables: dict[int, list[tuple[int, int]]] = defaultdict(list)
    for race, driver, position in ask(
        'select "raceId", "driverId", position from driver_standings where position is not null'
    ):
        tables[race].append((position, driver))

    resolved = 0
    for race, table in tables.items():
        table.sort()
        assert [position for position, _ in table] == list(range(1, len(table) + 1))
        criteria = [recounted[race, driver] for _, driver in table]
        for better, worse in pairwise(criteria):
            assert (better[0], better[2]) >= (worse[0], worse[2]), race
            resolved += better[0] == worse[0] > 0
    assert resolved > 1000


def test_the_sum_of_race_and_sprint_points_is_official_since_1991(ask: Ask) -> None:
    differences = ask(
        """
        with scored as (
            select raceId, driverId, points from results
            union all select raceId, driverId, points from sprint_results
        ), sums as (
            select year, driverId, sum(points) as points
            from scored join races on races.raceId = scored.raceId group by all
        )
        select final.year, count(*), count(*) filter (final.points <> sums.points)
        from final join sums on sums.year = final.year and sums.driverId = final.driverId
        group by final.year
        """
    )

    assert len(differences) == 76
    assert all(different == 0 for year, _, different in differences if year >= 1991)
    dropping = [year for year, _, different in differences if different > 0]
    assert len(dropping) > 12
    assert any(1985 <= year <= 1990 for year in dropping)


def test_results_that_do_not_count_can_decide_who_is_champion(ask: Ask) -> None:
    lost = ask(
        """
        with sums as (
            select year, driverId, sum(points) as points from entry where year < 1991 group by all
        ), most as (
            select year, arg_max(driverId, points) as driverId from sums group by year
        )
        select most.year from most join final on final.year = most.year and final.position = 1
        where final.driverId <> most.driverId
        """
    )

    assert lost


def test_points_of_constructors_since_1991_are_those_of_their_cars(ask: Ask) -> None:
    differences = ask(
        """
        with scored as (
            select raceId, constructorId, points from results
            union all select raceId, constructorId, points from sprint_results
        ), sums as (
            select year, constructorId, sum(points) as points
            from scored join races on races.raceId = scored.raceId group by all
        ), official as (
            select year, constructorId, sum(points) as points from final_constructors group by all
        )
        select sums.year, sums.points - official.points
        from official join sums
            on sums.year = official.year and sums.constructorId = official.constructorId
        where sums.year >= 1991 and sums.points <> official.points
        """
    )

    assert [year for year, _ in sorted(differences)] == [
        rulings.EXCLUDED_CONSTRUCTOR_SEASON,
        rulings.DEDUCTION_SEASON,
    ]
    assert (rulings.DEDUCTION_SEASON, rulings.DEDUCTED_POINTS) in differences


def test_until_1978_only_the_best_car_of_a_constructor_scored(ask: Ask) -> None:
    """Checked for constructors with one engine, and from 1962, when a win had the same
    points for drivers and constructors."""
    official = ask(
        """
        select year, constructorId, max(points) from final_constructors
        where year between 1958 and 1978 group by all having count(*) = 1
        """
    )
    cars: dict[tuple[int, int], dict[int, Decimal]] = defaultdict(dict)
    for year, number, constructor, best in ask(
        """
        select year, round, constructorId, max(points) from entry
        where year between 1962 and 1978 group by all
        """
    ):
        cars[year, constructor][number] = best

    official = [row for row in official if row[0] >= 1962]
    assert len(official) > 50
    for year, constructor, points in official:
        assert counting(cars[year, constructor], BEST_OF[year]) == points, (year, constructor)


def test_constructors_are_ranked_per_engine_since_1958(ask: Ask) -> None:
    assert ask("select min(year) from final_constructors") == [(1958,)]
    several = ask(
        """
        select year, constructorId from final_constructors
        group by all having count(distinct "engineRef") > 1
        """
    )
    assert len(several) > 20


def test_equal_points_and_places_keep_the_order_of_competitors() -> None:
    points = np.array([[5, 9, 9, 0, 7]])
    reached = np.array([[[0, 2], [1, 0], [1, 1], [0, 0], [0, 0]]], dtype=np.uint8)
    listed = np.array([[True, True, True, True, False]])

    assert standings.ranked(points, reached, listed).tolist() == [[3, 2, 1, 4, 5]]
