"""The columns in a metaData action, and queries that give them."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from f1mesh.warehouse.sql.literals import quote_name
from f1mesh.warehouse.sql.types import sql_type
from f1mesh.warehouse.storage.log import Snapshot


def fields_of(metadata: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The columns in a metaData action."""
    return Snapshot(0, metadata=metadata).fields


def with_fields(metadata: Mapping[str, Any], fields: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """A metaData action's body with other columns."""
    return {**metadata, "schemaString": json.dumps({"type": "struct", "fields": list(fields)})}


def casted(columns: Sequence[str], fields: Sequence[Mapping[str, Any]], source: str) -> str:
    """A query that gives `source`'s `columns` the names and types of a table's `fields`."""
    items = ", ".join(
        f"cast({quote_name(c)} as {sql_type(f['type'])}) as {quote_name(f['name'])}"
        for c, f in zip(columns, fields, strict=True)
    )
    return f"select {items} from {source}"
