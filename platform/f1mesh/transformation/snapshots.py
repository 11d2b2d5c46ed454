"""Versions that a dbt snapshot keeps: looking at those of one key, and ending a bad one for good.

A snapshot never forgets, so that a bad value which once got into it stays in the history, whatever
the source says later. Dropping a version joins its neighbours: the one before it lasts until the
next one begins, or is current again.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from f1mesh.client import query
from f1mesh.errors import PermanentError
from f1mesh.sql_text import dotted, moment, quoted, text

if TYPE_CHECKING:
    from databricks.sql.client import Connection

FROM, TO, ID = "dbt_valid_from", "dbt_valid_to", "dbt_scd_id"


@dataclass(frozen=True)
class Snapshot:
    """A dbt snapshot: its table, and the column that names what it keeps versions of."""

    name: str
    table: str
    key: str

    @classmethod
    def of(cls, manifest: dict[str, Any], name: str) -> Snapshot:
        """From dbt's manifest; raises PermanentError that names those that there are."""
        found = {
            node["name"]: node
            for node in manifest["nodes"].values()
            if node["resource_type"] == "snapshot"
        }
        if name not in found:
            known = ", ".join(sorted(found)) or "none"
            raise PermanentError(f"There is no snapshot '{name}'; there are: {known}.")
        node = found[name]
        table = dotted(node["database"], node["schema"], node["alias"])
        return cls(name, table, str(node["config"]["unique_key"]))

    def versions(self, connection: Connection, key: str) -> list[dict[str, Any]]:
        """The versions of one key, oldest first; raises PermanentError if it has none."""
        where = f"cast({quoted(self.key)} as string) = {text(key)}"
        asked = f"select * from {self.table} where {where} order by {FROM}"
        found: list[dict[str, Any]] = query(connection, asked).to_pylist()
        if not found:
            raise PermanentError(f"{self.name} has no version of {self.key} '{key}'.")
        return found

    def drop(self, connection: Connection, key: str, valid_from: datetime) -> dict[str, Any]:
        """Drop the version that began at `valid_from`, in one commit; the version as it was.

        Raises PermanentError, with the moments that there are, if none began then.
        """
        versions = self.versions(connection, key)
        begins = [version[FROM] for version in versions]
        matches = [index for index, at in enumerate(begins) if _same(at, valid_from)]
        if len(matches) != 1:
            known = ", ".join(at.isoformat() for at in begins)
            raise PermanentError(
                f"No single version of '{key}' begins at {valid_from.isoformat()}; versions begin "
                f"at {known}."
            )
        (index,) = matches
        gone = versions[index]
        changes = [f"select {text(gone[ID])} as id, cast(null as timestamp) as ends, true as gone"]
        if index:
            ends = gone[TO]
            until = "cast(null as timestamp)" if ends is None else moment(ends)
            changes.append(f"select {text(versions[index - 1][ID])}, {until}, false")
        query(
            connection,
            f"merge into {self.table} as kept using ({' union all '.join(changes)}) as change"
            f" on kept.{ID} = change.id"
            " when matched and change.gone then delete"
            f" when matched then update set {TO} = change.ends",
        )
        return gone


def _same(one: datetime, other: datetime) -> bool:
    return one.replace(tzinfo=None) == other.replace(tzinfo=None)
