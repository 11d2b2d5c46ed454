"""Names, namespaces and views: what a name means, and when."""

from __future__ import annotations

import pytest

from tests.warehouse.client import Client
from tests.warehouse.conftest import Connect


@pytest.fixture
def cars(sql: Client) -> Client:
    """A table `cars` with three rows."""
    sql.run(
        "create table cars (id int, name string)",
        "insert into cars values (1, 'it''s'), (2, 'B'), (3, null)",
    )
    return sql


def test_one_two_and_three_part_names_are_the_same_table(cars: Client) -> None:
    for name in ("cars", f"{cars.schema}.cars", f"f1_local.{cars.schema}.cars", "`CARS`"):
        assert cars.value(f"select count(*) from {name}") == 3


def test_columns_may_be_qualified_by_all_of_the_name(cars: Client) -> None:
    s = cars.schema
    found = cars.values(
        f"select {s}.cars.id, f1_local.{s}.cars.name, cars.id from {s}.cars "
        f"where f1_local.{s}.cars.id = 2 order by {s}.cars.id"
    )

    assert found == [(2, "B", 2)]


def test_a_struct_field_is_not_taken_for_a_schema(sql: Client) -> None:
    sql.run("create table t as select named_struct('a', named_struct('b', 5)) as s")

    assert sql.values("select t.s.a.b, s.a.b from t") == [(5, 5)]


def test_a_common_table_expression_hides_a_table_only_where_it_is_visible(cars: Client) -> None:
    text = "with cars as (select * from cars where id = 1) select count(*) from cars"
    assert cars.value(text) == 1

    nested = (
        "select (select count(*) from cars), x.n from "
        "(with cars as (select 1 as id) select count(*) as n from cars) as x"
    )
    assert cars.values(nested) == [(3, 1)]


def test_quotes_reach_the_engine_as_meant(cars: Client) -> None:
    assert cars.value("select name from cars where name = 'it''s'") == "it's"
    assert cars.value("select 'a''b' || \"c\"\"d\" || 'e\\'f' || r'g\\h'") == "a'bc\"de'fg\\h"
    assert cars.value("select '-- no comment /* nor this */ ;' as x") == (
        "-- no comment /* nor this */ ;"
    )
    assert cars.value("select count(*) from cars -- it's a comment; really\n") == 3


def test_use_moves_the_session_only(cars: Client, another: Connect) -> None:
    other = another()
    cars.run(f"create schema {cars.schema}_b")

    cars.run(f"use schema {cars.schema}_b")

    row = cars.rows("select current_catalog(), current_schema(), current_database() as d")[0]
    assert row == {
        "current_catalog()": "f1_local",
        "current_schema()": f"{cars.schema}_b",
        "d": f"{cars.schema}_b",
    }
    assert "[TABLE_OR_VIEW_NOT_FOUND]" in cars.fails("select * from cars")
    assert other.value("select count(*) from cars") == 3
    assert "[SCHEMA_NOT_FOUND]" in cars.fails("use schema nowhere")
    cars.run("use catalog f1_local", f"use f1_local.{cars.schema}")
    assert cars.value("select count(*) from cars") == 3


def test_a_view_means_what_it_meant_where_it_was_made(cars: Client) -> None:
    cars.run("create view fast as select id as i, name from cars where id > 1")
    cars.run(f"create schema {cars.schema}_c", f"use {cars.schema}_c")

    assert cars.values(f"select i from {cars.schema}.fast order by i") == [2, 3]

    cars.run(f"insert into {cars.schema}.cars values (4, 'D')")
    assert cars.value(f"select count(*) from {cars.schema}.fast") == 3


def test_views_rename_columns_nest_and_keep_their_own_names(cars: Client) -> None:
    cars.run(
        "create view v (k comment 'key', label) comment 'it''s' as select id, name from cars",
        "create view w as with cars as (select k from v) select k from cars where k < 3",
    )

    joined = "select v.label, x.k from w as x join v on v.k = x.k order by x.k"
    assert cars.values(joined) == [("it's", 1), ("B", 2)]
    assert [r["col_name"] for r in cars.rows("describe v")] == ["k", "label"]


def test_a_view_of_star_keeps_the_columns_that_it_was_made_with(cars: Client) -> None:
    cars.run("create view v as select * from cars", "alter table cars add column extra int")

    assert list(cars.rows("select * from v")[0]) == ["id", "name"]


def test_a_view_can_be_pinned_to_a_version(cars: Client) -> None:
    cars.run("create view v as select * from cars version as of 1")
    cars.run("delete from cars", "create or replace table cars as select 9 as other")

    assert cars.value("select count(*) from v") == 3
    assert cars.values("select * from cars") == [9]


def test_replacing_a_view_with_a_cycle_fails_when_it_is_made(cars: Client) -> None:
    cars.run("create view v as select * from cars", "create view w as select * from v")

    cars.run("create or replace view v as select * from w")
    assert "[RECURSIVE_VIEW]" in cars.fails("select * from v")


def test_a_view_is_proved_to_work_when_it_is_made(cars: Client) -> None:
    assert "[UNRESOLVED_COLUMN" in cars.fails("create view v as select nothing from cars")
    assert "ARITY" in cars.fails("create view v (a, b, c) as select * from cars")
    assert "[COLUMN_ALREADY_EXISTS]" in cars.fails("create view v as select 1 as a, 2 as A")
    assert cars.rows("show views") == []


def test_temporary_views_belong_to_their_session(cars: Client, another: Connect) -> None:
    other = another()
    cars.run("create temporary view mine as select 1 as x")
    other.run("create temporary view mine as select 2 as x")

    assert (cars.value("select x from mine"), other.value("select x from mine")) == (1, 2)

    other.run("drop view mine")
    assert "[TABLE_OR_VIEW_NOT_FOUND]" in other.fails("select * from mine")
    assert cars.value("select x from mine") == 1


def test_a_temporary_view_hides_a_table_and_may_read_it(cars: Client) -> None:
    cars.run("create temporary view cars as select * from cars where id = 1")
    assert cars.value("select count(*) from cars") == 1

    cars.run("create or replace temporary view cars as select * from cars where id = 7")
    assert cars.value("select count(*) from cars") == 0

    cars.run("drop view cars")
    assert cars.value("select count(*) from cars") == 3


def test_a_stored_view_does_not_see_temporary_ones(cars: Client) -> None:
    cars.run("create temporary view mine as select 1 as x")

    assert "[TABLE_OR_VIEW_NOT_FOUND]" in cars.fails("create view v as select * from mine")


def test_a_statement_sees_one_version_of_each_table(cars: Client) -> None:
    cars.run("insert into cars select id + 10, name from cars where id in (select id from cars)")

    assert cars.value("select count(*) from cars") == 6


def test_errors_name_what_is_missing(cars: Client) -> None:
    error = cars.fails("select * from f1_local.nowhere.at_all")
    assert "`f1_local`.`nowhere`.`at_all`" in error
    assert "SQLSTATE: 42P01" in error

    assert "[PARSE_SYNTAX_ERROR]" in cars.fails("select from where")
    assert "line 2, column 3" in cars.fails("create table t (a int)\n  nonsense")
    assert "[PARSE_SYNTAX_ERROR]" in cars.fails("select 1; select 2")
    assert "[PARSE_SYNTAX_ERROR]" in cars.fails("")
