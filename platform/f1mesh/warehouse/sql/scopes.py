"""What the names of a query stand for: columns with their types, as far as they are known."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from f1mesh.warehouse.sql.coercion import Type


@dataclass(frozen=True)
class Field:
    """A column of something that is read."""

    name: str
    type: Type


Columns = tuple[Field, ...] | None  # None: nothing is known of them


@dataclass(frozen=True)
class Source:
    """What stands in FROM, under the name that columns are qualified with."""

    alias: str
    columns: Columns


@dataclass(frozen=True)
class Names:
    """The names that are visible at one place of a statement."""

    ctes: Mapping[str, Columns] = field(default_factory=dict)
    sources: tuple[Source, ...] = ()
    outer: Names | None = None

    def with_cte(self, name: str, columns: Columns) -> Names:
        return replace(self, ctes={**self.ctes, name.lower(): columns})

    def reading(self, sources: Iterable[Source]) -> Names:
        return replace(self, sources=(*self.sources, *sources))

    def inside(self) -> Names:
        """For a query inside an expression: these names are around it."""
        return Names(self.ctes, (), self)

    def column(self, name: str, table: str = "") -> Type:
        """The type of `name` or `table.name`; also of a struct's field, `column.name`."""
        if not table:
            return self._unqualified(name)
        for source in self.sources:
            if source.alias.lower() == table.lower():
                return _only([f.type for f in source.columns or () if _same(f.name, name)])
        if self.outer is not None and not self._unqualified(table):
            return self.outer.column(name, table)
        return field_type(self._unqualified(table), name)

    def _unqualified(self, name: str) -> Type:
        known = [s.columns for s in self.sources if s.columns is not None]
        kinds = [f.type for columns in known for f in columns if _same(f.name, name)]
        if kinds:
            return _only(kinds)
        if self.outer is None or len(known) < len(self.sources):
            return None
        return self.outer.column(name)


def field_type(kind: Type, name: str) -> Type:
    """The type of a struct's field."""
    if kind is None or isinstance(kind, str) or "fields" not in kind:
        return None
    return _only([f["type"] for f in kind["fields"] if _same(f["name"], name)])


def renamed(columns: Columns, names: Sequence[str]) -> Columns:
    """The same columns under the names of an alias, `t(a, b)`."""
    if not names:
        return columns
    if columns is None or len(columns) != len(names):
        return tuple(Field(name, None) for name in names)
    return tuple(Field(n, f.type) for n, f in zip(names, columns, strict=True))


def _same(one: str, two: str) -> bool:
    return one.lower() == two.lower()


def _only(kinds: Sequence[Type]) -> Type:
    """The type of all, where it is one."""
    return kinds[0] if kinds and all(k == kinds[0] for k in kinds) else None
