"""Turning written names into full names."""

from __future__ import annotations

from collections.abc import Sequence

from f1mesh.warehouse.catalog.entries import Name, Namespace
from f1mesh.warehouse.errors import SqlError, quoted


def full_name(parts: Sequence[str], namespace: Namespace) -> Name:
    """A table's full name. Raises PARSE_SYNTAX_ERROR for more than three parts."""
    folded = [part.lower() for part in parts]
    if len(folded) > 3:
        raise SqlError(
            "REQUIRES_SINGLE_PART_NAMESPACE",
            f"{quoted(parts)} has too many parts: a table's name is catalog.schema.table.",
            "42K05",
        )
    return Name(*[*namespace, ""][: 3 - len(folded)], *folded)


def schema_name(parts: Sequence[str], namespace: Namespace) -> Namespace:
    """A schema's full name. Raises for more than two parts."""
    folded = [part.lower() for part in parts]
    if len(folded) > 2:
        raise SqlError(
            "REQUIRES_SINGLE_PART_NAMESPACE",
            f"{quoted(parts)} has too many parts: a schema's name is catalog.schema.",
            "42K05",
        )
    return Namespace(*[namespace.catalog][: 2 - len(folded)], *folded)
