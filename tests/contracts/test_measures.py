"""Rules that reach beyond one column: other products, the published volume, the warehouse's SQL."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
import yaml
from databricks.sql.client import Connection

from f1mesh.client import query
from f1mesh.contracts.content_check import ContentResult
from f1mesh.contracts.lint import governance_problems
from f1mesh.contracts.model import Contract, load_contract
from f1mesh.contracts.rule_sql import NotAQuery, tables_of, with_tables
from f1mesh.document import read_document

CONTRACT = Path(__file__).parent / "garage" / "dim_car.odcs.yaml"
Cars = Callable[..., pa.Table]
Check = Callable[..., ContentResult]
Change = Callable[[dict[str, Any]], None]


@pytest.fixture
def changed(tmp_path: Path) -> Callable[[Change], Path]:
    """The contract after a change of its content, in a folder of contracts of its domain."""

    def write(change: Change) -> Path:
        content = yaml.safe_load(CONTRACT.read_text())
        change(content)
        folder = tmp_path / "garage" / "contracts"
        folder.mkdir(parents=True, exist_ok=True)
        path = folder / f"{content['schema'][0]['name']}.odcs.yaml"
        path.write_text(yaml.safe_dump(content, sort_keys=False))
        return path

    return write


def _column(content: dict[str, Any], name: str) -> dict[str, Any]:
    found: dict[str, Any] = next(
        column for column in content["schema"][0]["properties"] if column["name"] == name
    )
    return found


def _broken(result: ContentResult) -> list[str]:
    return [finding.rule for finding in result.broken]


# --- SQL is the warehouse's -------------------------------------------------------------------


@pytest.mark.parametrize(
    ("query", "holds"),
    [
        ("select cast(2.5 as int)", {"mustBe": 2}),  # DuckDB rounds to 3
        ("select 7 div 2", {"mustBe": 3}),
        ("select count(*) from ${table} where car_id rlike '^c[0-9]+$'", {"mustBe": 2}),
        ("select size(split('a.b.c', '[.]'))", {"mustBe": 3}),
        ("select count_if(dayofweek(built_at) = 7) from ${table}", {"mustBe": 2}),  # a Saturday
        ("select sum(points) from {table}", {"mustBe": 3}),
        ("select count(*) from `dim_car` as c join garage.dim_car d using (car_id)", {"mustBe": 2}),
        ("with dim_car as (select 1 as x) select count(*) from dim_car", {"mustBe": 1}),
    ],
)
def test_a_rule_in_sql_is_run_by_the_warehouse_in_its_own_dialect(
    changed: Callable[[Change], Path],
    cars: Cars,
    check: Check,
    query: str,
    holds: dict[str, Any],
) -> None:
    ((key, bound),) = holds.items()
    rules = [
        {"type": "sql", "name": "right", "query": query, key: bound},
        {"type": "sql", "name": "wrong", "query": query, key: bound + 1},
    ]
    path = changed(lambda content: content["schema"][0].update(quality=rules))

    assert _broken(check(load_contract(path), cars())) == ["wrong"]


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ("select wheels from ${table}", "2 rows instead of one number"),
        ("select car_id, wheels from ${table} limit 1", "2 columns"),
        ("select 'four'", "'four' instead of a number"),
        ("select cast(null as int)", "None instead of a number"),
        ("select true", "True instead of a number"),
        ("select count(*) from ${table} where no_such > 0", "no_such"),
    ],
)
def test_a_query_that_gives_no_number_does_not_hold_and_says_why(
    changed: Callable[[Change], Path], cars: Cars, check: Check, query: str, said: str
) -> None:
    rule = {"type": "sql", "name": "odd", "query": query, "mustBe": 0, "severity": "warning"}
    path = changed(lambda content: content["schema"][0].update(quality=[rule]))

    result = check(load_contract(path), cars())

    assert _broken(result) == ["odd"], "what was not measured blocks, however lenient the rule"
    assert said in result.broken[0].message


@pytest.mark.parametrize(
    "query",
    ["drop table ${table}", "select 1; select 2", "select count(* from ${table}", "insert into x"],
)
def test_what_is_not_one_query_is_a_problem_of_the_contract(
    changed: Callable[[Change], Path], query: str
) -> None:
    rule = {"type": "sql", "name": "odd", "query": query, "mustBe": 0}
    path = changed(lambda content: content["schema"][0].update(quality=[rule]))

    problems = governance_problems(read_document(path))

    assert [p.key for p in problems] == ["schema[0].quality[0].query"]


def test_only_names_of_tables_are_replaced() -> None:
    query = "select 'dim_car', x.`dim_car` from `Garage`.DIM_CAR as x where a in (select a from b)"

    placed = with_tables(query, lambda table: f"<{table}>")

    assert placed == (
        "select 'dim_car', x.`dim_car` from <garage.dim_car> as x where a in (select a from <b>)"
    )
    with pytest.raises(NotAQuery):
        tables_of("truncate table a")


def test_a_rule_reads_what_others_have_published(
    changed: Callable[[Change], Path], cars: Cars, check: Check, connection: Connection
) -> None:
    query(connection, "create schema if not exists paddock")
    query(connection, "create or replace view paddock.dim_team as select 'British' as nationality")
    join = "join paddock.dim_team using (nationality)"
    rules = [
        {"type": "sql", "name": "kept", "query": f"select count(*) from ${{table}} {join}"}
        | {"mustBe": 2},
        {"type": "sql", "name": "lost", "query": f"select count(*) from ${{table}} {join}"}
        | {"mustBe": 3},
    ]
    contract = load_contract(changed(lambda c: c["schema"][0].update(quality=rules)))

    assert _broken(check(contract, cars())) == ["lost"]


# --- foreign keys -----------------------------------------------------------------------------


def test_a_row_that_names_nothing_breaks_its_relationship(
    changed: Callable[[Change], Path], cars: Cars, check: Check, connection: Connection
) -> None:
    def country(content: dict[str, Any]) -> None:
        table = content["schema"][0]
        table["name"] = table["physicalName"] = "dim_nationality"
        table["properties"] = [_column(content, "nationality") | {"primaryKey": True}]
        table["quality"] = []

    changed(country)
    table = "f1_local.garage_marts.dim_nationality"
    query(
        connection, f"create or replace table {table} using delta as select 'British' nationality"
    )

    def refer(content: dict[str, Any]) -> None:
        column = _column(content, "nationality")
        column["relationships"] = [{"to": "dim_nationality.nationality"}]
        column.pop("quality")

    contract = load_contract(changed(refer))

    assert _broken(check(contract, cars())) == []
    result = check(contract, cars({"car_id": "c3", "nationality": "Klingon"}))
    assert _broken(result) == ["relationship"]
    assert result.broken[0].count == 1
    assert result.broken[0].example is not None
    assert result.broken[0].example["car_id"] == "c3"


def test_keys_of_several_columns_and_nulls(
    changed: Callable[[Change], Path], cars: Cars, check: Check
) -> None:
    def refer(content: dict[str, Any]) -> None:
        table = content["schema"][0]
        pair = {"from": ["dim_car.mechanic", "dim_car.nationality"]}
        table["relationships"] = [{**pair, "to": ["dim_car.car_id", "dim_car.nationality"]}]

    contract = load_contract(changed(refer))
    own = {"mechanic": "c1", "nationality": "British"}

    rows = cars({"car_id": "c3", **own}, {"car_id": "c4", "mechanic": None})
    result = check(contract, rows)

    assert result.broken[0].count == 2, "c1 and c2 name Ada, c3 names c1, c4 names nobody"


@pytest.mark.parametrize(
    ("relationship", "said"),
    [
        ({"to": "dim_nobody.id"}, "no contract that can be read"),
        ({"to": "dim_car.nothing"}, "promises no dim_car.nothing"),
        ({"to": "dim_car"}, "neither product.column nor"),
        ({"to": "dim_car.car_id", "from": "dim_car.wheels"}, "leave it out"),
        ({"to": "dim_car.car_id", "type": "friendship"}, "not run by this platform"),
        ({"to": ["dim_car.car_id", "dim_car.wheels"]}, "as many columns"),
        ({"to": "dim_car.car_id", "on": "delete"}, "unknown"),
        ("dim_car.car_id", "not a mapping"),
    ],
)
def test_a_relationship_that_could_not_be_checked_is_a_problem_at_its_line(
    changed: Callable[[Change], Path], relationship: Any, said: str
) -> None:
    path = changed(lambda c: _column(c, "wheels").update(relationships=[relationship]))

    (problem,) = governance_problems(read_document(path))

    assert said in problem.message
    assert "relationships" in path.read_text().splitlines()[problem.line - 2]


# --- volume -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("published", "holds"), [(None, True), (2, True), (4, True), (5, False), (0, True)]
)
def test_half_of_the_rows_gone_does_not_pass(
    contract: Contract, cars: Cars, check: Check, published: int | None, holds: bool
) -> None:
    result = check(contract, cars(), published_rows=published)  # two rows, at least 50 percent

    assert _broken(result) == ([] if holds else ["volume"])


@pytest.mark.parametrize("value", [None, 120, -1, "most"])
def test_a_contract_says_how_much_of_its_volume_it_keeps(
    changed: Callable[[Change], Path], value: Any
) -> None:
    kept = {"property": "minimumPercentOfPublishedRows", "value": value}
    path = changed(lambda c: c["schema"][0].update(customProperties=[kept]))

    (problem,) = governance_problems(read_document(path))

    assert "minimumPercentOfPublishedRows" in problem.message


# --- dates and lists --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("day", "broken"),
    [
        (date(1950, 5, 13), []),
        (date(1, 1, 1), ["field_minimum"]),
        (date(9999, 12, 31), ["field_maximum"]),
        (None, []),
    ],
)
def test_dates_have_sane_ranges(
    changed: Callable[[Change], Path], check: Check, day: date | None, broken: list[str]
) -> None:
    def dated(content: dict[str, Any]) -> None:
        built = _column(content, "built_at")
        built.update(name="built_on", physicalType="date", logicalType="date")
        built["logicalTypeOptions"] = {"minimum": "1900-01-01", "maximum": "2100-12-31"}
        content["schema"][0]["properties"] = [_column(content, "car_id"), built]
        content["schema"][0]["quality"] = []

    schema = pa.schema([("car_id", pa.string()), ("built_on", pa.date32())])
    rows = pa.Table.from_pylist([{"car_id": "c1", "built_on": day}], schema=schema)

    assert _broken(check(load_contract(changed(dated)), rows)) == broken


@pytest.mark.parametrize(
    ("option", "good", "bad"),
    [
        ({"minItems": 2}, [1, 2], [1]),
        ({"maxItems": 2}, [1, 2], [1, 2, 3]),
        ({"uniqueItems": True}, [1, 2], [2, 2]),
        ({"uniqueItems": False}, [2, 2], None),
    ],
)
def test_options_of_lists(
    changed: Callable[[Change], Path],
    check: Check,
    option: dict[str, Any],
    good: list[int],
    bad: list[int] | None,
) -> None:
    def listed(content: dict[str, Any]) -> None:
        wheels = _column(content, "wheels")
        wheels.update(physicalType="array<int>", logicalType="array", logicalTypeOptions=option)
        content["schema"][0]["properties"] = [_column(content, "car_id"), wheels]
        content["schema"][0]["quality"] = []

    contract = load_contract(changed(listed))
    schema = pa.schema([("car_id", pa.string()), ("wheels", pa.list_(pa.int32()))])

    def rows(value: list[int]) -> pa.Table:
        return pa.Table.from_pylist([{"car_id": "c1", "wheels": value}], schema=schema)

    assert _broken(check(contract, rows(good))) == []
    if bad is not None:
        assert len(_broken(check(contract, rows(bad)))) == 1
