"""Column types of raw tables: what fits into what, casts that never fail."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

TIMESTAMP = pa.timestamp("us", tz="UTC")
TIMESTAMP_NTZ = pa.timestamp("us")
NUMERIC = pa.decimal128(38, 10)  # a number of no declared precision, exact to 10 decimals

_INTEGER_DIGITS = {pa.int16(): 5, pa.int32(): 10, pa.int64(): 19}


def is_lossless(source: pa.DataType, target: pa.DataType) -> bool:
    """Whether every value of one numeric type is a value of the other."""
    if source == target:
        return True
    if source in _INTEGER_DIGITS:
        digits = _INTEGER_DIGITS[source]
        if target in _INTEGER_DIGITS:
            return _INTEGER_DIGITS[target] >= digits
        if pa.types.is_decimal(target):
            return bool(target.precision - target.scale >= digits)
        return bool(target == pa.float64() and digits <= 10)
    if pa.types.is_decimal(source) and pa.types.is_decimal(target):
        whole = source.precision - source.scale
        return bool(target.scale >= source.scale and target.precision - target.scale >= whole)
    return bool(source == pa.float32() and target == pa.float64())


@dataclass(frozen=True)
class Fitted:
    """A column in its landed type, and which rows held a value that the type has no place for."""

    values: pa.Array
    misfits: tuple[int, ...] = ()


def fit(values: pa.Array, kind: pa.DataType, parse: Callable[[Any], Any]) -> Fitted:
    """Cast a column; a value that does not fit becomes null and is listed by its row.

    `parse` turns one value into what the type takes, or raises ValueError; it is asked only where
    the whole column cannot be cast at once.
    """
    if values.type == kind:
        return Fitted(values)
    try:
        return Fitted(values.cast(kind))
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError):
        return fit_each(values.to_pylist(), kind, parse)


def fit_each(values: Iterable[Any], kind: pa.DataType, parse: Callable[[Any], Any]) -> Fitted:
    """Like `fit`, one Python value after the other."""
    fitted: list[Any] = []
    misfits: list[int] = []
    for row, value in enumerate(values):
        try:
            fitted.append(None if value is None else pa.scalar(parse(value), kind).as_py())
        except (pa.ArrowException, TypeError, ValueError, ArithmeticError):
            fitted.append(None)
            misfits.append(row)
    return Fitted(pa.array(fitted, kind), tuple(misfits))


def fit_where(values: pa.Array, valid: pa.Array) -> Fitted:
    """Null out the values that are not valid, and list their rows."""
    misfits = pc.indices_nonzero(pc.and_(pc.invert(valid), pc.is_valid(values))).to_pylist()
    if not misfits:
        return Fitted(values)
    return Fitted(pc.if_else(valid, values, pa.scalar(None, values.type)), tuple(misfits))
