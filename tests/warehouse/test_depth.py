"""Deep and long statements: answered, or refused by themselves; the server and others go on."""

from __future__ import annotations

import pytest

from tests.warehouse.client import Client

TOO_COMPLEX = "[STATEMENT_TOO_COMPLEX]"


def nested_case(depth: int) -> str:
    text = "1"
    for _ in range(depth):
        text = f"case when {text} = 1 then 1 else 0 end"
    return text


@pytest.mark.parametrize(
    ("query", "value"),
    [
        ("select " + "+".join(["1"] * 500), 500),
        ("select count(*) from (" + " union all ".join(["select 1"] * 335) + ")", 335),
        (f"select {nested_case(60)}", 1),
        (f"select {nested_case(300)}", 1),
        ("select " + "(" * 300 + "1" + ")" * 300, 1),
        ("select count(*) from range(9) where " + " and ".join(["id <> 3"] * 1000), 8),
    ],
    ids=["sum", "union", "case 60", "case 300", "brackets", "and"],
)
def test_deep_statements_are_answered(sql: Client, query: str, value: int) -> None:
    assert sql.value(query) == value


@pytest.mark.parametrize(
    "query",
    [
        "select " + "+".join(["1"] * 50_000),
        "select " + "(" * 50_000 + "1" + ")" * 50_000,
        "select " + "- " * 50_000 + "1",
        "select " + "not " * 50_000 + "true",
        f"select {nested_case(5_000)}",
        " union all ".join(["select 1"] * 20_000),
        "select * from range(1) where " + " or ".join(["id = 1"] * 20_000),
        "select " + "array(" * 20_000 + "1" + ")" * 20_000,
    ],
    ids=["sum", "brackets", "minus", "not", "case", "union", "or", "array"],
)
def test_statements_that_would_end_the_engine_are_refused(sql: Client, query: str) -> None:
    assert TOO_COMPLEX in sql.fails(query)
    assert sql.value("select 42") == 42
