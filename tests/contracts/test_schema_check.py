"""The physical schema against the contract, and the spelling of types."""

from __future__ import annotations

import pyarrow as pa
import pytest

from f1mesh.contracts.model import Contract
from f1mesh.contracts.schema_check import nullability_warnings, schema_findings
from f1mesh.sql_types import canonical, from_arrow


@pytest.fixture
def physical(contract: Contract) -> dict[str, str]:
    return {column.name: column.physical_type for column in contract.columns}


def test_the_promised_schema_is_good(contract: Contract, physical: dict[str, str]) -> None:
    assert schema_findings(contract, physical) == []


@pytest.mark.parametrize(
    ("column", "kind"),
    [
        ("wheels", "bigint"),
        ("points", "decimal(12,3)"),
        ("points", "double"),
        ("built_at", "timestamp_ntz"),
        ("car_id", "int"),
    ],
)
def test_another_type_is_found(
    contract: Contract, physical: dict[str, str], column: str, kind: str
) -> None:
    found = schema_findings(contract, {**physical, column: kind})

    assert [(f.rule, f.column) for f in found] == [("column_type", column)]
    assert kind in found[0].message


def test_missing_undeclared_and_swapped_columns_are_found(
    contract: Contract, physical: dict[str, str]
) -> None:
    without = {name: kind for name, kind in physical.items() if name != "wheels"}
    swapped = dict(reversed(physical.items()))

    assert [f.rule for f in schema_findings(contract, without)] == ["column_missing"]
    assert [f.rule for f in schema_findings(contract, {**physical, "x": "int"})] == [
        "column_undeclared"
    ]
    assert [f.rule for f in schema_findings(contract, swapped)] == ["column_order"]


def test_a_required_column_that_may_be_null_is_a_warning(contract: Contract) -> None:
    warned = nullability_warnings(contract, {"wheels", "points"})

    assert [(f.rule, f.column) for f in warned] == [("column_nullable", "wheels")]


@pytest.mark.parametrize(
    ("spelling", "expected"),
    [
        ("DECIMAL( 10, 2 )", "decimal(10,2)"),
        ("decimal", "decimal(10,0)"),
        ("INTEGER", "int"),
        ("long", "bigint"),
        ("array< Integer >", "array<int>"),
        ("timestamp_ltz", "timestamp"),
        ("timestamp_ntz", "timestamp_ntz"),
    ],
)
def test_spellings_of_one_type_are_one(spelling: str, expected: str) -> None:
    assert canonical(spelling) == expected


@pytest.mark.parametrize(
    ("arrow", "expected"),
    [
        (pa.int32(), "int"),
        (pa.int64(), "bigint"),
        (pa.float32(), "float"),
        (pa.float64(), "double"),
        (pa.decimal128(12, 3), "decimal(12,3)"),
        (pa.timestamp("us", "UTC"), "timestamp"),
        (pa.timestamp("us"), "timestamp_ntz"),
        (pa.list_(pa.int32()), "array<int>"),
        (pa.map_(pa.string(), pa.int64()), "map<string,bigint>"),
        (pa.struct([("a", pa.bool_())]), "struct<a:boolean>"),
        (pa.duration("s"), "unknown (duration[s])"),
    ],
)
def test_arrow_types_in_databricks_words(arrow: pa.DataType, expected: str) -> None:
    assert from_arrow(arrow) == expected
