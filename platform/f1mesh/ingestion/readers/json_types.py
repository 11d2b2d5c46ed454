"""How the types of a JSON schema are landed, and how values that are not of their type are cast.

string -> string (`format: date` -> date, `format: date-time` -> timestamp), integer -> bigint,
number -> double, boolean -> boolean; objects and arrays -> string, their JSON text.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any

import pyarrow as pa

from f1mesh.ingestion.columns import TIMESTAMP, TIMESTAMP_NTZ, Fitted, fit_each


@dataclass(frozen=True)
class Field:
    """A top-level property of a stream's schema."""

    name: str
    kind: pa.DataType

    def fit(self, values: Sequence[Any]) -> Fitted:
        """The values in the landed type; one that cannot be cast is null and listed."""
        if all(value is None or type(value) is _EXACT.get(self.kind) for value in values):
            try:
                return Fitted(pa.array(values, self.kind))
            except (pa.ArrowInvalid, OverflowError):
                pass
        return fit_each(values, self.kind, _PARSERS[self.kind])


def fields_of(schema: Mapping[str, Any], columns: Sequence[str] | None) -> list[Field]:
    """The fields of a JSON schema in its order, or those of them that `columns` names."""
    properties: Mapping[str, Mapping[str, Any]] = schema.get("properties", {})
    return [
        Field(name, _kind(declared))
        for name, declared in properties.items()
        if columns is None or name in columns
    ]


def _kind(declared: Mapping[str, Any]) -> pa.DataType:
    types = declared.get("type", "string")
    names = {types} if isinstance(types, str) else set(types)
    names.discard("null")
    if len(names) != 1:
        return pa.string()
    match names.pop(), declared.get("format"):
        case "integer", _:
            return pa.int64()
        case "number", _:
            return pa.int64() if declared.get("airbyte_type") == "integer" else pa.float64()
        case "boolean", _:
            return pa.bool_()
        case "string", "date":
            return pa.date32()
        case "string", "date-time":
            naive = declared.get("airbyte_type") == "timestamp_without_timezone"
            return TIMESTAMP_NTZ if naive else TIMESTAMP
        case _:
            return pa.string()


def _to_text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value)


def _to_integer(value: Any) -> int:
    if isinstance(value, bool) or (isinstance(value, float) and not value.is_integer()):
        raise ValueError(value)
    return int(value)


def _to_number(value: Any) -> float:
    if isinstance(value, bool):
        raise ValueError(value)
    return float(value)


def _to_boolean(value: Any) -> bool:
    if isinstance(value, str) and value.lower() in ("true", "false"):
        return value.lower() == "true"
    if not isinstance(value, bool):
        raise ValueError(value)
    return value


def _to_date(value: Any) -> date:
    return date.fromisoformat(value)


def _to_timestamp(value: Any) -> datetime:
    moment = datetime.fromisoformat(value)
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _to_local_timestamp(value: Any) -> datetime:
    return datetime.fromisoformat(value).replace(tzinfo=None)


_EXACT: Mapping[pa.DataType, type] = {
    pa.string(): str,
    pa.int64(): int,
    pa.float64(): float,
    pa.bool_(): bool,
}
_PARSERS: Mapping[pa.DataType, Callable[[Any], Any]] = {
    pa.string(): _to_text,
    pa.int64(): _to_integer,
    pa.float64(): _to_number,
    pa.bool_(): _to_boolean,
    pa.date32(): _to_date,
    TIMESTAMP: _to_timestamp,
    TIMESTAMP_NTZ: _to_local_timestamp,
}
