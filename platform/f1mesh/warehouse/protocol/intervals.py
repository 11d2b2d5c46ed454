"""Intervals as clients get them: text, in the form of Spark's Thrift server (Hive's).

Arrow's month interval, which the engine uses for YEAR TO MONTH, cannot be held by pyarrow. Its
layout is that of 32-bit integers, so a batch is taken for one of integers before it is looked at.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pyarrow as pa

_MONTHS = 21  # Arrow's Type::INTERVAL_MONTHS, for which pyarrow has no class
_MICROSECOND = timedelta(microseconds=1)
_US_PER_SECOND = 1_000_000
_NS_PER_SECOND = 1_000_000_000


def is_months(kind: pa.DataType) -> bool:
    """Whether this is an interval of years and months."""
    return bool(kind.id == _MONTHS)


def is_interval(kind: pa.DataType) -> bool:
    """Whether this is an interval of any kind."""
    return is_months(kind) or pa.types.is_duration(kind) or pa.types.is_interval(kind)


def readable(kind: pa.DataType) -> pa.DataType:
    """The same type with integers where it has months, as pyarrow can read it."""
    if is_months(kind):
        return pa.int32()
    if pa.types.is_list(kind):
        return pa.list_(_readable_field(kind.value_field))
    if pa.types.is_large_list(kind):
        return pa.large_list(_readable_field(kind.value_field))
    if pa.types.is_map(kind):
        key, item = _readable_field(kind.key_field), _readable_field(kind.item_field)
        return pa.map_(key, item, kind.keys_sorted)
    if pa.types.is_struct(kind):
        return pa.struct([_readable_field(f) for f in kind])
    return kind


def _readable_field(field: pa.Field) -> pa.Field:
    return field.with_type(readable(field.type))


def readable_batch(batch: pa.RecordBatch) -> pa.RecordBatch:
    """The same data, with integers where its schema has months."""
    fields = [_readable_field(f) for f in batch.schema]
    if all(new.type.equals(old.type) for new, old in zip(fields, batch.schema, strict=True)):
        return batch
    schema = pa.schema(fields).__arrow_c_schema__()
    _, data = batch.__arrow_c_array__()
    return pa.record_batch(_Data(schema, data))


@dataclass(frozen=True)
class _Data:
    """Data under a schema, as Arrow's C data interface hands both over."""

    schema: Any
    data: Any

    def __arrow_c_array__(self, requested_schema: Any = None) -> tuple[Any, Any]:
        return self.schema, self.data


def contains_interval(kind: pa.DataType) -> bool:
    """Whether this is an interval, or nested with one inside."""
    if is_interval(kind):
        return True
    if not pa.types.is_nested(kind):
        return False
    return any(contains_interval(kind.field(i).type) for i in range(kind.num_fields))


def with_texts(value: Any, kind: pa.DataType) -> Any:
    """A value of a readable array that was of type `kind`, its intervals as text."""
    if value is None:
        return None
    if is_months(kind):
        return year_month(value)
    if pa.types.is_duration(kind):
        return day_time(value // _MICROSECOND * 1_000)
    if pa.types.is_interval(kind):
        return _calendar(value)
    if pa.types.is_map(kind):
        return [(with_texts(k, kind.key_type), with_texts(v, kind.item_type)) for k, v in value]
    if pa.types.is_struct(kind):
        return {f.name: with_texts(value[f.name], f.type) for f in kind}
    if pa.types.is_nested(kind):
        return [with_texts(v, kind.value_type) for v in value]
    return value


def year_month(months: int) -> str:
    """`1-2` is one year and two months."""
    years, rest = divmod(abs(months), 12)
    return f"{'-' if months < 0 else ''}{years}-{rest}"


def day_time(nanoseconds: int) -> str:
    """`1 00:00:00.000000000` is one day."""
    seconds, fraction = divmod(abs(nanoseconds), _NS_PER_SECOND)
    minutes, second = divmod(seconds, 60)
    hours, minute = divmod(minutes, 60)
    days, hour = divmod(hours, 24)
    sign = "-" if nanoseconds < 0 else ""
    return f"{sign}{days} {hour:02}:{minute:02}:{second:02}.{fraction:09}"


def _calendar(value: Any) -> str:
    """`1 years 2 months 3 days 4.5 seconds`: every unit that is not 0, with a sign of its own."""
    years, months = _split(value.months, 12)
    micros = _split(value.nanoseconds, 1_000)[0]
    minutes, rest = _split(micros, 60 * _US_PER_SECOND)
    hours, minutes = _split(minutes, 60)
    units = {"years": years, "months": months, "days": value.days, "hours": hours}
    parts = [f"{n} {unit}" for unit, n in {**units, "minutes": minutes}.items() if n]
    if rest:
        whole, fraction = _split(abs(rest), _US_PER_SECOND)
        digits = f".{fraction:06}".rstrip("0") if fraction else ""
        parts.append(f"{'-' if rest < 0 else ''}{whole}{digits} seconds")
    return " ".join(parts) or "0 seconds"


def _split(value: int, size: int) -> tuple[int, int]:
    """Quotient and rest, both towards zero."""
    sign = -1 if value < 0 else 1
    quotient, rest = divmod(abs(value), size)
    return sign * quotient, sign * rest
