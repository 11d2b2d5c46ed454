"""An overflow is an error, and is never stored in silence."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from tests.warehouse.client import Client

BOUNDS = (
    "(select cast(127 as tinyint) as t, cast(32767 as smallint) as s, 2147483647 as i,"
    " 9223372036854775807 as l, cast(repeat('9', 38) as decimal(38,0)) as m)"
)

OVERFLOWS = [
    "t + t", "s + s", "i + 1", "l + 1", "l + i", "i + t",
    "-i - 2", "-l - 2", "t * t", "s * s", "i * i", "l * 2", "l * l", "-l * i",
    "i + 1 - 1", "-(i + 1)", "case when i > 0 then i + 1 end", "abs(i + 1)",
    "-cast(-2147483648 as int)", "abs(cast(-2147483648 as int))", "i - -1", "coalesce(i + 1, 0)",
    "m + 1", "m + m", "m - -1", "m * 10", "transform(array(1), x -> x)[0] + i * 2",
]  # fmt: skip


@pytest.mark.parametrize("expression", OVERFLOWS)
def test_an_overflow_is_an_error(sql: Client, expression: str) -> None:
    error = sql.fails(f"select {expression} as x from {BOUNDS}")

    assert "[ARITHMETIC_OVERFLOW]" in error
    assert "SQLSTATE: 22003" in error


@pytest.mark.parametrize(
    ("expression", "value"),
    [
        ("i - 1", 2147483646),
        ("i + 1L", 2147483648),
        ("-i - 1", -2147483648),
        ("-l - 1", -9223372036854775808),
        ("l - l", 0),
        ("i * 1L * i", 2147483647 * 2147483647),
        ("i + null", None),
        ("t - t", 0),
        ("i + 0.5", Decimal("2147483647.5")),
        ("i + 1D", 2147483648.0),
        ("m - 1", Decimal("9" * 37 + "8")),
        ("i - i * 1 + (i - i)", 0),
    ],
)
def test_what_fits_is_computed(sql: Client, expression: str, value: Any) -> None:
    assert sql.value(f"select {expression} as x from {BOUNDS}") == value


@pytest.mark.parametrize(
    ("expression", "kind"),
    [
        ("i + i", "int"),
        ("t * t", "tinyint"),
        ("t + s", "smallint"),
        ("s - i", "int"),
        ("i * l", "bigint"),
        ("sum(l) over ()", "bigint"),
        ("case when i > 0 then i else 2.5 end", "decimal(11,1)"),
        ("coalesce(i, 1e0)", "double"),
    ],
)
def test_types_of_arithmetic_stay(sql: Client, expression: str, kind: str) -> None:
    described = sql.rows(f"describe query select {expression} as x from {BOUNDS}")

    assert described[0]["data_type"] == kind


@pytest.mark.parametrize(
    "aggregate",
    [
        "sum(l)",
        "sum(distinct l - k)",
        "sum(l) filter (where k > 0)",
        "max(l) + count(*)",
        "sum(l) over ()",
        "sum(l) over (order by k rows between 1 preceding and current row)",
    ],
)
def test_a_sum_that_overflows_is_an_error(sql: Client, aggregate: str) -> None:
    rows = "values (9223372036854775807, 1), (9223372036854775807, 2) as t(l, k)"

    assert "[ARITHMETIC_OVERFLOW]" in sql.fails(f"select {aggregate} as x from {rows}")


@pytest.mark.parametrize(
    "statement",
    [
        "create table x as select cast(2147483647 as int) + cast(1 as int) as a",
        "create table x as select i + 1 as a from t",
        "create table x as with c as (select i from t) select i * 2 as a from c",
        "create table x as select a.i + b.i as s from t a join t b on a.i = b.i",
        "insert into t select i + 1, l from v",
        "insert overwrite t select i, l + 1 from t",
        "update t set i = i + 1",
        "update t set l = l + i where i > 0",
        "merge into t using (select 1 as k) s on i > k when matched then update set i = t.i + k",
        "merge into t using v on t.i = v.i when matched then update set l = t.l + v.l",
        "merge into t using v on t.i = v.i + 1 when not matched then insert *",
        "insert into t replace where i > 0 select i + 1, l from v",
        "create or replace table t as select 1 as i, sum(l) as l from t cross join range(2)",
    ],
)  # fmt: skip
def test_no_overflow_is_stored(sql: Client, statement: str) -> None:
    sql.run(
        "create table t (i int, l bigint)",
        "insert into t values (2147483647, 9223372036854775807)",
        "create view v as select i, l from t",
    )

    assert "[ARITHMETIC_OVERFLOW]" in sql.fails(statement)
    assert sql.values("select * from t") == [(2147483647, 9223372036854775807)]
    assert sql.rows("show tables like 'x'") == []
