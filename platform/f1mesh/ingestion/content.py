"""What the raw tables of a domain hold, as the syncs that landed it said."""

from __future__ import annotations

from collections.abc import Iterable

from f1mesh.client import Target, connect
from f1mesh.errors import MeshError
from f1mesh.ingestion.destination import open_table, translated
from f1mesh.ingestion.state import SyncState, last_state
from f1mesh.ingestion.tables import RawTables


def raw_states(domain: str, tables: Iterable[str], target: Target) -> dict[str, SyncState]:
    """The state of each raw table that a sync of this platform landed; none of the others (on
    Databricks Airbyte lands them, and tells nothing of their content)."""
    found: dict[str, SyncState] = {}
    with connect(target) as connection:
        raw = RawTables(connection, target.schemas, domain)
        for name in tables:
            try:
                if location := raw.locate(name):
                    with translated(raw.full_name(name)):
                        state = last_state(open_table(location))
                    if state:
                        found[name] = state
            except MeshError:
                continue  # what is not known is no evidence
    return found
