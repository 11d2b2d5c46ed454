"""Types as Databricks and Spark spell them, in lower case (`decimal(10,2)`): one spelling each."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pyarrow as pa

_ALIASES = {
    "bool": "boolean",
    "byte": "tinyint",
    "short": "smallint",
    "integer": "int",
    "long": "bigint",
    "real": "float",
    "dec": "decimal",
    "numeric": "decimal",
    "timestamp_ltz": "timestamp",
}
_NAMES = frozenset(
    {
        *("boolean", "tinyint", "smallint", "int", "bigint", "float", "double", "decimal"),
        *("string", "varchar", "char", "binary", "date", "timestamp", "timestamp_ntz", "interval"),
        *("array", "map", "struct", "variant"),
    }
)
_WORD = re.compile(r"[a-z_]+")


def canonical(spelling: str) -> str:
    """`DECIMAL(10, 2)` -> `decimal(10,2)`; Spark's aliases become Databricks' own names."""
    packed = re.sub(r"\s*([(),:<>])\s*", r"\1", spelling.strip().lower())
    if packed in ("decimal", "dec", "numeric"):
        return "decimal(10,0)"  # Spark's default precision and scale
    if "struct<" in packed:  # field names of a struct are not type names
        return packed
    return _WORD.sub(lambda word: _ALIASES.get(word[0], word[0]), packed)


def is_type(spelling: str) -> bool:
    """Whether it begins as a type of the warehouse does; what is in brackets is not looked at."""
    head = _WORD.match(canonical(spelling))
    return head is not None and head[0] in _NAMES


def from_arrow(kind: pa.DataType) -> str:
    """The Databricks spelling of what the warehouse's Arrow schema says of a column."""
    import pyarrow.types as is_a

    if is_a.is_decimal(kind):
        return f"decimal({kind.precision},{kind.scale})"
    if is_a.is_timestamp(kind):
        return "timestamp_ntz" if kind.tz is None else "timestamp"
    if is_a.is_list(kind) or is_a.is_large_list(kind):
        return f"array<{from_arrow(kind.value_type)}>"
    if is_a.is_map(kind):
        return f"map<{from_arrow(kind.key_type)},{from_arrow(kind.item_type)}>"
    if is_a.is_struct(kind):
        return "struct<" + ",".join(f"{f.name}:{from_arrow(f.type)}" for f in kind) + ">"
    return _simple(str(kind))


def _simple(arrow: str) -> str:
    names = {
        "bool": "boolean",
        "int8": "tinyint",
        "int16": "smallint",
        "int32": "int",
        "int64": "bigint",
        "float": "float",
        "double": "double",
        "date32[day]": "date",
        "string": "string",
        "large_string": "string",
        "string_view": "string",
        "binary": "binary",
        "large_binary": "binary",
        "null": "void",
    }
    return names.get(arrow, f"unknown ({arrow})")
