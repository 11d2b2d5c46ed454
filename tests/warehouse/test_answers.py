"""Answers of Databricks that the engine alone would give otherwise, without saying so."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Any

import pytest

from tests.warehouse.client import Client


@pytest.mark.parametrize(
    ("query", "kind", "values"),
    [
        ("select 1 as x union all select 2.5", "decimal(11,1)", [Decimal("1.0"), Decimal("2.5")]),
        ("select if(n = 1, 1, 2.5) as x from values (1), (2) t(n)", "decimal(11,1)",
         [Decimal("1.0"), Decimal("2.5")]),
        ("select 1 as x union all select 10000000000", "bigint", [1, 10000000000]),
        ("select 3 as x union all select 1.5D", "double", [1.5, 3.0]),
        ("select x from (select 1 as x) union all select cast(null as bigint)", "bigint",
         [None, 1]),
        ("select null as x union all select 2.5", "decimal(2,1)", [None, Decimal("2.5")]),
        ("select date'2024-01-01' as x union all select timestamp'2024-01-01 12:00:00'",
         "timestamp", [dt.datetime(2024, 1, 1, tzinfo=dt.UTC),
                       dt.datetime(2024, 1, 1, 12, tzinfo=dt.UTC)]),
        ("select cast(1 as decimal(5,2)) as x union all select cast(1234567890 as decimal(10,0))",
         "decimal(12,2)", [Decimal("1.00"), Decimal("1234567890.00")]),
    ],
)  # fmt: skip
def test_alternatives_of_other_types_are_stored_as_they_are(
    sql: Client, query: str, kind: str, values: list[Any]
) -> None:
    sql.run(f"create table t as {query}")

    assert sql.rows("describe t")[0]["data_type"] == kind
    found = sql.values("select x from t order by x")
    assert found == values


def test_a_union_of_stars_is_of_the_common_types(sql: Client) -> None:
    sql.run(
        "create table a as select 1 as n, 'x' as s",
        "create table b as select 2.5 as n, 'y' as s",
        "create table c as select * from a union all select * from b union all select b.* from b",
    )

    assert sql.values("select n, s from c order by n, s") == [
        (Decimal("1.0"), "x"),
        (Decimal("2.5"), "y"),
        (Decimal("2.5"), "y"),
    ]


def test_what_a_query_of_unknown_types_gives_is_stored_as_it_is(sql: Client) -> None:
    """The engine calls the column an int before it runs the query, and gives decimals."""
    sql.run(
        "create table t as select n as x, case when n > 1 then element_at(array(n), 1)"
        " else element_at(array(2.5), 1) end as y from values (1), (2) t(n)"
    )

    assert sql.values("select cast(y as double) from t order by x") == [2.5, 2.0]


@pytest.mark.parametrize(
    ("expression", "text"),
    [
        ("cast(1e7D as string)", "1.0E7"),
        ("cast(1.5e20D as string)", "1.5E20"),
        ("cast(1e-5D as string)", "1.0E-5"),
        ("cast(-1.25e-7D as string)", "-1.25E-7"),
        ("string(1e7D)", "1.0E7"),
        ("1e7D::string", "1.0E7"),
        ("cast(1.5D as string)", "1.5"),
        ("cast(double('inf') as string)", "Infinity"),
        ("cast(double('nan') as string)", "NaN"),
        ("cast(cast(null as double) as string)", None),
        ("cast(cast(1e10 as float) as string)", "1.0E10"),
        ("concat(1e7D, 'x')", "1.0E7x"),
        ("1e7D || 'x'", "1.0E7x"),
        ("concat_ws(',', 1e7D, 'x')", "1.0E7,x"),
        ("string(timestamp'2024-01-01 00:00:00.120')", "2024-01-01 00:00:00.12"),
        ("string(timestamp_ntz'2024-01-01 00:00:00.120')", "2024-01-01 00:00:00.12"),
        ("concat(timestamp'2024-01-01 00:00:00.120', '')", "2024-01-01 00:00:00.12"),
        ("concat_ws('|', timestamp'2024-01-01', 'x')", "2024-01-01 00:00:00|x"),
        ("upper(timestamp'2024-01-01')", "2024-01-01 00:00:00"),
        ("string(date'2024-01-01')", "2024-01-01"),
        ("string(1.50)", "1.50"),
        ("string(true)", "true"),
        (
            "format_string('%s|%d|%s', 1e7D, 3, timestamp'2024-01-01')",
            "1.0E7|3|2024-01-01 00:00:00",
        ),
        ("format_string('%.2f', 1.5D)", "1.50"),
        ("printf('%s', 1e7D)", "1.0E7"),
        ("translate(1e7D, 'E', 'x')", "1.0x7"),
        ("string_agg(x, ',') from values (1e7D) t(x)", "1.0E7"),
        ("listagg(x) from values (1e7D) t(x)", "1.0E7"),
        ("substring_index(1e7D, 'E', 1)", "1.0"),
        ("split_part(1e7D, 'E', 2)", "7"),
        ("overlay(1e7D placing 'x' from 1)", "x.0E7"),
        ("elt(1, 1e7D, 'b')", "1.0E7"),
        ("initcap(1e7D)", "1.0e7"),
        ("url_encode(1e7D)", "1.0E7"),
        ("string(regexp_count(1e7D, 'E'))", "1"),
        ("string(find_in_set(1e7D, '1.0E7,2'))", "1"),
        ("array_join(array(1e7D, 1e-5D, null), ',')", "1.0E7,1.0E-5"),
        ("array_join(array(timestamp'2024-01-01 00:00:00.5'), ',')", "2024-01-01 00:00:00.5"),
    ],
)
def test_the_text_of_timestamps_and_doubles(sql: Client, expression: str, text: str) -> None:
    assert sql.value(f"select {expression}") == text


def test_the_text_of_columns_of_a_table(sql: Client) -> None:
    sql.run(
        "create table t as select 1e7D as d, timestamp'2024-01-01 00:00:00.5' as m",
        "create view v as select d, m, d || '' as dt from t",
    )

    found = sql.values(
        "select string(v.d), cast(m as string) || v.dt, md5(d) = md5('1.0E7') from v"
    )
    assert found == [("1.0E7", "2024-01-01 00:00:00.51.0E7", True)]


def test_halves_are_rounded_to_even(sql: Client) -> None:
    halves = "values (1, 2.5D), (2, 3.5D), (3, -2.5D), (4, 1.4D), (5, null) as t(n, x)"

    assert sql.values(f"select bround(x) from {halves} order by n") == [2.0, 4.0, -2.0, 1.0, None]
    assert sql.values(f"select rint(x) from {halves} order by n") == [2.0, 4.0, -2.0, 1.0, None]
    assert sql.value("select bround(2.5)") == 2
    assert sql.value("select bround(25, -1)") == 20
    assert "[UNSUPPORTED_FEATURE]" in sql.fails(f"select bround(x, 1) from {halves}")


def test_dates_differ_by_an_interval(sql: Client) -> None:
    sql.run("create table t as select date'2024-02-01' as b, date'2024-01-01' as a")

    assert sql.value("select b - a from t") == "31 00:00:00.000000000"
    assert sql.value("select cast(b - a as string) from t") == "INTERVAL '31' DAY"
    assert sql.value("select a + (b - a) = b from t") is True
    assert "interval column" in sql.fails("create table u as select b - a as days from t")


def test_a_date_is_truncated_to_a_timestamp(sql: Client) -> None:
    sql.run("create table t as select date_trunc('month', date'2024-05-17') as m")

    assert sql.rows("describe t")[0]["data_type"] == "timestamp"
    assert sql.value("select m from t") == dt.datetime(2024, 5, 1, tzinfo=dt.UTC)


@pytest.mark.parametrize(
    ("frame", "sums"),
    [
        ("order by d range between interval 2 days preceding and current row", [1, 3, 6, 8]),
        ("order by d range between 2 preceding and current row", [1, 3, 6, 8]),
        ("order by d range between current row and interval 2 days following", [3, 6, 4, 8]),
        ("order by d desc range between interval 1 day preceding and current row", [3, 2, 4, 8]),
        ("order by d range between unbounded preceding and current row", [1, 3, 7, 15]),
        ("order by d", [1, 3, 7, 15]),
    ],
)
def test_windows_by_range_over_dates(sql: Client, frame: str, sums: list[int]) -> None:
    rows = (
        "values (date'2024-01-01', 1), (date'2024-01-02', 2), (date'2024-01-04', 4),"
        " (date'2024-01-10', 8) as t(d, v)"
    )

    assert sql.values(f"select s from (select d, sum(v) over ({frame}) as s from {rows}) order by d"
                      ) == sums  # fmt: skip


def test_structs_of_a_union_are_matched_by_position(sql: Client) -> None:
    sql.run("create table t as select named_struct('aB', 1, 'Name', 'x') as s")

    both = sql.values(
        "select s from (select s from t union all"
        " select cast(named_struct('ab', 2, 'name', 'y') as struct<ab: int, name: string>))"
        " order by s.ab"
    )
    crossed = sql.values(
        "select s from (select named_struct('a', 1, 'b', 5) as s union all"
        " select named_struct('b', 2, 'a', 6)) order by s.a"
    )

    assert both == [{"aB": 1, "Name": "x"}, {"aB": 2, "Name": "y"}]
    assert crossed == [{"a": 1, "b": 5}, {"a": 2, "b": 6}]


def test_a_struct_is_cast_by_position_to_as_many_fields(sql: Client) -> None:
    structs = "(select named_struct('a', n, 'b', n + 5) as s from values (1) t(n))"

    assert sql.value(f"select cast(s as struct<B: bigint, A: string>) from {structs}") == {
        "B": 1,
        "A": "6",
    }
    for kind in ("struct<a: int>", "struct<a: int, b: int, c: int>"):
        assert "[DATATYPE_MISMATCH" in sql.fails(f"select cast(s as {kind}) from {structs}")
        assert "[DATATYPE_MISMATCH" in sql.fails(
            f"select cast(array(s) as array<{kind}>) from {structs}"
        )


def test_names_of_columns_stay_those_of_their_expressions(sql: Client) -> None:
    rows = sql.rows(
        "select i + 1, i * (i - 2), -i, cast(d as string) from values (5, 1.5D) t(i, d)"
    )

    assert list(rows[0]) == ["(i + 1)", "(i * (i - 2))", "(- i)", "CAST(d AS STRING)"]


def test_repairs_hold_in_every_place_of_a_query(sql: Client) -> None:
    sql.run("create table t as select 2 as i, 3L as l, date'2024-01-01' as d, 1.5D as f")

    assert sql.values(
        "with c(x) as (select i + l from t), r as (select x * 2 as y from c where x - 5 = 0)"
        " select y + (select max(i) + 1 from t), exists(select 1 from t where t.l - 1 = r.y - 8),"
        " transform(array(1, 2), i -> i + 1), y in (i * 5), count(*) over () - 1"
        " from r cross join t group by y, y + 1, i having sum(y) + 1 > 0 order by y + 1 limit 1 + 1"
    ) == [(13, True, [2, 3], True, 0)]
    assert sql.values("select t.i + u.l, u.* from t join t u on t.i + 1 = u.l") == [
        (5, 2, 3, dt.date(2024, 1, 1), 1.5)
    ]
    assert sql.values("select i + 1 as a, sum(l) as b from t group by i + 1 order by i + 1") == [
        (3, 3)
    ]


MEMBERS = "(select y from values (1), (null) as s(y))"


@pytest.mark.parametrize(
    "condition",
    [
        f"x = 99 or x not in {MEMBERS}",
        f"not (x in {MEMBERS} and x > 0)",
        f"coalesce(x in {MEMBERS}, true)",
        f"(x in {MEMBERS}) is null",
        f"(x not in {MEMBERS}) = true",
        f"if(x not in {MEMBERS}, true, false)",
        f"case when x in {MEMBERS} then false else true end",
    ],
)
def test_a_membership_that_a_null_decides_is_refused_in_queries(
    sql: Client, condition: str
) -> None:
    sql.run("create table t as select * from values (1), (2), (null) as t(x)")

    for statement in (
        f"select x from t where {condition}",
        f"select * from (select x from t where {condition}) where x is null",
        f"create view v as select x from t where {condition}",
        f"create table u as select x from t where {condition}",
        f"delete from t where {condition}",
    ):
        assert "Write NOT EXISTS" in sql.fails(statement)
    assert sql.value("select count(*) from t") == 3


@pytest.mark.parametrize(
    ("query", "values"),
    [
        (f"select x from t where x not in {MEMBERS}", []),
        (f"select x from t where not x in {MEMBERS} and x > 0", []),
        (f"select x from t where x = 2 or x in {MEMBERS}", [1, 2]),
        (f"select x from t group by x having x not in {MEMBERS}", []),
        ("select x from t where x = 99 or not exists (select 1 from values (1), (null) as s(y)"
         " where y = x or y is null or x is null)", []),
        ("select x from t where x = 99 or x not in (1, 3)", [2]),
    ],
)  # fmt: skip
def test_a_membership_that_the_engine_gets_right_is_answered(
    sql: Client, query: str, values: list[int]
) -> None:
    sql.run("create table t as select * from values (1), (2), (null) as t(x)")

    assert sorted(sql.values(query)) == values


def test_arguments_that_have_to_be_constants_stay_so(sql: Client) -> None:
    assert sql.values("select id from range(1, 3 + 1) order by id") == [1, 2, 3]
    assert sql.value("select round(1.2345D, 1 + 1)") == 1.23
    assert sql.values("select x from values (1), (2) t(x) order by x limit 1 + 0") == [1]
