"""Values of the catalog."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple


class Name(NamedTuple):
    """A full name, folded to lower case: names are not case-sensitive."""

    catalog: str
    schema: str
    table: str

    def __str__(self) -> str:
        return ".".join(self)


class Namespace(NamedTuple):
    """Where unqualified names are looked up."""

    catalog: str
    schema: str


@dataclass(frozen=True)
class ViewColumn:
    """A column of a view: its name, the query's own name for it, its Delta type, its comment."""

    name: str
    source: str
    type: Any
    comment: str | None = None


@dataclass(frozen=True)
class View:
    """A stored query. `namespace` is where it was created: its own names mean what they meant."""

    text: str
    namespace: Namespace
    columns: tuple[ViewColumn, ...]
    comment: str | None = None
    properties: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Table:
    """A Delta table; columns, comment, properties and constraints are in its own log."""

    location: str
    managed: bool


@dataclass(frozen=True)
class Entry:
    """A table or view under its name."""

    id: str
    name: Name
    what: Table | View
    created: float
    altered: float

    @property
    def table_type(self) -> str:
        """As `information_schema.tables` says it."""
        if isinstance(self.what, View):
            return "VIEW"
        return "MANAGED" if self.what.managed else "EXTERNAL"


@dataclass(frozen=True)
class Tag:
    """A tag of a table, or of one of its columns."""

    column: str | None
    key: str
    value: str
