"""The publications log: `<catalog>.mesh.publications`, append only, written before a view moves.

The views are the truth (see pointer.py); the log is the history. A crash between the two leaves an
intent, which the next publication of the same version does not repeat.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from f1mesh.client import query
from f1mesh.publication.pointer import is_missing
from f1mesh.schemas import Schemas
from f1mesh.sql_text import moment, text

if TYPE_CHECKING:
    from databricks.sql.client import Connection

_COLUMNS = {
    "product": "string",
    "action": "string",
    "version": "bigint",
    "contract_version": "string",
    "contract_digest": "string",
    "row_count": "bigint",
    "run_id": "string",
    "logged_at": "timestamp",
    "report": "string",
}
_NAMES = ", ".join(_COLUMNS)


class Action(StrEnum):
    """What became of a candidate."""

    PUBLISHED = "published"
    UNCHANGED = "unchanged"
    BLOCKED = "blocked"
    ROLLED_BACK = "rolled_back"


# Versions that once passed the gate: a rollback may go there, VACUUM may not.
GOOD = (Action.PUBLISHED, Action.ROLLED_BACK)


@dataclass(frozen=True)
class Entry:
    """One line of the log; `product` is `domain/product`, `report` a JSON-able summary."""

    product: str
    action: Action
    version: int
    contract_version: str
    contract_digest: str
    row_count: int
    run_id: str
    logged_at: datetime
    report: dict[str, Any]

    def same_intent(self, other: Entry) -> bool:
        mine = (self.product, self.action, self.version, self.contract_digest)
        return mine == (other.product, other.action, other.version, other.contract_digest)


@dataclass(frozen=True)
class Passed:
    """A version of a product that passed its contract: when, and with how many rows."""

    version: int
    passed_at: datetime
    row_count: int

    def __str__(self) -> str:
        return f"{self.version} ({self.passed_at:%Y-%m-%d %H:%M} UTC, {self.row_count:,} rows)"


@dataclass(frozen=True)
class Journal:
    """The log of one environment."""

    connection: Connection
    schemas: Schemas

    @property
    def table(self) -> str:
        return f"{self.schemas.mesh}.publications"

    def last(self, product: str) -> Entry | None:
        """The newest entry of a product."""
        rows = self._rows(
            f"select {_NAMES} from {self.table} where product = {text(product)}"
            " order by logged_at desc limit 1"
        )
        return _entry(rows[0]) if rows else None

    def latest(self) -> dict[str, Entry]:
        """The newest entry of every product."""
        ranked = "row_number() over (partition by product order by logged_at desc)"
        rows = self._rows(
            f"select {_NAMES} from (select {_NAMES}, {ranked} as age from {self.table}) as ranked"
            " where age = 1"
        )
        return {entry.product: entry for entry in map(_entry, rows)}

    def passed(self, product: str) -> list[Passed]:
        """The versions of a product that passed its contract, newest first."""
        listed = ", ".join(text(action) for action in GOOD)
        rows = self._rows(
            "select version, max(logged_at) as passed_at,"
            f" max_by(row_count, logged_at) as row_count from {self.table}"
            f" where product = {text(product)} and action in ({listed})"
            " group by version order by version desc"
        )
        return [Passed(**row) for row in rows]

    def append(self, entry: Entry) -> None:
        """Add an entry."""
        query(self.connection, f"insert into {self._ready_table()} values ({_values(entry)})")

    def intend(self, entry: Entry) -> None:
        """Add an entry, unless a crashed attempt at the same move has just done so."""
        last = self.last(entry.product)
        if last is None or not last.same_intent(entry):
            self.append(entry)

    def _ready_table(self) -> str:
        query(self.connection, f"create schema if not exists {self.schemas.mesh}")
        declared = ", ".join(f"{name} {kind}" for name, kind in _COLUMNS.items())
        query(self.connection, f"create table if not exists {self.table} ({declared}) using delta")
        return self.table

    def _rows(self, statement: str) -> list[dict[str, Any]]:
        try:
            rows: list[dict[str, Any]] = query(self.connection, statement).to_pylist()
            return rows
        except Exception as error:
            if is_missing(error):
                return []
            raise


def _values(entry: Entry) -> str:
    return ", ".join(
        (
            text(entry.product),
            text(entry.action),
            str(entry.version),
            text(entry.contract_version),
            text(entry.contract_digest),
            str(entry.row_count),
            text(entry.run_id),
            moment(entry.logged_at),
            text(json.dumps(entry.report, sort_keys=True)),
        )
    )


def _entry(row: dict[str, Any]) -> Entry:
    return Entry(**{**row, "action": Action(row["action"]), "report": json.loads(row["report"])})
