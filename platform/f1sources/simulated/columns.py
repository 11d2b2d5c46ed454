"""Arrow columns and tables from whole numbers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TypeAlias

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from f1sources.ergast_schema import BY_NAME, arrow_schema
from f1sources.simulated.draws import Floats, Ints

Texts = NDArray[np.str_]
Values: TypeAlias = Ints | Texts | Floats | Sequence[object] | pa.Array


def nullable(values: Ints, missing: int = 0) -> pa.Array:
    """Whole numbers, NULL where they equal `missing`."""
    return pa.array(values, mask=values == missing)


def points(hundredths: Ints) -> pa.Array:
    """Exact decimals with three places from points in hundredths (not negative)."""
    words = np.zeros((len(hundredths), 2), dtype="<i8")
    words[:, 0] = hundredths * 10
    buffers = [None, pa.py_buffer(words.tobytes())]
    return pa.Array.from_buffers(pa.decimal128(9, 3), len(hundredths), buffers)


def position_texts(position: Ints, letters: Texts) -> Texts:
    """The place as text, or the letter where there is one."""
    return np.where(letters == "", position.astype("U4"), letters)


def times_of_day(milliseconds: Ints) -> pa.Array:
    """Times of the day, NULL where 0."""
    micros = pa.array(milliseconds * 1000, mask=milliseconds == 0)
    return micros.cast(pa.time64("us"))


def table(name: str, columns: Mapping[str, Values]) -> pa.Table:
    """An Ergast table; a column that is not given is NULL."""
    schema = arrow_schema(BY_NAME[name])
    length = len(next(iter(columns.values())))
    return pa.table(
        [
            _typed(columns[field.name], field.type)
            if field.name in columns
            else pa.nulls(length, field.type)
            for field in schema
        ],
        schema=schema,
    )


def _typed(column: Values, wanted: pa.DataType) -> pa.Array:
    if isinstance(column, pa.Array):
        return column if column.type == wanted else column.cast(wanted)
    return pa.array(column, type=wanted)


class Identities:
    """Numbers from 1 in order of first appearance, for indexes that grow over time."""

    def __init__(self) -> None:
        self.known = np.zeros(0, dtype=np.int64)
        self.count = 0

    def of(self, indexes: Ints) -> Ints:
        """The number of each index; new ones get the next numbers."""
        seen, first = np.unique(indexes, return_index=True)
        if len(seen) and seen[-1] >= len(self.known):
            more = int(seen[-1]) + 1 - len(self.known)
            self.known = np.concatenate([self.known, np.zeros(more, dtype=np.int64)])
        is_new = self.known[seen] == 0
        new = seen[is_new][np.argsort(first[is_new], kind="stable")]
        self.known[new] = self.count + 1 + np.arange(len(new))
        self.count += len(new)
        return self.known[indexes]

    def in_order(self) -> list[int]:
        """The indexes that have a number, by number."""
        indexes = np.flatnonzero(self.known)
        return [int(index) for index in indexes[np.argsort(self.known[indexes])]]
