"""Types of expressions and what is rewritten for the engine, without a server."""

from __future__ import annotations

import pytest
from sqlglot import exp

from f1mesh.warehouse.errors import SqlError
from f1mesh.warehouse.sql.analysis import query_columns, repairs_of
from f1mesh.warehouse.sql.coercion import Type, common_type, literal_type, product_type, sum_type
from f1mesh.warehouse.sql.references import parse_query
from f1mesh.warehouse.sql.scopes import Columns, Field
from f1mesh.warehouse.sql.spans import SpannedDatabricks, span
from f1mesh.warehouse.sql.spelling import Edit, splice
from f1mesh.warehouse.sql.types import ddl_type, sql_type

STRUCT = {"type": "struct", "fields": [
    {"name": "aB", "type": "integer", "nullable": True, "metadata": {}}]}  # fmt: skip
TABLES: dict[str, Columns] = {
    "t": (
        Field("i", "integer"),
        Field("l", "long"),
        Field("e", "decimal(5,2)"),
        Field("f", "double"),
        Field("d", "date"),
        Field("s", STRUCT),
    ),
    "u": (Field("i", "long"), Field("x", None)),
}


def _known(table: exp.Table) -> Columns:
    return TABLES.get(table.name)


def _written(text: str) -> str:
    parsed = parse_query(text)
    assert parsed.tree is not None
    return splice(parsed.text, [Edit(*r) for r in repairs_of(parsed.text, parsed.tree, _known)])


def _types(text: str) -> list[str | None]:
    parsed = parse_query(text)
    assert parsed.tree is not None
    columns = query_columns(parsed.text, parsed.tree, _known)
    return [sql_type(c.type) if c.type else None for c in columns or ()]


@pytest.mark.parametrize(
    ("expressions", "types"),
    [
        ("i, l, e, f, d, s", ["int", "bigint", "decimal(5,2)", "double", "date", "struct<aB:int>"]),
        ("t.i, s.aB, t.s.AB", ["int", "int", "int"]),
        ("i + l, i * i, i - e, i * f", ["bigint", "int", "decimal(13,2)", "double"]),
        ("sum(i), sum(e), avg(e), count(*)", ["bigint", "decimal(15,2)", "decimal(9,6)", "bigint"]),
        ("max(i) over (), row_number() over (order by l)", ["int", "int"]),
        ("case when i > 0 then i else e end", ["decimal(12,2)"]),
        ("coalesce(i, l), nvl(e, f), if(true, i, null)", ["bigint", "double", "int"]),
        ("cast(x as decimal(3)), x::string, double(x)", ["decimal(3,0)", "string", "double"]),
        ("unheard_of(i), i + unheard_of(i)", [None, None]),
        ("(select max(l) from u), exists(select 1)", ["bigint", "boolean"]),
        ("array(i, l), named_struct('k', i, 'v', e)",
         ["array<bigint>", "struct<k:int,v:decimal(5,2)>"]),
        ("1, 2147483648, 1.50, 1e3, 'x', 5L, date'2024-01-01'",
         ["int", "bigint", "decimal(3,2)", "double", "string", "bigint", "date"]),
    ],
)  # fmt: skip
def test_types_of_expressions(expressions: str, types: list[str | None]) -> None:
    assert _types(f"select {expressions} from t") == types


@pytest.mark.parametrize(
    ("query", "types"),
    [
        ("with c(k) as (select i from t) select k, c.k from c", ["int", "int"]),
        ("select * from (select i as a, f from t) q", ["int", "double"]),
        ("select i from t union all select e from t", ["decimal(12,2)"]),
        ("select t.i, u.i, x from t join u on t.i = u.i", ["int", "bigint", None]),
        ("select i from t join u on true", [None]),
        ("with recursive r as (select 1 as n union all select n + 1 from r) select n from r",
         [None]),
        ("select n from t lateral view explode(array(1)) e as n", [None]),
        ("select a, b from values (1, 2.5), (3L, 1) v(a, b)", ["bigint", "decimal(11,1)"]),
        ("select (select t.l) from t", ["bigint"]),
        ("select i from nowhere", [None]),
    ],
)  # fmt: skip
def test_types_of_queries(query: str, types: list[str | None]) -> None:
    assert _types(query) == types


@pytest.mark.parametrize(
    "text",
    [
        "select i, l, e + e, e * i, f + i, i / l, i % 2, -i from t",
        "select x + 1, x + x, x || 'a', unheard_of(x) - 1 from u",
        "select date_sub(d, 1), date_add(d, 7), d + 1 from t",
        "select transform(array(i), l -> l + 1) from t limit 1 + 1",
        "select * from t union all select * from t",
        "select cast(i as string), string(i) as s from nowhere join t using (i)",
        "select round(f, 1 + 1) from t join range(1, 2147483647 + 0) on true",
        "select sum(i) over (order by l rows between 1 + 1 preceding and current row) from t",
        "select case when i = 1 then 'a' else 'b' end, coalesce(f, 0e0), if(x, i, i) from t",
    ],
)
def test_what_needs_no_repair_is_left_as_written(text: str) -> None:
    assert _written(text) == text.replace("string(i)", "cast(i as string)")


def test_repairs_are_nested_in_their_order() -> None:
    assert _written("select (i+1)*l as a from t") == (
        "select cast(cast((cast(cast(i as decimal(10,0))+1 as int)) as decimal(19,0))*l"
        " as bigint) as a from t"
    )
    assert _written("select coalesce(e, i + 1, f) c from t") == (
        "select coalesce(cast(e as double), cast(cast(cast(i as decimal(10,0)) + 1 as int)"
        " as double), f) c from t"
    )


def test_a_long_chain_is_checked_at_its_end_and_stays_flat() -> None:
    text = "select " + " + ".join(["i"] * 100) + " as a from t"

    written = _written(text)

    assert written == text.replace("i", "cast(cast(i as decimal(10,0))", 1).replace(
        " as a", " as int) as a"
    )


def test_operands_know_their_place() -> None:
    text = "select a.b + f(c, -1)::int, (select 1) from t"
    tree = SpannedDatabricks().parse(text)[0]
    assert tree is not None
    places = [span(node) for node in tree.walk() if isinstance(node, exp.Add | exp.Cast)]

    assert [text[p[0] : p[1]] for p in places if p] == ["a.b + f(c, -1)::int", "f(c, -1)::int"]


@pytest.mark.parametrize(
    ("kinds", "common"),
    [
        (["integer", "long"], "long"),
        (["integer", "decimal(3,2)"], "decimal(12,2)"),
        (["long", "float"], "double"),
        (["short", "float"], "float"),
        (["decimal(38,0)", "double", "void"], "double"),
        (["decimal(38,0)", "decimal(38,38)"], None),
        (["double", None], "double"),
        (["integer", None], None),
        (["integer", "string"], "long"),
        (["double", "string"], "double"),
        (["date", "string", "void"], "date"),
        (["binary", "string"], None),
        (["date", "timestamp_ntz"], "timestamp_ntz"),
        (["date", "timestamp_ntz", "timestamp"], "timestamp"),
        (["void", "void"], "void"),
        ([], None),
    ],
)
def test_the_least_common_type(kinds: list[Type], common: Type) -> None:
    assert common_type(kinds) == common


def test_types_of_arithmetic() -> None:
    assert sum_type("decimal(38,10)", "decimal(38,2)", minus=True) == "decimal(38,6)"
    assert product_type("decimal(20,5)", "decimal(20,5)") == "decimal(38,7)"
    assert sum_type("date", "integer", minus=True) == "date"
    assert sum_type("integer", "date", minus=True) is None
    assert literal_type("0.10") == "decimal(2,2)"
    assert literal_type("9223372036854775808") == "decimal(19,0)"


def test_types_in_capitals_keep_the_names_of_fields() -> None:
    nested = {"type": "map", "keyType": "string", "valueType": {
        "type": "array", "elementType": STRUCT, "containsNull": True}}  # fmt: skip

    assert ddl_type(nested) == "MAP<STRING, ARRAY<STRUCT<aB: INT>>>"
    assert ddl_type("long") == "BIGINT"


def test_what_cannot_be_rewritten_is_refused() -> None:
    for text in ("select bround(f, 1) from t", "select bround(x) from u"):
        with pytest.raises(SqlError, match="UNSUPPORTED_FEATURE"):
            _written(text)
    with pytest.raises(SqlError, match="DATATYPE_MISMATCH"):
        _written("select cast(s as struct<a: int, b: int>) from t")
