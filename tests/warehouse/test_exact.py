"""Doubles that become decimals, texts beside other types, and functions that the engine alone would
answer otherwise."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest

from tests.warehouse.client import Client


@pytest.mark.parametrize(
    ("expression", "value"),
    [
        ("cast(1.005D as decimal(10,2))", "1.01"),
        ("cast(-0.285D as decimal(10,2))", "-0.29"),
        ("1.005D::decimal(10,2)", "1.01"),
        ("try_cast(0.285D as decimal(10,2))", "0.29"),
        ("try_cast(1e30D as decimal(5,2))", None),
        ("cast(cast(1.005 as float) as decimal(10,2))", "1.01"),
        ("cast(1e22D as decimal(38,2))", "10000000000000000000000.00"),
        ("cast(-1.5e20D as decimal(38,1))", "-150000000000000000000.0"),
        ("cast(1.234e-6D as decimal(38,30))", "0.000001234000000000000000000000"),
        ("cast(cast(null as double) as decimal(3,1))", None),
    ],
)
def test_a_double_becomes_the_decimal_that_it_is_written_as(
    sql: Client, expression: str, value: str | None
) -> None:
    assert sql.value(f"select cast({expression} as string)") == value


def test_a_double_is_stored_as_the_decimal_that_it_is_written_as(sql: Client) -> None:
    sql.run(
        "create table t (n int, a decimal(10,2), s string)",
        "insert into t values (1, 1.005D, 1e7D)",
        "insert into t (s, a, n) select 1e-5D, 0.285D, 2",
        "insert into t by name select 3 as n, cast(1.005 as float) as a, cast(1.5 as float) as s",
        "insert into t values (4, 0, 'x')",
        "update t set a = 0.285D, s = 1e20D where n = 4",
    )

    assert sql.values("select string(a), s from t order by n") == [
        ("1.01", "1.0E7"), ("0.29", "1.0E-5"), ("1.01", "1.5"), ("0.29", "1.0E20"),
    ]  # fmt: skip


def test_doubles_are_rounded_by_the_digits_that_they_are_written_with(sql: Client) -> None:
    written = "values (1, 1.005D), (2, -1.005D), (3, 1e300D), (4, 1e-20D), (5, null) as t(n, x)"

    rounded = sql.values(f"select round(x, 2) from {written} order by n")
    assert rounded == [1.01, -1.01, 1e300, 0.0, None]
    assert sql.value("select round(123456789.125D, 2)") == 123456789.13
    assert sql.value("select string(round(cast('nan' as double), 2))") == "NaN"
    assert sql.value("select typeof(round(cast(1.005 as float), 2))") == "float"


@pytest.mark.parametrize(
    ("expression", "kind", "value"),
    [
        ("coalesce(1, '2')", "bigint", 1),
        ("coalesce(1.5, '2')", "double", 1.5),
        ("if(false, 1, '2')", "bigint", 2),
        ("if(true, 1e7D, '2')", "double", 1e7),
        ("nvl2(null, 1e7D, '2')", "double", 2.0),
        ("case when true then date'2024-01-01' else '2025-01-01' end", "date", dt.date(2024, 1, 1)),
        ("array(1, '2')[1]", "bigint", 2),
        ("(select max(x) from values (1e7D), ('2') t(x))", "double", 1e7),
        ("(select max(x) from (select 1e7D as x union all select '2'))", "double", 1e7),
    ],
)
def test_a_text_beside_another_type_is_read_as_that(
    sql: Client, expression: str, kind: str, value: Any
) -> None:
    assert sql.value(f"select {expression}") == value
    assert sql.value(f"select typeof({expression})") == kind


@pytest.mark.parametrize(
    "expression", ["if(true, 1, 'x')", "array(1e7D, 'x')[0]", "nvl2(1, 2, 'x')"]
)
def test_a_text_that_cannot_be_read_so_is_an_error(sql: Client, expression: str) -> None:
    assert "[CAST_INVALID_INPUT]" in sql.fails(f"select {expression}")


@pytest.mark.parametrize(
    ("expression", "value"),
    [
        ("try_cast(1e7D as string)", "1.0E7"),
        ("left('abc', -1)", ""),
        ("right('abc', -1)", ""),
        ("left('abc', 1 + 1)", "ab"),
        ("left('abc', cast(null as int))", None),
        ("initcap('o''neil mc-donald  aB')", "O'neil Mc-donald  Ab"),
        ("initcap(cast(null as string))", None),
        ("extract(dow from date'2024-12-29')", 1),
        ("date_part('dow', date'2024-12-28')", 7),
        ("weekday(date'2024-12-29')", 6),
        ("weekday(date'2024-12-23')", 0),
        ("cast(cast(1 as decimal(38,0)) / 3 as string)", "0.333333"),
    ],
)
def test_functions_that_the_engine_answers_otherwise(
    sql: Client, expression: str, value: Any
) -> None:
    assert sql.value(f"select {expression}") == value


def test_a_sum_of_decimals_has_room_or_is_refused(sql: Client) -> None:
    sql.run(
        "create table t (big decimal(38,0), small decimal(38,30))",
        f"insert into t values (9{'0' * 37}, 0.005), (9{'0' * 37}, 0.0025), (null, null)",
    )

    assert "[UNSUPPORTED_FEATURE]" in sql.fails("select sum(big) from t")
    assert "[UNSUPPORTED_FEATURE]" in sql.fails("select sum(distinct big) over () from t")
    assert sql.value("select string(sum(small)) from t") == "0.007500000000000000000000000000"
    assert sql.value("select sum(cast(big as double)) from t") == 1.8e38
