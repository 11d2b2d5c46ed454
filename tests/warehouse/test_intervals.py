"""Intervals reach clients as text in the form of Databricks' Thrift endpoint."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.warehouse.client import Client

INTERVALS = [
    ("interval '2-3' year to month", "2-3"),
    ("-interval '2-3' year to month", "-2-3"),
    ("interval 14 months", "1-2"),
    ("interval '1' year", "1-0"),
    ("make_ym_interval(1, 2)", "1-2"),
    ("interval '1' day", "1 00:00:00.000000000"),
    ("interval '-1 2:3:4.567' day to second", "-1 02:03:04.567000000"),
    ("interval 100 hours", "4 04:00:00.000000000"),
    ("timestamp'2024-01-02 12:00:00' - timestamp'2024-01-01'", "1 12:00:00.000000000"),
    ("make_interval(1, 2, 3, 4, 5, 6, 7.5)",
     "1 years 2 months 25 days 5 hours 6 minutes 7.5 seconds"),
    ("make_interval(0, -1, 0, 0, 0, 0, -0.25)", "-1 months -0.25 seconds"),
    ("make_interval()", "0 seconds"),
    ("cast(null as interval year to month)", None),
    ("cast(null as interval day to second)", None),
]  # fmt: skip


@pytest.mark.parametrize(("expression", "text"), INTERVALS)
def test_an_interval_is_text(sql: Client, expression: str, text: str | None) -> None:
    assert sql.values(f"select {expression} as i, 7 as n") == [(text, 7)]


def test_intervals_of_many_rows_with_nulls(sql: Client) -> None:
    rows = "values (interval 1 month, 1), (null, 2), (interval 30 month, 3) as t(i, n)"

    assert sql.values(f"select i from {rows} order by n") == ["0-1", None, "2-6"]


def test_intervals_inside_nested_values(sql: Client) -> None:
    found = sql.rows(
        "select array(interval 1 month, null) as a, named_struct('d', interval 1 day, 'n', 1) as s,"
        " map('k', interval 2 year) as m"
    )

    assert found == [
        {
            "a": ["0-1", None],
            "s": {"d": "1 00:00:00.000000000", "n": 1},
            "m": [("k", "2-0")],
        }
    ]


def test_intervals_inside_nested_values_as_json(sql: Client) -> None:
    text = _as_json(sql, "select array(interval 1 month, null) as a")

    assert json.loads(text) == ["0-1", None]


def _as_json(sql: Client, statement: str) -> Any:
    backend: Any = sql.connection.session.backend
    kept, backend._use_arrow_native_complex_types = backend._use_arrow_native_complex_types, False
    try:
        return sql.value(statement)
    finally:
        backend._use_arrow_native_complex_types = kept


def test_the_types_of_intervals_are_told(sql: Client) -> None:
    with sql.connection.cursor() as cursor:
        cursor.execute("select interval 1 month as a, interval 1 day as b")
        described = cursor.description

    assert [column[1] for column in described or ()] == ["interval_year_month", "interval_day_time"]


def test_a_view_may_have_an_interval_and_a_table_may_not(sql: Client) -> None:
    sql.run("create view v as select interval '1-2' year to month as i")

    assert sql.value("select i from v") == "1-2"
    for query in ("select i from v", "select array(i) as a from v"):
        error = sql.fails(f"create table t as {query}")
        assert "[UNSUPPORTED_FEATURE]" in error
        assert "interval column" in error
    assert sql.value("select count(*) from v") == 1
