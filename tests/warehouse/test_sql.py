"""Reading SQL, without a server: tokens, types, literals, parameters, references."""

from __future__ import annotations

import pytest

from f1mesh.warehouse.errors import SqlError
from f1mesh.warehouse.sql.literals import decode_string, encode_string
from f1mesh.warehouse.sql.parameters import Parameter, bind
from f1mesh.warehouse.sql.references import parse_query
from f1mesh.warehouse.sql.tokens import Cursor
from f1mesh.warehouse.sql.types import json_type, read_type, sql_type, widens


def _tables(text: str) -> list[tuple[str, ...]]:
    return [r.parts for r in parse_query(text).references]


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("'a'", "a"),
        ("'it''s'", "it's"),
        ("'it\\'s'", "it's"),
        ('"x""y"', 'x"y'),
        ("'a' 'b'", "ab"),
        ("r'a\\n'", "a\\n"),
        ("'a\\tb\\\\c\\u00e9'", "a\tb\\cé"),
        ("'100\\%'", "100\\%"),
    ],
)
def test_string_literals(text: str, value: str) -> None:
    cursor = Cursor(text)

    assert cursor.string() == value
    cursor.finish()


@pytest.mark.parametrize("value", ["", "it's", "a\\b", "é\n\r\t", '"', "\\'", "\\"])
def test_what_is_encoded_is_decoded_again(value: str) -> None:
    assert decode_string(encode_string(value)) == value


@pytest.mark.parametrize(
    ("text", "delta", "again"),
    [
        ("BIGINT", "long", "bigint"),
        ("integer", "integer", "int"),
        ("dec(5)", "decimal(5,0)", "decimal(5,0)"),
        ("numeric(10, 2)", "decimal(10,2)", "decimal(10,2)"),
        ("double precision", "double", "double"),
        ("timestamp_ltz", "timestamp", "timestamp"),
    ],
)
def test_types(text: str, delta: str, again: str) -> None:
    kind, length = read_type(Cursor(text))

    assert (kind, sql_type(kind), length) == (delta, again, None)


def test_nested_types_and_their_json() -> None:
    cursor = Cursor("array<struct<a: map<string, array<int>>, `b c`: varchar(3)>>")
    kind, _ = read_type(cursor)
    cursor.finish()

    assert sql_type(kind) == "array<struct<a:map<string,array<int>>,`b c`:string>>"
    fields = json_type(kind)["element_type"]["fields"]
    assert [f["name"] for f in fields] == ["a", "b c"]
    assert json_type("decimal(10,2)") == {"name": "decimal", "precision": 10, "scale": 2}
    assert json_type("timestamp") == {"name": "timestamp_ltz"}


@pytest.mark.parametrize(
    ("old", "new", "wider"),
    [
        ("integer", "long", True),
        ("long", "integer", False),
        ("integer", "double", True),
        ("integer", "string", False),
        ("decimal(10,2)", "decimal(12,2)", True),
        ("decimal(10,2)", "decimal(12,5)", False),
        ("integer", "decimal(10,0)", True),
        ("long", "decimal(10,0)", False),
        ("date", "timestamp_ntz", True),
    ],
)
def test_wider_types(old: str, new: str, wider: bool) -> None:
    assert widens(old, new) is wider


def test_references_are_found_with_their_places() -> None:
    text = "select é.x from `a`.b as é join c.d.e version as of 3 on é.id = e.id"

    one, two = parse_query(text).references

    assert (one.parts, text[one.start : one.end], one.aliased) == (("a", "b"), "`a`.b", True)
    assert text[two.start : two.end] == "c.d.e version as of 3"
    assert two.aliased is False
    assert two.travel is not None
    assert (two.travel.kind, two.travel.operand) == ("VERSION", "3")


@pytest.mark.parametrize(
    ("text", "tables"),
    [
        ("with a as (select 1) select * from a, b", [("b",)]),
        ("with a as (select * from a) select * from a", [("a",)]),
        ("with a as (select 1), b as (select * from a) select * from b", []),
        ("with recursive a as (select 1 union all select * from a) select * from a", []),
        ("select * from (with a as (select 1) select * from a) join a on true", [("a",)]),
        ("with a as (select 1) select * from s.a", [("s", "a")]),
        ("select * from a where x in (select y from b where b.z = a.z)", [("a",), ("b",)]),
        ("select * from a union all select * from b", [("a",), ("b",)]),
        ("select * from a lateral view explode(xs) t as x", [("a",)]),
        ("select * from range(10)", []),
        ("values (1, 'from a')", []),
        ("select 'select * from a'", []),
    ],
)
def test_only_real_tables_are_references(text: str, tables: list[tuple[str, ...]]) -> None:
    assert sorted(_tables(text)) == sorted(tables)


def test_parameters_are_bound_only_where_they_stand() -> None:
    name = Parameter("p", "STRING", "it's")
    text = "select :p, ':p', a:p, `:p` -- :p\n, x::int where y = :P"

    assert bind(text, [name]) == (
        "select 'it\\'s', ':p', a:p, `:p` -- :p\n, x::int where y = 'it\\'s'"
    )
    assert bind(
        "select ?, '?', ?", [Parameter(None, "INT", "1"), Parameter(None, "VOID", None)]
    ) == ("select 1, '?', null")


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        ("INT", "1; drop table t"),
        ("BOOLEAN", "maybe"),
        ("DATE) or (1", "2020-01-01"),
        ("INTERVAL DAY", "1"),
    ],
)
def test_a_parameter_cannot_carry_sql(kind: str, value: str) -> None:
    with pytest.raises(SqlError):
        bind("select :p", [Parameter("p", kind, value)])


def test_the_place_of_an_error_is_told() -> None:
    cursor = Cursor("create table\n  t (a int")
    cursor.accept("CREATE")

    with pytest.raises(SqlError, match=r"'table' \(line 1, column 8\). Expected VIEW"):
        cursor.expect("VIEW")
