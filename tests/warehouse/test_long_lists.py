"""Long lists of literals: read in a few seconds, and read the same."""

from __future__ import annotations

import time

import pytest
from sqlglot import Token

from f1mesh.warehouse.sql import tokens
from f1mesh.warehouse.sql.long_lists import LONG, parser_tokens
from f1mesh.warehouse.sql.references import parse_query
from f1mesh.warehouse.sql.spans import SpannedDatabricks, span
from f1mesh.warehouse.sql.tokens import tokenize
from tests.warehouse.client import Client

NUMBERS = ", ".join(map(str, range(100_000)))
ROWS = ", ".join(f"({n}, 'a{n}', {n}.5)" for n in range(50_000))
SMALL = ",\n".join(f"({n}, 'it''s {n}', {n}.5, -1, null, 1L, 1e3, 2BD)" for n in range(LONG))
LETTERS = ", /* c */ ".join(["'y'"] * LONG)
TEXTS = [
    f"select * from t where id in ({NUMBERS[:9000].rpartition(',')[0]}) order by id",
    f"select * from (values {SMALL}) as t(a, b, c, d, e, f, g, h) group by all",
    f"-- a comment ({NUMBERS[:9000]})\nselect '({NUMBERS[:9000]})' as `({NUMBERS[:9000]})`",
    f"select * from a where x in ({LETTERS}) and y not in (select 1)",
    f"insert into t values {SMALL}",
]


@pytest.mark.parametrize("text", TEXTS, ids=["in", "values", "comment", "strings", "insert"])
def test_the_parser_sees_the_tokens_that_it_would_read_itself(text: str) -> None:
    def seen(found: list[Token]) -> list[tuple[object, ...]]:
        return [(t.token_type, t.text, t.start, t.end, t.line) for t in found]

    assert seen(parser_tokens(text)) == seen(SpannedDatabricks().tokenize(text))


def test_listed_literals_know_their_place() -> None:
    text = "select 'a', 1 from t where x in (1, 'b', 2.5) and f(3, 'c')"
    tree = parse_query(text).tree
    assert tree is not None

    places = [span(node) for node in tree.walk() if node.key == "literal"]

    assert sorted(text[a:b] for a, b in filter(None, places)) == [
        "'a'", "'b'", "'c'", "1", "1", "2.5", "3",
    ]  # fmt: skip


@pytest.mark.parametrize(
    "text",
    [f"select * from t where id in ({NUMBERS})", f"select * from (values {ROWS}) t(a, b, c)"],
    ids=["100,000 in a list", "50,000 rows"],
)
def test_reading_a_long_list_costs_little_more_than_its_tokens(text: str) -> None:
    tokens._tokens.cache_clear()
    begin = time.process_time()
    tokenize(text)
    tokenized = time.process_time()
    parse_query(text)
    parsed = time.process_time()

    assert parsed - tokenized < 2.5 * (tokenized - begin)  # it was five times as much


@pytest.mark.long  # most of it is the engine's own reading
def test_long_lists_are_answered(sql: Client) -> None:
    sql.run("create table pilots as select id from range(200000)")

    assert sql.value(f"select count(*) from pilots where id in ({NUMBERS})") == 100_000
    assert sql.value(f"select count(*) from pilots where id not in ({NUMBERS})") == 100_000
    total = sql.value(f"select cast(sum(c) as bigint) from (values {ROWS}) t(a, b, c)")
    assert total == sum(range(50_000)) + 25_000
    refused = sql.fails("select 1 where " + " or ".join(f"1 = {n}" for n in range(20_000)))
    assert "[STATEMENT_TOO_COMPLEX]" in refused
