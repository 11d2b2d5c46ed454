"""Arrow results as the protocol wants them: types that clients know, pages of bounded size."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import pyarrow as pa

from f1mesh.warehouse.protocol.intervals import (
    contains_interval,
    is_interval,
    is_months,
    readable_batch,
    with_texts,
)
from f1mesh.warehouse.protocol.thrift import types as ttypes
from f1mesh.warehouse.results import Result

PAGE_ROWS = 100_000
PAGE_BYTES = 32 * 1024 * 1024


def thrift_type(kind: pa.DataType) -> Any:
    """The Thrift type of an Arrow type."""
    qualifiers = None
    if pa.types.is_decimal(kind):
        qualifiers = ttypes.TTypeQualifiers(
            {
                "precision": ttypes.TTypeQualifierValue(i32Value=kind.precision),
                "scale": ttypes.TTypeQualifierValue(i32Value=kind.scale),
            }
        )
    entry = ttypes.TPrimitiveTypeEntry(type=_type_id(kind), typeQualifiers=qualifiers)
    return ttypes.TTypeDesc(types=[ttypes.TTypeEntry(primitiveEntry=entry)])


def _type_id(kind: pa.DataType) -> int:
    ids, types = ttypes.TTypeId, pa.types
    table = (
        (types.is_boolean, ids.BOOLEAN_TYPE),
        (types.is_int8, ids.TINYINT_TYPE),
        (lambda t: types.is_int16(t) or types.is_uint8(t), ids.SMALLINT_TYPE),
        (lambda t: types.is_int32(t) or types.is_uint16(t), ids.INT_TYPE),
        (types.is_integer, ids.BIGINT_TYPE),
        (types.is_float32, ids.FLOAT_TYPE),
        (types.is_floating, ids.DOUBLE_TYPE),
        (types.is_decimal, ids.DECIMAL_TYPE),
        (types.is_date, ids.DATE_TYPE),
        (types.is_timestamp, ids.TIMESTAMP_TYPE),
        (_is_binary, ids.BINARY_TYPE),
        (types.is_map, ids.MAP_TYPE),
        (_is_list, ids.ARRAY_TYPE),
        (types.is_struct, ids.STRUCT_TYPE),
        (types.is_null, ids.NULL_TYPE),
        (types.is_duration, ids.INTERVAL_DAY_TIME_TYPE),
        (is_months, ids.INTERVAL_YEAR_MONTH_TYPE),
    )
    return next((int(ident) for test, ident in table if test(kind)), int(ids.STRING_TYPE))


def _is_binary(kind: pa.DataType) -> bool:
    types = pa.types
    return bool(
        types.is_binary(kind)
        or types.is_large_binary(kind)
        or types.is_binary_view(kind)
        or types.is_fixed_size_binary(kind)
    )


def _is_list(kind: pa.DataType) -> bool:
    return bool(pa.types.is_list(kind) or pa.types.is_large_list(kind))


def client_type(kind: pa.DataType, nested: bool) -> pa.DataType:
    """The Arrow type in which a client gets a column; without `nested`, nested ones are JSON."""
    types = pa.types
    if types.is_string_view(kind) or types.is_large_string(kind):
        return pa.string()
    if _is_binary(kind):
        return pa.binary()
    if is_interval(kind):
        return pa.string()
    if types.is_unsigned_integer(kind):
        return {1: pa.int16(), 2: pa.int32()}.get(kind.byte_width, pa.int64())
    if types.is_timestamp(kind):
        return pa.timestamp("us", kind.tz)
    if not types.is_nested(kind):
        return kind
    if not nested:
        return pa.string()
    if _is_list(kind):
        return pa.list_(client_type(kind.value_type, True))
    if types.is_map(kind):
        return pa.map_(client_type(kind.key_type, True), client_type(kind.item_type, True))
    if types.is_struct(kind):
        return pa.struct([f.with_type(client_type(f.type, True)) for f in kind])
    return kind


def _convert(array: pa.Array, kind: pa.DataType, to: pa.DataType) -> pa.Array:
    """A readable array that was of the type `kind`, in the form that a client gets."""
    if array.type == to:
        return array
    as_json = pa.types.is_nested(kind) and pa.types.is_string(to)
    if not as_json and not contains_interval(kind):
        return array.cast(to)
    values = [with_texts(v, kind) for v in array.to_pylist()]
    return pa.array([None if v is None else _json(v) for v in values] if as_json else values, to)


def _json(value: Any) -> str:
    return json.dumps(value, default=_plain, separators=(",", ":"), ensure_ascii=False)


def _plain(value: Any) -> Any:
    return float(value) if isinstance(value, Decimal) else str(value)


@dataclass
class Page:
    """Some rows of a result."""

    start: int
    batches: list[pa.RecordBatch]
    more: bool

    @property
    def rows(self) -> int:
        return sum(b.num_rows for b in self.batches)


class Pages:
    """A result in pages; at most one batch more than a page is held in memory."""

    def __init__(self, result: Result, nested: bool) -> None:
        self._kinds = [f.type for f in result.schema]
        self.types = [thrift_type(kind) for kind in self._kinds]
        self.schema = pa.schema(
            [pa.field(f.name, client_type(f.type, nested)) for f in result.schema]
        )
        self._batches: Iterator[pa.RecordBatch] = result.batches
        self._ahead: pa.RecordBatch | None = None
        self._ended = False
        self._offset = 0

    def page(self, max_rows: int | None) -> Page:
        """The next rows, at most `max_rows` and about PAGE_BYTES."""
        limit = min(max_rows or PAGE_ROWS, PAGE_ROWS)
        start, rows, size = self._offset, 0, 0
        taken: list[pa.RecordBatch] = []
        while rows < limit and size < PAGE_BYTES:
            batch = self._next()
            if batch is None:
                break
            if batch.num_rows > limit - rows:
                self._ahead = batch.slice(limit - rows)
                batch = batch.slice(0, limit - rows)
            taken.append(batch)
            rows, size = rows + batch.num_rows, size + batch.nbytes
        self._offset += rows
        self._ahead = self._next()
        return Page(start, taken, self._ahead is not None)

    def _next(self) -> pa.RecordBatch | None:
        if self._ahead is not None:
            batch, self._ahead = self._ahead, None
            return batch
        while not self._ended:
            batch = next(self._batches, None)
            if batch is None:
                self._ended = True
            elif batch.num_rows and batch.num_columns:
                columns = readable_batch(batch).columns
                arrays = [
                    _convert(array, kind, field.type)
                    for array, kind, field in zip(columns, self._kinds, self.schema, strict=True)
                ]
                return pa.RecordBatch.from_arrays(arrays, schema=self.schema)
        return None
