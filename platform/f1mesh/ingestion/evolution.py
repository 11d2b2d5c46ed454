"""What becomes of a raw table's columns when those of the source change."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import pyarrow as pa

from f1mesh.errors import PermanentError
from f1mesh.ingestion.columns import is_lossless
from f1mesh.sql_types import from_arrow

DriftKind = Literal[
    "column_added",  # new at the source: added to the raw table
    "column_missing",  # gone from the source: kept, null in what is landed now
    "type_widened",  # the raw column took the source's wider type
    "type_narrowed",  # the source's type fits into the raw column, which stays as it is
    "type_replaced",  # the whole table was replaced, so the column has the source's type
    "values_nulled",  # values that do not fit their type: null, with an entry in _airbyte_meta
    "field_undeclared",  # sent by the source, unknown to the stream's schema: not landed
    "reloaded",  # what was landed could not be continued: the stream was read from scratch
]


@dataclass(frozen=True)
class Drift:
    """One difference between what a sync met and what it was built on."""

    kind: DriftKind
    column: str | None
    detail: str


@dataclass(frozen=True)
class Evolution:
    """The data columns that the raw table has from now on, and how they differ from before."""

    columns: pa.Schema
    rewrites: bool  # a type changed, which no Delta append or merge can bring about
    drift: tuple[Drift, ...]


def evolve(
    before: pa.Schema | None, source: pa.Schema, *, replaces: bool, place: str, remedy: str
) -> Evolution:
    """Fit the source's columns into the raw table's.

    Raises PermanentError, naming `place`, the column and `remedy`, for a type that cannot be
    followed without rereading what is landed already.
    """
    if before is None:
        return Evolution(source, rewrites=False, drift=())
    fields: list[pa.Field[pa.DataType]] = []
    drift: list[Drift] = []
    for field in before:
        kind, change = _settle(field, source, replaces)
        if kind is None:
            new = from_arrow(source.field(field.name).type)
            raise PermanentError(
                f"{place}: column {field.name} is {from_arrow(field.type)} in the raw table and "
                f"{new} at the source now, which does not fit. Take the new type with `{remedy}` "
                "(rereads the stream), or give the source its type back."
            )
        fields.append(pa.field(field.name, kind))
        drift.extend([change] if change else [])
    for field in source:
        if field.name not in before.names:
            fields.append(field)
            drift.append(Drift("column_added", field.name, from_arrow(field.type)))
    retyped = any(change.kind in ("type_widened", "type_replaced") for change in drift)
    return Evolution(pa.schema(fields), rewrites=retyped, drift=tuple(drift))


def _settle(
    field: pa.Field[pa.DataType], source: pa.Schema, replaces: bool
) -> tuple[pa.DataType | None, Drift | None]:
    """The type that a raw column has from now on (None: there is none) and what is to be told."""
    old, name = field.type, field.name
    if name not in source.names:
        return old, Drift("column_missing", name, "null from now on")
    new = source.field(name).type
    if new == old:
        return old, None
    told = f"{from_arrow(old)} -> {from_arrow(new)}"
    if replaces:
        return new, Drift("type_replaced", name, told)
    if is_lossless(new, old) or pa.types.is_string(old):
        return old, Drift("type_narrowed", name, told)
    if is_lossless(old, new):
        return new, Drift("type_widened", name, told)
    return None, None


def conform(records: pa.Table, columns: pa.Schema) -> pa.Table:
    """The records with exactly these columns; one that they lack is null."""
    arrays = [
        records.column(field.name).cast(field.type)
        if field.name in records.column_names
        else pa.nulls(records.num_rows, field.type)
        for field in columns
    ]
    return pa.Table.from_arrays(arrays, schema=columns)
