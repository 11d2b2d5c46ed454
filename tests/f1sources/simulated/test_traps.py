"""Every trap of points and results of the real history is in the made-up one."""

import pytest

from f1sources.simulated import rulings
from tests.f1sources.simulated.conftest import Ask

WINNERS_POINTS = {1950: 8, 1960: 8, 1961: 9, 1990: 9, 1991: 10, 2002: 10, 2003: 10, 2010: 25}


@pytest.mark.parametrize(("year", "points"), WINNERS_POINTS.items())
def test_a_win_scores_what_the_era_gave(ask: Ask, year: int, points: int) -> None:
    usual = ask(
        f"""
        select mode(points) from entry
        where year = {year} and position = 1 and coalesce(rank, 2) <> 1
        """
    )
    assert usual == [(points,)]


def test_places_that_score(ask: Ask) -> None:
    scoring: dict[int, int] = dict(
        ask("select year, max(position) from entry where points > 1 group by year")
    )
    assert [scoring[year] for year in (1955, 1975, 2005, 2015)] == [5, 5, 7, 9]


def test_shared_drives_of_the_fifties_split_points(ask: Ask) -> None:
    cars = ask(
        """
        select year, count(*), min(position), min(points), max(points) from entry
        where laps is null or number in (
            select number from entry as other
            where other.raceId = entry.raceId and other.laps is null
        )
        group by year, raceId, number, constructorId order by year
        """
    )
    assert len(cars) > 60
    assert any(drivers == 3 for _, drivers, *_ in cars)
    assert {year for year, _, position, *_ in cars if position == 1} >= {1951, 1956, 1957}
    assert all(points == 0 for year, *_, points in cars if year >= 1960)
    assert any(year < 1958 and least > 0 for year, _, _, least, _ in cars)


def test_a_driver_can_have_two_rows_in_a_race_but_not_with_one_car(ask: Ask) -> None:
    pairs = ask("select raceId from results group by raceId, driverId having count(*) > 1")
    assert len(pairs) > 50
    assert not ask(
        "select raceId from results group by raceId, driverId, number having count(*) > 1"
    )


def test_both_drivers_of_a_shared_win_have_it_and_the_constructor_once(ask: Ask) -> None:
    shared = ask(
        """
        select raceId, count(distinct driverId), count(distinct constructorId) from results
        where position = 1 group by raceId having count(*) > 1
        """
    )
    assert len(shared) >= 3
    assert all(drivers == 2 and makers == 1 for _, drivers, makers in shared)


def test_indianapolis_counted_until_1960_and_had_its_own_people(ask: Ask) -> None:
    assert ask("select count(*), max(year) from races where name = 'Indianapolis 500'") == [
        (11, 1960)
    ]
    only_there = ask(
        """
        select count(*) from (
            select driverId from entry group by driverId
            having bool_and(race = 'Indianapolis 500')
        )
        """
    )
    assert only_there[0][0] > 60
    retired_with_position = ask(
        """
        select count(*) from entry join status on status.statusId = entry.statusId
        where race = 'Indianapolis 500' and position > 0
            and status <> 'Finished' and status not like '+%Lap%'
        """
    )
    assert retired_with_position[0][0] > 50


def test_fastest_lap_points(ask: Ask) -> None:
    """For one until 1959, once shared by seven; for the first ten 2019-24; never else."""
    shared = ask("select raceId from entry where year = 1954 and rank = 1 and points % 1 = 0.14")
    assert len(shared) > 0
    assert ask(
        "select max(n) from (select count(*) as n from entry where year = 1954 and rank = 1"
        " group by raceId)"
    ) == [(7,)]
    points = ask(
        """
        select distinct year, points from entry
        where position = 1 and rank = 1 and year in (1955, 2018, 2022, 2025)
        """
    )
    assert {value for year, value in points if year in (2018, 2025)} == {25}
    assert (2022, 26) in points
    assert (1955, 9) in points


def test_half_and_double_points(ask: Ask) -> None:
    halves = ask(
        "select distinct year from entry where year >= 1961 and points % 1 = 0.5 order by year"
    )
    assert [year for (year,) in halves] == [1975, 1976, 1984, 1991, 2009, 2021]
    assert ask(
        "select round, max(points) from entry where year = 2014 group by all having"
        " max(points) > 25"
    ) == [(19, 50)]


def test_every_kind_of_result_is_there(ask: Ask) -> None:
    kinds: dict[str, int] = dict(
        ask("select positionText, count(*) from results where position is null group by all")
    )
    assert set(kinds) == set("RNDEFW")
    assert all(count > 5 for count in kinds.values())
    assert not ask("select * from results where position is not null and positionText <> position")


def test_position_order_is_unique_in_a_race(ask: Ask) -> None:
    assert not ask("select raceId from results group by all having count(*) <> max(positionOrder)")
    assert not ask("select raceId, positionOrder from results group by all having count(*) > 1")


def test_retired_cars_can_be_classified(ask: Ask) -> None:
    classified = ask(
        """
        select count(*) from entry join status on status.statusId = entry.statusId
        where position is not null and year >= 1966 and status in ('Engine', 'Gearbox', 'Accident')
        """
    )
    assert classified[0][0] > 50


def test_times_of_the_winner_and_gaps(ask: Ask) -> None:
    rows = ask("select position, time, milliseconds, year from entry where time is not null")
    winners = [row for row in rows if row[0] == 1 and row[1].startswith(("1:", "2:", "3:"))]
    gaps = [row for row in rows if row[1].startswith("+")]
    assert len(winners) > 1100
    assert len(gaps) > 3000
    for _, text, milliseconds, _ in winners:
        hours, minutes, seconds = text.split(":")
        total = (int(hours) * 60 + int(minutes)) * 60_000 + round(float(seconds) * 1000)
        assert total == milliseconds
    assert not ask("select * from entry where position > 1 and time not like '+%'")
    assert not ask(
        """
        select * from (
            select *, lag(milliseconds) over (partition by raceId order by positionOrder) as before
            from results where milliseconds is not null
        ) where milliseconds < before
        """
    )


def test_a_driver_is_excluded_but_keeps_wins(ask: Ask) -> None:
    excluded = ask(
        "select year, positionText, wins > 0, points > 0 from final where position is null"
    )
    assert excluded == [(rulings.EXCLUDED_DRIVER_SEASON, "D", True, True)]


def test_a_constructor_is_excluded_but_its_drivers_are_not(ask: Ask) -> None:
    excluded = ask(
        """
        select final_constructors.year, positionText, points, (
            select sum(points) from entry where entry.year = final_constructors.year
                and entry.constructorId = final_constructors.constructorId
        ) > 0
        from final_constructors where position is null
        """
    )
    assert excluded == [(rulings.EXCLUDED_CONSTRUCTOR_SEASON, "E", 0, True)]


def test_a_team_was_disqualified_from_a_whole_season(ask: Ask) -> None:
    most = ask(
        """
        select year, max(n) from (
            select year, constructorId, count(*) as n from entry
            where positionText = 'D' group by all
        ) group by year order by 2 desc limit 1
        """
    )
    assert most[0][0] == rulings.BANNED_TEAM_SEASON
    assert most[0][1] > 20
