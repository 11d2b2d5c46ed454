"""Which table versions must outlive VACUUM."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from f1mesh.contracts.model import Contract
from f1mesh.publication.journal import Journal
from f1mesh.publication.pointer import read_pointer

if TYPE_CHECKING:
    from databricks.sql.client import Connection

ROLLBACK_DEPTH = 5

# VACUUM takes files that no newer version uses after 7 days. A view whose content never changes
# moves to the newest version before that, so that it never points at files that are gone.
RENEW_AFTER = timedelta(days=5)


def versions_to_keep(
    connection: Connection, catalog: str, contract: Contract, depth: int = ROLLBACK_DEPTH
) -> set[int]:
    """The published version and the newest `depth` good ones that a rollback could go to."""
    published = read_pointer(connection, catalog, contract)
    good = Journal(connection, catalog).good_versions(str(contract))
    return {*good[:depth], *([published.version] if published else [])}
