"""A small contract and rows that keep it."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from databricks.sql.client import Connection

from f1mesh.client import query
from f1mesh.contracts.content_check import ContentResult, check_content
from f1mesh.contracts.model import Contract, load_contract
from f1mesh.contracts.table_version import TableVersion, current_version
from f1mesh.schemas import Schemas
from f1mesh.sql_text import moment, text
from tests.support.embedded import embedded

CONTRACT = Path(__file__).parent / "garage" / "dim_car.odcs.yaml"
BUILT = datetime(2024, 3, 2, 15, tzinfo=UTC)


@pytest.fixture(scope="session")
def connection(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Connection]:
    """A real warehouse."""
    with embedded(tmp_path_factory.mktemp("f1home"), "contracts") as opened:
        query(opened, "create schema if not exists garage_marts")
        query(opened, "create schema if not exists garage")
        yield opened


@pytest.fixture
def check(connection: Connection) -> Callable[..., ContentResult]:
    """Holds rows, landed as a table, against a contract."""

    def checked(
        contract: Contract,
        rows: pa.Table,
        missing: Collection[str] = (),
        published_rows: int | None = None,
    ) -> ContentResult:
        table = f"f1_local.garage_marts.{contract.product}"
        query(connection, f"create or replace table {table} using delta as {_select(rows)}")
        at = TableVersion(table, current_version(connection, table))
        return check_content(connection, contract, at, Schemas("f1_local"), missing, published_rows)

    return checked


@pytest.fixture
def contract() -> Contract:
    return load_contract(CONTRACT)


@pytest.fixture
def edited(tmp_path: Path) -> Callable[[str, str], Path]:
    """The contract file with one text replaced by another."""

    def edit(old: str, new: str) -> Path:
        text = CONTRACT.read_text()
        assert old in text
        path = tmp_path / CONTRACT.name
        path.write_text(text.replace(old, new))
        return path

    return edit


@pytest.fixture
def cars() -> Callable[..., pa.Table]:
    """Rows of the product: two good ones, and those given as changes of a good one."""
    good = {
        "car_id": "c1",
        "nationality": "British",
        "wheels": 4,
        "points": Decimal("1.50"),
        "mechanic": "Ada",
        "built_at": BUILT,
    }
    schema = pa.schema(
        [
            ("car_id", pa.string()),
            ("nationality", pa.string()),
            ("wheels", pa.int32()),
            ("points", pa.decimal128(10, 2)),
            ("mechanic", pa.string()),
            ("built_at", pa.timestamp("us", "UTC")),
        ]
    )

    def rows(*changes: dict[str, Any]) -> pa.Table:
        listed = [good, {**good, "car_id": "c2"}, *({**good, **change} for change in changes)]
        return pa.Table.from_pylist(listed, schema=schema)

    return rows


TYPES = {
    pa.string(): "string",
    pa.int32(): "int",
    pa.decimal128(10, 2): "decimal(10,2)",
    pa.timestamp("us", "UTC"): "timestamp",
    pa.date32(): "date",
    pa.list_(pa.int32()): "array<int>",
}


def _select(rows: pa.Table) -> str:
    """The rows as a query."""
    return " union all ".join(
        "select "
        + ", ".join(
            f"cast({_literal(row[field.name])} as {TYPES[field.type]}) as {field.name}"
            for field in rows.schema
        )
        for row in rows.to_pylist()
    )


def _literal(value: Any) -> str:
    match value:
        case None:
            return "null"
        case datetime():
            return moment(value)
        case list():
            return f"array({', '.join(map(_literal, value))})"
        case int() | Decimal():
            return str(value)
    return text(str(value))
