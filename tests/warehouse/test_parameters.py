"""Parameters mean what the client gave, or are refused; none becomes NULL in silence."""

from __future__ import annotations

from typing import Any

import pytest
from tests.warehouse.client import Client

from f1mesh.warehouse.errors import SqlError
from f1mesh.warehouse.sql.parameters import Parameter, literal


@pytest.mark.parametrize(
    ("given", "query", "value"),
    [
        ([1, 2, 3], "select array_contains(:p, 2)", True),
        ([1, 2, 3], "select size(:p)", 3),
        (["it's", "b"], "select :p[0]", "it's"),
        ([[1], [2, 3]], "select :p[1][1]", 3),
        ({"x": 1, "y": 2}, "select :p['y']", 2),
        ({"x": [1, 2]}, "select :p['x'][1]", 2),
        (b"ab", "select size(:p)", 2),  # the client sends the bytes as an array of numbers
    ],
)
def test_arrays_and_maps_are_bound(sql: Client, given: Any, query: str, value: Any) -> None:
    assert sql.value(query, {"p": given}) == value


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
