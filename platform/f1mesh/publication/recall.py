"""What earlier checks found, so that what was checked is not checked again.

A verdict stands on the version, the contract, and what its rules look at beside them: other tables,
and today. It is taken over if all of that is as it was. The age of sources is measured anew always.
"""

from __future__ import annotations

import uuid
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from f1mesh.clock import asks_for_the_day, asks_for_the_moment
from f1mesh.contracts.freshness import Freshness, measure_freshness
from f1mesh.contracts.measures import rules_of
from f1mesh.contracts.model import Contract
from f1mesh.contracts.table_version import TableVersion, current_content
from f1mesh.publication.journal import Action, Entry, Journal
from f1mesh.publication.pointer import Pointer, is_missing, read_view
from f1mesh.schemas import Schemas

if TYPE_CHECKING:
    from databricks.sql.client import Connection

_TODAY, _NOW = "(today)", "(now)"
_JUDGED_GOOD = (Action.PUBLISHED, Action.UNCHANGED)


@dataclass
class Recall:
    """Asks each thing once for all checks of one run; one check at a time may use it.

    A run asks for a table only after whatever writes it in that run is done.
    """

    anew: bool = False  # nothing is taken over
    _latest: dict[str, Entry] | None = None
    _contents: dict[str, str] = field(default_factory=dict)
    _read_at: dict[str, datetime | None] = field(default_factory=dict)

    def last_good(self, connection: Connection, schemas: Schemas, product: str) -> Entry | None:
        """The newest entry of the log on a product, of before this run, if it tells of a check that
        passed."""
        if self._latest is None:
            self._latest = Journal(connection, schemas).latest()
        last = self._latest.get(product)
        return last if last and last.action in _JUDGED_GOOD else None

    def holds(
        self,
        connection: Connection,
        schemas: Schemas,
        contract: Contract,
        version: int,
        published: Pointer | None,
    ) -> Entry | None:
        """The entry that found this very version good, if nothing that it stood on has changed."""
        if self.anew or published is None:
            return None
        last = self.last_good(connection, schemas, str(contract))
        if last is None:
            return None
        same = (last.version, last.contract_digest) == (version, contract.digest)
        shown = published.contract_digest == contract.digest and (
            last.action is Action.UNCHANGED or published.version == version
        )
        then = last.report.get("stood_on")
        if not (same and shown) or then is None:
            return None
        return last if then == self.stands_on(connection, schemas, then) else None

    def stands_on(
        self, connection: Connection, schemas: Schemas, names: Iterable[str]
    ) -> dict[str, str]:
        """The content of each thing that rules look at, as it is now."""
        return {name: self._content(connection, schemas, name) for name in sorted(names)}

    def freshness(
        self, connection: Connection, schemas: Schemas, tables: Collection[str]
    ) -> Freshness:
        """When raw tables were read, each asked for once."""
        asked = [table for table in tables if table not in self._read_at]
        self._read_at.update(measure_freshness(connection, schemas.catalog, asked).read_at)
        return Freshness({table: self._read_at[table] for table in tables})

    def _content(self, connection: Connection, schemas: Schemas, name: str) -> str:
        if name == _NOW:
            return uuid.uuid4().hex
        if name == _TODAY:
            return datetime.now(UTC).date().isoformat()
        if name not in self._contents:
            self._contents[name] = _content(connection, f"{schemas.catalog}.{name}")
        return self._contents[name]


def looked_at(contract: Contract, at: TableVersion, schemas: Schemas) -> set[str]:
    """What a verdict stands on: the table itself, what rules look at beside it, the clock."""
    found = {itself(at)}
    for rule in rules_of(contract, at, schemas):
        found |= rule.measure.reads
        if asks_for_the_moment(rule.measure.query):
            found.add(_NOW)
        elif asks_for_the_day(rule.measure.query):
            found.add(_TODAY)
    return found


def itself(at: TableVersion) -> str:
    """The checked table, as `schema.table`."""
    return at.table.partition(".")[2]


def _content(connection: Connection, relation: str) -> str:
    """Names the content of a published view by its pointer, of another table by its commit."""
    pointer = read_view(connection, relation)
    if pointer:
        return f"{pointer.version}@{pointer.published_at.isoformat()}"
    try:
        return current_content(connection, relation)
    except Exception as error:
        if is_missing(error):
            return "(missing)"
        raise
