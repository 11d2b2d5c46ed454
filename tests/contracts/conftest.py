"""A small contract and rows that keep it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from f1mesh.contracts.model import Contract, load_contract

CONTRACT = Path(__file__).parent / "garage" / "dim_car.odcs.yaml"
BUILT = datetime(2024, 3, 2, 15, tzinfo=UTC)


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
