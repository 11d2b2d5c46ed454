"""How PostgreSQL types are read and landed.

| PostgreSQL                | landed as       | remark                                             |
|---------------------------|-----------------|----------------------------------------------------|
| smallint, integer, bigint | the same        |                                                    |
| numeric(p,s), p <= 38     | decimal(p,s)    |                                                    |
| numeric                   | decimal(38,10)  | rounded to 10 decimals; NaN does not fit           |
| real, double precision    | float, double   |                                                    |
| boolean                   | boolean         |                                                    |
| date                      | date            | years 1 to 9999                                    |
| timestamptz               | timestamp       | years 1 to 9999                                    |
| timestamp                 | timestamp_ntz   | years 1 to 9999                                    |
| everything else           | string          | its text; time, uuid, json, enums, arrays          |
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal

import pyarrow as pa
import pyarrow.compute as pc

from f1mesh.ingestion.columns import NUMERIC, TIMESTAMP, TIMESTAMP_NTZ, Fitted, fit, fit_where
from f1mesh.standard_sql import quoted

_PLAIN = {
    "smallint": pa.int16(),
    "integer": pa.int32(),
    "bigint": pa.int64(),
    "real": pa.float32(),
    "double precision": pa.float64(),
    "boolean": pa.bool_(),
    "text": pa.string(),
}
_DATED = {
    "date": ("date", pa.date32(), date.min, date.max),
    "timestamp with time zone": (
        "timestamptz",
        TIMESTAMP,
        datetime.min.replace(tzinfo=UTC),
        datetime.max.replace(tzinfo=UTC),
    ),
    "timestamp without time zone": ("timestamp", TIMESTAMP_NTZ, datetime.min, datetime.max),
}
_NUMERIC = re.compile(r"numeric(?:\((\d+),(-?\d+)\))?$")


@dataclass(frozen=True)
class PostgresColumn:
    """A column of a table: its name, PostgreSQL's name of its type, the type it is landed in."""

    name: str
    declared: str
    kind: pa.DataType

    @classmethod
    def of(cls, name: str, declared: str) -> PostgresColumn:
        """The column with the landed type that its declared type asks for."""
        declared = re.sub(r"^(timestamp)\(\d\)", r"\1", declared)
        if declared in _DATED:
            return cls(name, declared, _DATED[declared][1])
        if match := _NUMERIC.match(declared):
            return cls(name, declared, _decimal(match[1], match[2]))
        return cls(name, declared, _PLAIN.get(declared, pa.string()))

    @property
    def quoted(self) -> str:
        return quoted(self.name)

    @property
    def expression(self) -> str:
        """The SELECT item that brings the column over without a failure on any value."""
        column = self.quoted
        if self.declared in _DATED:
            # The driver fails on infinite and far dates: bring them just outside of what fits.
            sql = _DATED[self.declared][0]
            return (
                f"case when {column} < '0001-01-01'::{sql} then '0001-12-31 BC'::{sql} "
                f"when {column} >= '10000-01-01'::{sql} then '10000-01-01'::{sql} "
                f"else {column} end as {column}"
            )
        if pa.types.is_decimal(self.kind):
            scaled = f"round({column}, {NUMERIC.scale})" if self.kind == NUMERIC else column
            return f"{scaled}::text as {column}"
        return f"{column}::text as {column}" if self.declared not in _PLAIN else column

    def fit(self, values: pa.Array) -> Fitted:
        """What the driver brought, in the landed type."""
        if self.declared in _DATED:
            _, kind, low, high = _DATED[self.declared]
            values = values.cast(kind)
            inside = pc.and_(
                pc.greater_equal(values, pa.scalar(low, kind)),
                pc.less_equal(values, pa.scalar(high, kind)),
            )
            return fit_where(values, inside)
        return fit(values, self.kind, Decimal)


def _decimal(precision: str | None, scale: str | None) -> pa.Decimal128Type:
    if precision is None or scale is None or int(precision) > 38:
        return NUMERIC
    if not 0 <= int(scale) <= int(precision):
        return NUMERIC
    return pa.decimal128(int(precision), int(scale))
