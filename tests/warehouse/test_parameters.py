"""Parameters mean what the client gave, or are refused; none becomes NULL in silence."""

from __future__ import annotations

from typing import Any

import pytest

from f1mesh.warehouse.errors import SqlError
from f1mesh.warehouse.sql.parameters import Parameter, literal
from tests.warehouse.client import Client


@pytest.mark.parametrize(
    ("given", "query", "value"),
    [
        ([1, 2, 3], "select array_contains(:p, 2)", True),
        ([1, 2, 3], "select size(:p)", 3),
        (["it's", "b"], "select :p[0]", "it's"),
        ([[1], [2, 3]], "select :p[1][1]", 3),
        ({"x": 1, "y": 2}, "select :p['y']", 2),
        ({"x": [1, 2]}, "select :p['x'][1]", 2),
        ({}, "select size(:p)", 0),
        ([{}], "select size(:p[0])", 0),
        ([], "select size(:p)", 0),
        ([None, 2], "select :p[1]", 2),
        ({"x": None}, "select size(:p)", 1),
        (b"ab", "select size(:p)", 2),  # the client sends the bytes as an array of numbers
    ],
)
def test_arrays_and_maps_are_bound(sql: Client, given: Any, query: str, value: Any) -> None:
    assert sql.value(query, {"p": given}) == value


def test_an_empty_map_reaches_the_client(sql: Client) -> None:
    assert sql.values("select :p as m", {"p": {}}) == [[]]


def test_a_filter_with_an_array_finds_its_rows(sql: Client) -> None:
    sql.run("create table t as select id from range(10)")

    found = sql.values(
        "select id from t where array_contains(:ids, id) order by id", {"ids": [2, 5]}
    )

    assert found == [2, 5]


@pytest.mark.parametrize("kind", ["STRUCT<a:INT>", "VARIANT", "INTERVAL", "GEOGRAPHY"])
@pytest.mark.parametrize("value", ["1", None])
def test_a_type_that_is_not_known_is_refused(kind: str, value: str | None) -> None:
    with pytest.raises(SqlError, match="parameters of type"):
        literal(Parameter("p", kind, value))


@pytest.mark.parametrize(
    "statement",
    [
        "create view v as select :p as x",
        "create view v as select ? as x",
        "create or replace temporary view v as select 1 as x where 1 = :p",
        "create table x as select :p as a",
        "alter view w as select :p as x",
        "select 1 where 1 in (:p)",
        "insert into t values (?)",
        "update t set a = :p",
        "delete from t where a = ?",
        "merge into t using (select 1 as k) s on t.a = s.k and t.a > :p when matched then delete",
    ],
)
def test_a_parameter_without_a_value_is_refused_everywhere(sql: Client, statement: str) -> None:
    sql.run("create table t as select 1 as a", "create view w as select a from t")

    assert "[UNBOUND_SQL_PARAMETER]" in sql.fails(statement)
    assert sql.values("show views") == [(sql.schema, "w", False)]
    assert sql.values("select a from w") == [1]


def test_one_parameter_of_two_is_not_enough(sql: Client) -> None:
    assert "[UNBOUND_SQL_PARAMETER]" in sql.fails("select :p, :q", {"p": 1})
    assert "[UNBOUND_SQL_PARAMETER]" in sql.fails("select ?, ?", [1])


def test_what_only_looks_like_a_parameter_is_none(sql: Client) -> None:
    assert sql.values("select ':p', `a?` from values (1) as t(`a?`) -- :p ?") == [(":p", 1)]
    assert sql.value("select cast(null as struct<a :int, b:string>)") is None
    sql.run("create view v as select '?' as x, 1::string as y /* :p */")
    assert sql.values("select * from v") == [("?", "1")]
