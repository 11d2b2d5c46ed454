"""What changes at the source flows through; what does not change moves nothing."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from zipfile import ZIP_DEFLATED, ZipFile

import pytest

from f1mesh.registry import load_mesh
from tests.support.mesh import Mesh

pytestmark = pytest.mark.e2e

PRODUCTS = {
    domain.name: [f"{domain.name}_marts.{product}" for product in domain.products]
    for domain in load_mesh(Path(__file__).parents[2]).domains.values()
}
LAST_RACE = """
    select r."raceId" from races r join results x on x."raceId" = r."raceId"
    group by r."raceId", r.date order by r.date desc limit 1
"""


@pytest.fixture
def mesh(history: tuple[Mesh, Any], tmp_path: Path) -> Mesh:
    """The state after the first run, to change freely."""
    return history[0].copy(tmp_path / "home")


def published(document: Any) -> dict[str, int]:
    found = {p: v for domain in document["domains"] for p, v in domain["published"].items()}
    assert found
    return found


def test_an_unchanged_source_builds_and_moves_nothing_and_reads_only_increments(
    history: tuple[Mesh, Any], mesh: Mesh, f1db_zip: Path
) -> None:
    _, first = history
    before = versions(mesh)

    second = mesh.json("run", "--history", str(f1db_zip))

    assert published(second) == published(first)
    assert sum(domain["moved"] for domain in second["domains"]) == 0
    rows = {
        d["domain"]: (d["rows_in"], f["rows_in"])
        for d, f in zip(second["domains"], first["domains"], strict=True)
    }
    assert rows["race_history"][0] < rows["race_history"][1] / 50
    assert sum(domain["models"] + domain["tests"] for domain in second["domains"]) == 0
    assert [d["warnings"] for d in second["domains"]] == [d["warnings"] for d in first["domains"]]
    assert versions(mesh) == before


def versions(mesh: Mesh) -> list[Any]:
    """The newest commit of each product's table, and how many entries the log has."""
    products = [p for ps in PRODUCTS.values() for p in ps]
    asked = [f"describe history {p} limit 1" for p in products]
    answers = mesh.ask(*asked, "select count(*) as n from mesh.publications")
    assert len(products) > 10
    return [rows[0].get("version", rows[0].get("n")) for rows in answers]


def test_corrections_at_the_source_flow_through_to_history_and_totals(
    mesh: Mesh, f1db_zip: Path
) -> None:
    season = datetime.now(UTC).year + 1
    with mesh.source() as source:
        winner = source.execute(
            f'select d."driverRef", x."resultId" from results x'
            f' join drivers d on d."driverId" = x."driverId"'
            f' where x.position = 1 and x."raceId" = ({LAST_RACE})'
        ).fetchone()
        assert winner is not None
        source.execute(
            "update results set \"positionText\" = 'D', position = null, points = 0,"
            ' "statusId" = (select "statusId" from status where status = \'Disqualified\')'
            ' where "resultId" = %s',
            [winner[1]],
        )
        source.execute("update drivers set number = 99 where \"driverRef\" = 'lando-norris'")
        source.execute(
            "update drivers set nationality = 'French' where \"driverRef\" = 'alexander-albon'"
        )
        source.execute(
            "update constructors set name = 'Cadillac' where \"constructorRef\" = 'haas'"
        )
        source.execute(f"insert into seasons (year) values ({season})")
        source.execute(
            'insert into races ("raceId", year, round, "circuitId", name, date)'
            f' select max("raceId") + 1, {season}, 1, max("circuitId"), \'New Grand Prix\','
            f" date '{season}-03-01' from races"
        )
        source.execute(
            'insert into results ("resultId", "raceId", "driverId", "constructorId", number, grid,'
            ' position, "positionText", "positionOrder", points, laps, "statusId")'
            ' select (select max("resultId") from results) + 1, (select max("raceId") from races),'
            ' d."driverId", c."constructorId", 99, 1, 1, \'1\', 1, 25, 50,'
            " (select \"statusId\" from status where status = 'Finished')"
            " from drivers d, constructors c"
            " where d.\"driverRef\" = 'lando-norris' and c.\"constructorRef\" = 'haas'"
        )
    career = "select wins from race_history.driver_career where driver_ref = '{}'"
    [before] = mesh.ask(career.format(winner[0]))

    mesh.json("run", "--history", str(f1db_zip))

    after, norris, albon, haas, new_race, old_race = mesh.ask(
        career.format(winner[0]),
        "select * from drivers.dim_driver where driver_ref = 'lando-norris' order by valid_from",
        "select * from drivers.dim_driver where driver_ref = 'alexander-albon' order by valid_from",
        "select * from drivers.dim_constructor where constructor_ref = 'haas' order by valid_from",
        "select d.permanent_number, c.constructor_name from race_history.fct_race_result f"
        " join drivers.dim_driver d on d.driver_sk = f.driver_sk"
        " join drivers.dim_constructor c on c.constructor_sk = f.constructor_sk"
        f" where f.season = {season}",
        "select distinct d.permanent_number from race_history.fct_race_result f"
        " join drivers.dim_driver d on d.driver_sk = f.driver_sk"
        f" where f.season < {season} and d.driver_ref = 'lando-norris'",
    )
    assert after[0]["wins"] == before[0]["wins"] - 1
    for versions, column, old, new in (
        (norris, "permanent_number", 4, 99),
        (albon, "nationality", "Thai", "French"),
        (haas, "constructor_name", "Haas", "Cadillac"),
    ):
        assert [version[column] for version in versions] == [old, new]
        assert versions[0]["valid_to"] == versions[1]["valid_from"]
        assert [version["is_current"] for version in versions] == [False, True]
    assert new_race == [{"permanent_number": 99, "constructor_name": "Cadillac"}]
    assert old_race == [{"permanent_number": 4}]


@pytest.mark.long
def test_what_the_source_takes_back_is_gone_with_the_next_run(mesh: Mesh, f1db_zip: Path) -> None:
    products = {"fct_pit_stop": "pit_stops", "fct_race_result": "results"}
    count = ", ".join(f"(select count(*) from race_history.{p}) as {p}" for p in products)
    [[before]] = mesh.ask(f"select {count}")
    with mesh.source() as source:
        stops = source.execute(
            'delete from pit_stops where "raceId" = (select max("raceId") from pit_stops)'
            " and stop = 1"
        ).rowcount
        results = source.execute(
            'delete from results where "resultId" = (select max("resultId") from results'
            " where \"positionText\" = 'R')"
        ).rowcount

    mesh.json("run", "--history", str(f1db_zip))
    [[after]] = mesh.ask(f"select {count}")

    assert stops > 1
    assert results == 1
    assert after["fct_pit_stop"] == before["fct_pit_stop"] - stops
    assert after["fct_race_result"] == before["fct_race_result"] - results


@pytest.mark.long
@pytest.mark.long
def test_a_key_that_is_spelled_anew_at_the_source_is_followed(
    mesh: Mesh, f1db_zip: Path, tmp_path: Path
) -> None:
    """A later release may name a driver differently in every file; no full refresh is needed."""
    facts = (
        "select count(*) as n from race_history.fct_race_result f join drivers.dim_driver d"
        " on d.driver_sk = f.driver_sk where d.driver_ref = '{}'"
    )
    mesh.json("run", "--history", str(f1db_zip))
    [[before]] = mesh.ask(facts.format("alexander-albon"))
    later = tmp_path / "later.zip"
    with ZipFile(f1db_zip) as old, ZipFile(later, "w", ZIP_DEFLATED) as new:
        for name in old.namelist():
            new.writestr(name, old.read(name).replace(b'"alexander-albon"', b'"alex-albon"'))

    document = mesh.json("run", "--history", str(later))
    [[gone], [renamed]] = mesh.ask(facts.format("alexander-albon"), facts.format("alex-albon"))

    assert document["failed"] == {}
    assert before["n"] > 50
    assert gone["n"] == 0
    assert renamed["n"] == before["n"]


@pytest.mark.long
def test_a_bad_value_never_reaches_history_and_holds_back_what_stands_on_it_alone(
    mesh: Mesh, f1db_zip: Path
) -> None:
    """A date of birth in the year 1 once failed both domains for ever, good data or not."""
    born = "update drivers set dob = '{}' where \"driverRef\" = 'lando-norris'"
    with mesh.source() as source:
        [right] = source.execute(
            "select dob from drivers where \"driverRef\" = 'lando-norris'"
        ).fetchone() or [None]
        source.execute("alter table drivers drop constraint drivers_dob_check")  # the loader's own
        source.execute(born.format("0001-01-01"))

    broken = mesh.json("run", "--history", str(f1db_zip), code=1)

    done = {step for step in broken["steps"] if step not in broken["failed"]}
    held = {"dim_driver", "countries_driver_count"}
    assert {s.split(".")[-1] for s in broken["failed"] if ".publish." in s} == held
    assert "drivers.publish.dim_constructor" in done
    assert "race_history.publish.fct_race_result" in done
    assert "lando-norris" in broken["failed"]["drivers.transform"]

    with mesh.source() as source:
        source.execute(born.format(right))
    good = mesh.json("run", "--history", str(f1db_zip))

    assert good["failed"] == {}
    [[early]] = mesh.ask(
        "select count(*) as n from drivers.dim_driver where date_of_birth < date'1850-01-01'"
    )
    assert early["n"] == 0


def test_a_broken_contract_blocks_and_rollback_is_undone_by_the_next_good_run(
    history: tuple[Mesh, Any], mesh: Mesh, f1db_zip: Path
) -> None:
    run = ("run", "--history", str(f1db_zip), "--domain", "drivers")
    version = published(history[1])["dim_driver"]
    look = "select nationality from drivers.dim_driver where driver_ref = 'lando-norris'"
    with mesh.source() as source:
        source.execute(
            "update drivers set nationality = 'Martian' where \"driverRef\" = 'lando-norris'"
        )

    broken = mesh.json(*run, code=1)
    [still_good] = mesh.ask(look)

    assert "Martian" in str(broken["failed"])
    assert {row["nationality"] for row in still_good} == {"British"}

    with mesh.source() as source:
        source.execute(
            "update drivers set nationality = 'French' where \"driverRef\" = 'lando-norris'"
        )
    good = mesh.json(*run)
    assert published(good)["dim_driver"] > version

    mesh.run("rollback", "drivers/dim_driver", "--to", str(version))
    [rolled_back] = mesh.ask(look)
    again = mesh.json(*run)

    assert {row["nationality"] for row in rolled_back} == {"British"}
    assert published(again)["dim_driver"] > version
