"""Calendar, qualifying, stops and people: the traps of the real history are there too."""

from tests.f1sources.simulated.conftest import Ask


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
