"""Decimals, doubles and the two together, as Databricks answers."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from tests.warehouse.client import Client


@pytest.mark.parametrize(
    ("query", "values"),
    [
        ("select 1.5 as x union all select 1e-20D", [1e-20, 1.5]),
        ("select 1e308 as x union all select 0.1 union all select 1", [0.1, 1.0, 1e308]),
        ("select coalesce(null, 1e-20D, 0.5) as x", [1e-20]),
        ("select x from values (0.1), (1e-20D), (null) t(x) where x is not null", [1e-20, 0.1]),
        ("select x from values (1, 0.1), (2, 1e308) t(n, x)", [0.1, 1e308]),
        ("select greatest(1e-20D, 0.0) as x", [1e-20]),
        ("select least(1e-20D, 0.5) as x", [1e-20]),
        ("select if(n = 1, 0.5, 1e-20D) as x from values (1), (2) t(n)", [1e-20, 0.5]),
        ("select case n when 1 then 0.5 else 1e-20D end as x from values (1), (2) t(n)",
         [1e-20, 0.5]),
        ("select nvl(d, f) as x from values (0.5, 1e-20D), (null, 1e-20D) t(d, f)", [1e-20, 0.5]),
        ("with c as (select 0.5 as d, 1e-20D as f) select ifnull(null, coalesce(f, d)) as x from c",
         [1e-20]),
        ("select 1.5 as x union select cast(1 as float)", [1.0, 1.5]),
    ],
)  # fmt: skip
def test_a_decimal_beside_a_double_becomes_one(
    sql: Client, query: str, values: list[float]
) -> None:
    found = sql.values(query)

    assert sorted(found) == values
    assert {type(value) for value in found} == {float}


@pytest.mark.parametrize(
    ("expression", "value"),
    [
        ("1e-20D = 0.0", False), ("1e-20D <> 0.0", True), ("0.0 < 1e-20D", True),
        ("1e-20D > 0.0", True), ("1e-20D <=> 0.0", False), ("1e-20D in (5, 0.0)", False),
        ("1e308D > 0.5", True), ("1e308D between 0.0 and 1.5", False),
        ("case 0.0 when 1e-20D then 'equal' else 'other' end", "other"),
        ("nullif(1e-20D, 0.0)", 1e-20), ("nullif(0.5D, 0.5)", None),
        ("0.0 in (select 1e-20D)", False), ("1e-20D in (select 0.0)", False),
        ("0.1 = 0.1D", True),
        ("array_union(array(0.1), array(1e-20D))[1]", 1e-20),
        ("size(array_except(array(1e-20D), array(0.0)))", 1),
        ("size(array_intersect(array(1e-20D), array(0.0)))", 0),
        ("arrays_overlap(array(1e-20D), array(0.0))", False),
        ("array(struct(1e-20D as a), struct(0.5 as a))[0].a", 1e-20),
    ],
)  # fmt: skip
def test_a_decimal_meets_a_double_as_a_double(sql: Client, expression: str, value: Any) -> None:
    if " in (select" in expression:
        found = sql.value(f"select count(*) > 0 from range(1) where {expression}")
    else:
        found = sql.value(f"select {expression}")

    assert found == value


def test_columns_of_decimals_and_doubles_are_joined_and_filtered_as_doubles(sql: Client) -> None:
    sql.run(
        "create table exact as select cast(0 as decimal(5,1)) as a, 1 as n",
        "create table rough as select 1e-20D as a, 2 as n",
    )

    assert sql.value("select count(*) from exact e join rough r on e.a = r.a") == 0
    assert sql.value("select count(*) from exact where a in (select a from rough)") == 0
    assert sql.value("select count(*) from rough where a in (select a from exact)") == 0
    assert sql.value("select count(*) from rough where a > 0.0") == 1
    assert "USING" in sql.fails("select count(*) from exact join rough using (a)")
    sql.run("delete from rough where a = 0.0")
    assert sql.value("select count(*) from rough") == 1
    assert "nullif" in sql.fails("select nullif(e.a, r.a) from exact e, rough r")


def test_decimals_and_doubles_are_inserted_as_they_are(sql: Client) -> None:
    sql.run("create table t (n int, x double)", "insert into t values (1, 0.1), (2, 1e308)")

    assert sql.values("select x from t order by n") == [0.1, 1e308]


@pytest.mark.parametrize(
    ("expression", "kind", "value"),
    [
        ("1.0 / 3", "decimal(7,6)", "0.333333"),
        ("2.0 / 3", "decimal(7,6)", "0.666667"),
        ("-2.0 / 3", "decimal(7,6)", "-0.666667"),
        ("d / 7", "decimal(14,6)", "0.142857"),
        ("d / e", "decimal(25,13)", "0.3333333333333"),
        ("n / d", "decimal(23,11)", "2.00000000000"),
        ("d / n", "decimal(21,13)", "0.5000000000000"),
        ("d / l", "decimal(31,23)", "0.50000000000000000000000"),
        ("cast(2 as decimal(38,18)) / 3", "decimal(38,18)", "0.666666666666666667"),
        ("(d + d) / 3", "decimal(15,6)", "0.666667"),
        ("sum(d + 1) / 3", "decimal(25,6)", "0.666667"),
        ("avg(d) filter (where n > 0)", "decimal(14,6)", "1.000000"),
        ("d + 1", "decimal(11,2)", "2.00"),
        ("d * 2", "decimal(12,2)", "2.00"),
        ("d + n", "decimal(13,2)", "3.00"),
        ("cast(1.5 as decimal(38,10)) * cast(2.5 as decimal(38,10))", "decimal(38,6)", "3.750000"),
        ("cast(1.5 as decimal(38,10)) + cast(2.5 as decimal(38,10))", "decimal(38,9)",
         "4.000000000"),
    ],
)  # fmt: skip
def test_decimals_are_computed_to_their_scale(
    sql: Client, expression: str, kind: str, value: str
) -> None:
    row = "(select cast(1 as decimal(10,2)) as d, cast(3 as decimal(10,4)) as e, 2 as n, 2L as l)"
    aggregated = "d" if "sum" not in expression and "avg" not in expression else ""
    query = f"select {expression} as x from {row}" + (
        f" where {aggregated} > 0" if aggregated else ""
    )

    assert str(sql.value(query)) == value
    assert sql.rows(f"describe query {query}")[0]["data_type"] == kind


def test_averages_of_decimals_are_rounded(sql: Client) -> None:
    rows = "(select cast(n as decimal(5,2)) as x from values (1), (1), (0) as t(n))"

    assert sql.values(f"select avg(x), avg(distinct x) from {rows}") == [
        (Decimal("0.666667"), Decimal("0.500000"))
    ]
    assert set(sql.values(f"select avg(x) over () from {rows}")) == {Decimal("0.666667")}
    assert sql.value(f"select avg(n) from (select int(x) as n from {rows})") == 2 / 3
    assert sql.value("select 1 / 3") == 1 / 3
    assert "[DIVIDE_BY_ZERO]" in sql.fails("select 1.0 / 0")
