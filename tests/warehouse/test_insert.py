"""INSERT in all its forms."""

from __future__ import annotations

from decimal import Decimal

import pytest

from tests.warehouse.client import Client


@pytest.fixture
def t(sql: Client) -> Client:
    """A table `t` of months with two rows."""
    sql.run(
        "create table t (id int, month string, amount decimal(10,2))",
        "insert into t values (1, '2024-01', 1.5), (2, '2024-02', 2)",
    )
    return sql


def _all(sql: Client) -> list[tuple[object, ...]]:
    return sql.values("select * from t order by id, amount")


def test_it_tells_how_many_rows(t: Client) -> None:
    found = t.rows("insert into t values (3, 'x', 1), (4, 'y', 2)")

    assert found == [{"num_affected_rows": 2, "num_inserted_rows": 2}]


def test_columns_that_are_not_given_are_null(t: Client) -> None:
    t.run("insert into t (amount, id) values (9, 3)", "insert into t by name select 4 as ID")

    assert _all(t)[2:] == [(3, None, Decimal("9.00")), (4, None, None)]


def test_values_are_cast_to_the_columns_or_refused(t: Client) -> None:
    t.run("insert into t values ('3', 2024, '1.239')")
    assert _all(t)[2:] == [(3, "2024", Decimal("1.24"))]

    for values in ("('x', 'm', 1)", "(3000000000, 'm', 1)", "(1, 'm', 123456789.5)"):
        assert t.fails(f"insert into t values {values}").startswith("[")
    assert len(_all(t)) == 3


@pytest.mark.parametrize(
    "statement",
    [
        "insert into t values (1, 'm')",
        "insert into t values (1, 'm', 1, 1)",
        "insert into t (id, nothing) values (1, 2)",
        "insert into t by name select 1 as id, 2 as nothing",
        "insert into nothing values (1)",
        "insert into t",
    ],
)
def test_what_does_not_fit_is_refused(t: Client, statement: str) -> None:
    assert t.fails(statement).startswith("[")
    assert len(_all(t)) == 2


def test_from_a_query_a_table_and_itself(t: Client) -> None:
    t.run(
        "insert into t select id + 10, month, amount from t",
        "create temporary view more as select 30 as id, 'm' as month, 1 as amount",
        "insert into t table more",
        "insert into table t with x as (select 40 as i) select i, null, null from x",
    )

    assert [row[0] for row in _all(t)] == [1, 2, 11, 12, 30, 40]


def test_overwrite_replaces_everything_in_one_version(t: Client) -> None:
    t.run("insert overwrite table t select id, month, amount + 1 from t where id = 1")

    assert _all(t) == [(1, "2024-01", Decimal("2.50"))]
    assert t.value("select count(*) from t version as of 1") == 2


def test_replace_where_replaces_what_matches_and_checks_the_rest(t: Client) -> None:
    t.run("create temporary view fresh as select 5 as id, '2024-03' as month, 7 as amount")

    t.run("insert into t by name replace where month >= '2024-02' table fresh")
    assert [row[0] for row in _all(t)] == [1, 5]

    wrong = t.fails("insert into t replace where month = '2024-09' select 6, '2024-10', 1")
    assert "[DELTA_REPLACE_WHERE_MISMATCH]" in wrong
    t.run("insert into t replace where month = '2024-03' select * from t where false")
    assert [row[0] for row in _all(t)] == [1]


def test_replace_on_replaces_the_rows_that_match_a_row_of_the_query(t: Client) -> None:
    t.run("insert into t values (7, null, 1)")

    t.run(
        "insert into table t as target replace on (target.month <=> temp.month) "
        "(select id + 100 as id, month, amount from t where id <> 1) as temp"
    )

    assert [row[:2] for row in _all(t)] == [(1, "2024-01"), (102, "2024-02"), (107, None)]


def test_replace_using_compares_columns(t: Client) -> None:
    t.run("insert into t replace using (month) select 9 as id, '2024-01' as month, 0 as amount")

    assert [row[0] for row in _all(t)] == [2, 9]


def test_one_partition_is_overwritten(sql: Client) -> None:
    sql.run(
        "create table t (id int, p string) partitioned by (p)",
        "insert into t values (1, 'a'), (2, 'b')",
        "insert overwrite t partition (p = 'a') select 9",
    )

    assert sql.values("select * from t order by id") == [(2, "b"), (9, "a")]
    assert "[UNSUPPORTED_FEATURE]" in sql.fails("insert overwrite t partition (p) select 1, 'c'")


def test_text_that_looks_like_sql_is_text(t: Client) -> None:
    text = "select * from t; -- 'x' ''y'' \\ \" `z` :p ? {{ j }}"

    t.rows("insert into t (id, month) values (50, :text)", {"text": text})

    assert t.value("select month from t where id = 50") == text


def test_many_values_are_quick_to_read(sql: Client) -> None:
    sql.run("create table t (a int, b string)")
    rows = ", ".join(f"({i}, 'it''s {i}')" for i in range(5000))

    sql.run(f"insert into t values {rows}")

    assert sql.values("select count(*), max(b) from t") == [(5000, "it's 999")]


@pytest.mark.parametrize(
    "clause",
    ["into r replace using (id)", "into r as d replace on (d.id = s.id)"],
    ids=["using", "on"],
)
def test_rows_by_chance_replace_exactly_the_rows_that_they_insert(sql: Client, clause: str) -> None:
    sql.run("create table r as select id, 0 as hit from range(1000)")
    rows = "select id, 1 as hit from range(1000) where rand() < 0.5"
    query = f"({rows}) as s" if "as d" in clause else rows

    inserted = sql.rows(f"insert {clause} {query}")[0]["num_inserted_rows"]

    assert 300 < inserted < 700
    assert sql.value("select count(*) from r") == 1000
    assert sql.value("select count(distinct id) from r") == 1000
    assert sql.value("select sum(hit) from r") == inserted


def test_replace_using_takes_nulls_without_a_type_and_nameless_columns(sql: Client) -> None:
    sql.run("create table r (id int, a string, b int)", "insert into r values (1, 'x', 1)")

    sql.run("insert into r replace using (id) select 1 as id, null, 1 + 1")
    sql.run("insert into r replace using (id) select 2 as id, null, null")

    assert sorted(sql.values("select id, a, b from r")) == [(1, None, 2), (2, None, None)]


def test_a_column_that_is_named_like_the_row_number_is_refused(sql: Client) -> None:
    sql.run("create table r as select 1 as __f1_row")

    assert "__f1_row" in sql.fails("delete from r where `__f1_row` = 1")
    assert sql.value("select count(*) from r") == 1
