"""Which table versions must outlive VACUUM."""

from __future__ import annotations

from collections.abc import Mapping, Set
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from f1mesh.contracts.model import Contract
from f1mesh.publication.journal import Journal
from f1mesh.publication.pointer import read_pointer
from f1mesh.schemas import Schemas

if TYPE_CHECKING:
    from databricks.sql.client import Connection

ROLLBACK_DEPTH = 5

# VACUUM takes files that no newer version uses after 7 days. A view whose content never changes
# moves to the newest version before that, so that it never points at files that are gone.
RENEW_AFTER = timedelta(days=5)

VACUUM_HOURS = 168  # a warehouse refuses to keep less


def versions_to_keep(
    connection: Connection, schemas: Schemas, contract: Contract, depth: int = ROLLBACK_DEPTH
) -> set[int]:
    """The published version and the newest `depth` good ones that a rollback could go to."""
    published = read_pointer(connection, schemas, contract)
    good = [p.version for p in Journal(connection, schemas).passed(str(contract))]
    return {*good[:depth], *([published.version] if published else [])}


def vacuum_hours(made_at: Mapping[int, datetime], keep: Set[int], now: datetime) -> int:
    """How many hours of superseded files VACUUM must retain, so that every version to keep stays
    readable: a version's files may go once the version after it is older than that.

    `made_at`: when each version of the table was made, as its history says.
    """
    superseded = [made_at[version + 1] for version in keep if version + 1 in made_at]
    oldest = min(superseded, default=now)
    return max(VACUUM_HOURS, int((now - oldest) / timedelta(hours=1)) + 1)
