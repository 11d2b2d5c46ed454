"""What a statement gives back."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pyarrow as pa


@dataclass
class Result:
    """Columns and rows, as Arrow; the rows may still be coming from the engine."""

    schema: pa.Schema
    batches: Iterator[pa.RecordBatch]


def rows_result(
    columns: Sequence[str], rows: Iterable[Sequence[Any]], types: Sequence[str] | None = None
) -> Result:
    """A small result that the warehouse makes itself; `types` default to strings."""
    import pyarrow as pa

    arrow = {
        "string": pa.string(), "bigint": pa.int64(), "boolean": pa.bool_(), "int": pa.int32(),
        "timestamp": pa.timestamp("us", "UTC"), "array<string>": pa.list_(pa.string()),
    }  # fmt: skip
    names = types or ["string"] * len(columns)
    schema = pa.schema([pa.field(c, arrow[t]) for c, t in zip(columns, names, strict=True)])
    listed = [list(row) for row in rows]
    arrays = [pa.array([r[i] for r in listed], schema.field(i).type) for i in range(len(columns))]
    table = pa.Table.from_arrays(arrays, schema=schema)
    return Result(schema, iter(table.to_batches()))


def done() -> Result:
    """The empty result of a command."""
    import pyarrow as pa

    return Result(pa.schema([]), iter(()))


def affected(rows: int | None, **more: int | None) -> Result:
    """How many rows a statement changed."""
    names = ["num_affected_rows", *more]
    return rows_result(names, [[rows, *more.values()]], ["bigint"] * len(names))
