"""Names and values as SQL text: whatever they hold, each dialect's own reader gives them back."""

from __future__ import annotations

from collections.abc import Iterator

import pyarrow as pa
import pytest
from databricks.sql.client import Connection
from deltalake import QueryBuilder
from hypothesis import given
from hypothesis import strategies as st

from f1mesh import sql_text, standard_sql
from f1mesh.client import query
from f1mesh.sql_types import canonical, from_arrow
from f1mesh.warehouse.sql.literals import decode_string, encode_string, quote_name
from tests.support.embedded import embedded

HOSTILE = "`'\"\\\n\r\t.%_;-/*éß日🏁$ {}[]()nNrRuU0"
words = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=30)
hostile = st.text(st.sampled_from(HOSTILE), max_size=30) | words
names = st.text(st.sampled_from("aB`.'\"\\ éß日🏁-%"), min_size=1, max_size=20)


@pytest.fixture(scope="module")
def connection(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Connection]:
    with embedded(tmp_path_factory.mktemp("f1home"), "sql_text") as opened:
        yield opened


@given(hostile)
def test_a_literal_means_its_value_to_databricks(value: str) -> None:
    assert decode_string(sql_text.text(value)) == value
    assert decode_string(encode_string(value)) == value
    assert "\n" not in sql_text.text(value)


@given(names)
def test_a_name_is_one_name(name: str) -> None:
    for quoted in (sql_text.quoted(name), quote_name(name)):
        assert quoted[1:-1].replace("``", "`") == name
        assert "`" not in quoted[1:-1].replace("``", "")
    assert standard_sql.quoted(name)[1:-1].replace('""', '"') == name


def test_a_warehouse_gives_values_and_names_back(connection: Connection) -> None:
    values = [
        *examples(hostile, 150),
        "it''s",
        "\\",
        "\\'",
        "'",
        "\\n",
        "a\r\nb",
        "${x}",
        "{{ y }}",
    ]
    listed = list(dict.fromkeys(name.lower() for name in examples(names, 60)))
    selected = ", ".join(f"{sql_text.text(value)} as v{i}" for i, value in enumerate(values))
    named = ", ".join(f"{i} as {sql_text.quoted(name)}" for i, name in enumerate(listed))

    (row,) = query(connection, f"select {selected}").to_pylist()
    found = query(connection, f"select {named}")

    assert list(row.values()) == values
    assert [name.lower() for name in found.column_names] == listed


def test_datafusion_gives_values_and_names_back() -> None:
    values, listed = examples(hostile, 150), list(dict.fromkeys(examples(names, 60)))
    selected = ", ".join(f"{standard_sql.text(value)} as v{i}" for i, value in enumerate(values))
    named = ", ".join(f"{i} as {standard_sql.quoted(name)}" for i, name in enumerate(listed))

    row = pa.table(QueryBuilder().execute(f"select {selected}").read_all()).to_pylist()[0]
    found = pa.table(QueryBuilder().execute(f"select {named}").read_all())

    assert list(row.values()) == values
    assert found.column_names == listed


@pytest.mark.parametrize(
    ("kind", "name"),
    [
        (pa.decimal128(10, 2), "decimal(10,2)"),
        (pa.timestamp("us", tz="UTC"), "timestamp"),
        (pa.timestamp("us"), "timestamp_ntz"),
        (pa.int16(), "smallint"),
        (pa.list_(pa.int64()), "array<bigint>"),
        (pa.struct([("A", pa.string())]), "struct<A:string>"),
    ],
)
def test_a_type_has_one_name(kind: pa.DataType, name: str) -> None:
    assert from_arrow(kind) == name
    assert "struct" in name or canonical(name.upper()) == name


def examples(of: st.SearchStrategy[str], count: int) -> list[str]:
    """The same ones each time."""
    from hypothesis import settings

    found: list[str] = []

    @settings(max_examples=count, derandomize=True, database=None)
    @given(of)
    def collect(value: str) -> None:
        found.append(value)

    collect()
    return found
