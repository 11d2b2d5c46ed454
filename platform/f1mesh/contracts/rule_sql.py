"""The SQL of a contract's rule: which tables it reads, and where those stand in the warehouse.

Only names are replaced, at their places in the text: everything else reaches the warehouse as the
contract says it, in its own dialect.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from f1mesh.sql_text import quoted

if TYPE_CHECKING:
    from sqlglot import exp

_PLACEHOLDER = re.compile(r"[\"'`]?\$?\{(table|model|object|column|field|property)\}[\"'`]?")
_OF_COLUMN = ("column", "field", "property")


class NotAQuery(ValueError):
    """The text is not one query, in words for the person who wrote it."""


@dataclass(frozen=True)
class TableName:
    """A table that a rule names, as it is written: `product`, `domain.product` or longer."""

    parts: tuple[str, ...]
    start: int
    end: int

    @property
    def name(self) -> str:
        return self.parts[-1]

    @property
    def schema(self) -> str | None:
        return self.parts[-2] if len(self.parts) > 1 else None

    def __str__(self) -> str:
        return ".".join(self.parts)


def spelled_out(query: str, product: str, column: str | None) -> str:
    """The query with the placeholders of ODCS (`${table}`, `${column}`) filled in."""
    return _PLACEHOLDER.sub(
        lambda found: quoted(column or product if found[1] in _OF_COLUMN else product), query
    )


def tables_of(query: str) -> list[TableName]:
    """The tables that a query names, in text order; raises NotAQuery."""
    return sorted(_tables(_parsed(query)), key=lambda table: table.start)


def with_tables(query: str, place: Callable[[TableName], str]) -> str:
    """The same text with each table's name replaced by `place(table)`; raises NotAQuery."""
    for table in reversed(tables_of(query)):
        query = query[: table.start] + place(table) + query[table.end :]
    return query


def rows_behind(query: str) -> str | None:
    """`select count(*) from t where bad` as `select * from t where bad`; None for other shapes."""
    from sqlglot import exp

    parsed = _parsed(query)
    if not isinstance(parsed, exp.Select) or len(parsed.selects) != 1:
        return None
    counted = parsed.selects[0].unalias()
    plain = isinstance(counted, exp.Count) and isinstance(counted.this, exp.Star)
    if not plain or parsed.args.get("group") or parsed.args.get("having"):
        return None
    return parsed.select("*", append=False).sql(dialect="databricks")


def _parsed(query: str) -> exp.Query:
    import sqlglot
    from sqlglot import exp

    try:
        parsed = [node for node in sqlglot.parse(query, read="databricks") if node is not None]
    except (sqlglot.errors.SqlglotError, RecursionError) as error:
        said = str(error).splitlines()[0] if str(error) else "too deeply nested"
        raise NotAQuery(f"is not SQL of the warehouse: {said}") from error
    if len(parsed) != 1 or not isinstance(parsed[0], exp.Query):
        raise NotAQuery("must be one query (select ...) that gives one number")
    return parsed[0]


def _tables(query: exp.Query) -> Iterator[TableName]:
    from sqlglot import exp

    named = {cte.alias_or_name.lower() for cte in query.find_all(exp.CTE)}
    for table in query.find_all(exp.Table):
        parts = [part for part in table.parts if isinstance(part, exp.Identifier)]
        if not parts or len(parts) != len(table.parts):
            continue  # a table function
        if len(parts) == 1 and parts[0].name.lower() in named:
            continue
        if "start" not in parts[0].meta or "end" not in parts[-1].meta:
            raise NotAQuery(f"names a table ({table.name}) in a way that this platform cannot read")
        yield TableName(
            parts=tuple(part.name.lower() for part in parts),
            start=parts[0].meta["start"],
            end=parts[-1].meta["end"] + 1,
        )
