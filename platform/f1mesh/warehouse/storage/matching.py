"""Which rows of a table a statement means, decided once.

A condition is evaluated a single time over numbered rows, as the whole WHERE (or ON). Negating it
to find the other rows would be a second evaluation, which a null in a NOT IN subquery or a `rand()`
answers otherwise. What the engine gets wrong even there is refused (`sql/membership.py`).
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from f1mesh.warehouse.errors import unsupported
from f1mesh.warehouse.sql.literals import quote_name
from f1mesh.warehouse.storage.commit import records
from f1mesh.warehouse.storage.log import Snapshot, delta_path
from f1mesh.warehouse.storage.stage import Staged
from f1mesh.warehouse.storage.writing import Writer

ROW = "__f1_row"


@dataclass(frozen=True)
class Matched:
    """The rows that a condition is true for, apart from the others."""

    rows: Staged
    others: str  # a query
    count: int

    def columns(self, names: list[str]) -> str:
        """A query for columns of the rows that match."""
        return f"select {', '.join(map(quote_name, names))} from {self.rows.relation}"


@contextmanager
def numbered(writer: Writer, location: str, base: Snapshot) -> Iterator[Staged]:
    """All rows of a table at a version, each with a number of its own (`ROW`)."""
    if any(str(f["name"]).lower() == ROW for f in base.fields):
        raise unsupported(f"changing rows of a table with a column {ROW}", "Rename the column.")
    source = f"{delta_path(location)} version as of {base.version}"
    query = f"select *, monotonically_increasing_id() as {ROW} from {source}"
    with writer.staged(query, []) as rows:
        yield rows


@contextmanager
def matching(writer: Writer, rows: Staged, base: Snapshot, query: str) -> Iterator[Matched]:
    """Run `query`, which gives `ROW` (and more) of the numbered rows that match.

    That matching rows and others are together all rows is proved by the writer that commits them.
    """
    names = ", ".join(f"a.{quote_name(f['name'])}" for f in base.fields)
    with writer.staged(query, []) as found:
        others = (
            f"select {names} from {rows.relation} as a left anti join {found.relation} as m "
            f"on a.{ROW} = m.{ROW}"
        )
        yield Matched(found, others, records(found.files) or 0)
