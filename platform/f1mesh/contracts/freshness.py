"""How old the source data of a product is: by when Airbyte read it, not by when dbt ran."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from f1mesh.client import query
from f1mesh.contracts.model import Contract
from f1mesh.contracts.report import Finding
from f1mesh.sql_text import text

if TYPE_CHECKING:
    from databricks.sql.client import Connection

READ_AT = "_airbyte_extracted_at"


@dataclass(frozen=True)
class Freshness:
    """When each raw table was last read from its source (None: it holds nothing)."""

    read_at: dict[str, datetime | None]

    @property
    def stalest(self) -> tuple[str, datetime] | None:
        """A product is as fresh as its stalest source. Empty tables say nothing about age."""
        known = [(at, table) for table, at in self.read_at.items() if at is not None]
        if not known:
            return None
        at, table = min(known)
        return table, at

    def of(self, tables: Sequence[str]) -> Freshness:
        return Freshness({table: self.read_at[table] for table in tables})


def measure_freshness(connection: Connection, catalog: str, tables: Sequence[str]) -> Freshness:
    """One statement for all raw tables (`schema.table`)."""
    if not tables:
        return Freshness({})
    parts = [
        f"select {text(table)} as raw_table, max({READ_AT}) as read_at from {catalog}.{table}"
        for table in sorted(set(tables))
    ]
    found = query(connection, " union all ".join(parts)).to_pylist()
    return Freshness({row["raw_table"]: _utc(row["read_at"]) for row in found})


def freshness_findings(contract: Contract, freshness: Freshness, now: datetime) -> list[Finding]:
    """Stale or never-read sources, against the contract's service level."""
    if not freshness.read_at:
        return []  # nothing landed feeds it: a generated table, or other domains' products only
    if freshness.stalest is None:
        tables = ", ".join(sorted(freshness.read_at))
        return [Finding("freshness", None, f"no raw table upstream holds a row ({tables})")]
    table, at = freshness.stalest
    age = now - at
    if age <= timedelta(hours=contract.freshness_hours):
        return []
    hours = age / timedelta(hours=1)
    message = (
        f"{table} was last read {hours:.1f} h ago ({at:%Y-%m-%d %H:%M} UTC); "
        f"the contract allows {contract.freshness_hours:g} h"
    )
    return [Finding("freshness", None, message)]


def _utc(at: datetime | None) -> datetime | None:
    if at is None:
        return None
    return at.astimezone(UTC) if at.tzinfo else at.replace(tzinfo=UTC)
