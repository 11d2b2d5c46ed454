"""Every trap of the real history is in the made-up one."""

from datetime import date

import pytest

from f1mesh.sources.simulated import rulings

from .conftest import Ask

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


def test_calendar_grows_and_the_next_season_has_no_results(ask: Ask) -> None:
    rounds: dict[int, int] = dict(ask("select year, count(*) from races group by year"))
    assert (rounds[1950], rounds[2025], rounds[2026]) == (7, 24, 24)
    assert sorted(rounds) == list(range(1950, 2027))
    without = ask(
        "select distinct year from races where raceId not in (select raceId from results)"
    )
    assert without == [(2026,)]


def test_dates_rise_within_the_year(ask: Ask) -> None:
    assert not ask(
        """
        select * from (
            select year, date, lag(date) over (partition by year order by round) as before
            from races
        ) where date <= before or extract(year from date) <> year
        """
    )


def test_dates_are_utc(ask: Ask) -> None:
    held = ask("select date, time from races where name = 'Las Vegas Grand Prix' and year = 2024")
    assert [(day.weekday(), start.hour) for day, start in held] == [(6, 6)]
    assert ask("select count(*) from races where year < 2005 and time is not null") == [(0,)]
    assert ask("select min(year) from races where quali_date is not null") == [(2021,)]


def test_sprints_since_2021(ask: Ask) -> None:
    held = ask(
        """
        select year, count(distinct races.raceId), max(points) from sprint_results
        join races on races.raceId = sprint_results.raceId
        where sprint_date is not null group by year order by year
        """
    )
    assert held == [(2021, 3, 3), (2022, 3, 8), (2023, 6, 8), (2024, 6, 8), (2025, 6, 8)]


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


def test_pole_is_one_slot_and_pit_lane_starts_have_none(ask: Ask) -> None:
    assert not ask("select raceId from results where grid = 1 group by raceId having count(*) > 1")
    with_pole = ask("select count(distinct raceId) from results where grid = 1")
    assert with_pole == ask("select count(distinct raceId) from results")
    pit_lane = ask(
        """
        select count(*) from entry
        where grid = 0 and year >= 1994 and positionText not in ('W', 'F', 'E')
        """
    )
    assert pit_lane[0][0] > 50


def test_three_meanings_of_pole_differ(ask: Ask) -> None:
    differing = ask(
        """
        select count(*) from results join qualifying
            on qualifying.raceId = results.raceId and qualifying.position = 1
        where results.grid = 1 and results.driverId <> qualifying.driverId
        """
    )
    assert differing[0][0] > 20


def test_qualifying_formats(ask: Ask) -> None:
    parts = ask(
        """
        select year >= 2006, count(q1) = count(*), count(q2), count(q3) from qualifying
        join races on races.raceId = qualifying.raceId group by 1 order by 1
        """
    )
    assert parts[0] == (False, True, 0, 0)
    assert parts[1][1] and parts[1][2] > parts[1][3] > 0
    third = ask("select count(q3) from qualifying group by raceId having count(q3) > 0")
    assert {count for (count,) in third} == {10}


def test_who_did_not_qualify(ask: Ask) -> None:
    reasons: dict[str, list[int]] = dict(
        ask(
            """
            select status, list(distinct year order by year) from entry
            join status on status.statusId = entry.statusId
            where positionText = 'F' group by status
            """
        )
    )
    assert set(reasons["Did not prequalify"]) == set(range(1988, 1992))
    assert min(reasons["107% Rule"]) >= 1996
    assert len(reasons["Did not qualify"]) > 25


def test_early_data_are_thin(ask: Ask) -> None:
    known: dict[int, float] = dict(
        ask("select year, count(fastestLap) / count(distinct raceId) from entry group by 1")
    )
    assert all(known[year] <= 2 for year in range(1955, 1980))
    assert all(known[year] > 15 for year in range(1996, 2026))
    stops = ask("select min(year) from pit_stops join races on races.raceId = pit_stops.raceId")
    assert stops == [(1994,)]


def test_stops_of_a_car_are_in_different_laps(ask: Ask) -> None:
    assert not ask(
        """
        select * from (
            select *, lag(lap) over (partition by raceId, driverId order by stop) as before
            from pit_stops
        ) where lap <= before
        """
    )
    assert not ask(
        """
        select * from pit_stops join results
            on results.raceId = pit_stops.raceId and results.driverId = pit_stops.driverId
        where pit_stops.lap > results.laps
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


def test_names_repeat_and_codes_are_not_unique(ask: Ask) -> None:
    surnames = ask("select surname from drivers group by all having count(*) > 1")
    codes = ask("select code from drivers where code is not null group by all having count(*) > 1")
    assert len(surnames) > 20
    assert len(codes) > 10
    assert ask("select count(*) from drivers where code is null")[0][0] > 100


def test_numbers_change(ask: Ask) -> None:
    own = "driverId in (select driverId from drivers where number is not null) and year >= 2014"
    changed = ask(
        f"select driverId from entry where {own} group by all having count(distinct number) > 1"
    )
    assert changed
    assert ask("select count(*) from entry where year >= 2014 and number = 1")[0][0] > 0
    assert (
        ask(
            f"""
        select count(*) from entry join drivers on drivers.driverId = entry.driverId
        where entry.{own} and drivers.number <> entry.number
        """
        )[0][0]
        > 0
    )


def test_champions_and_careers_are_plausible(ask: Ask) -> None:
    titles = ask("select count(*) from final where position = 1 group by driverId order by 1 desc")
    assert 4 <= titles[0][0] <= 12
    assert 20 <= len(titles) <= 50
    wins = ask("select count(*) from results where position = 1 group by driverId order by 1 desc")
    assert 40 <= wins[0][0] <= 130
    starts = ask("select count(distinct raceId) from results group by driverId order by 1 desc")
    assert 200 <= starts[0][0] <= 450
    ages = ask(
        """
        select min(date_diff('year', dob, date)), max(date_diff('year', dob, date)) from results
        join drivers on drivers.driverId = results.driverId
        join races on races.raceId = results.raceId
        """
    )
    assert ages[0][0] >= 17
    assert ages[0][1] <= 60


def test_pedigree_of_dates(ask: Ask) -> None:
    first, last = ask("select min(date), max(date) from races")[0]
    assert date(1950, 1, 1) < first < last <= date(2026, 12, 31)
