"""One version of a table, through the standard client."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from f1mesh.client import query
from f1mesh.sql_types import from_arrow

if TYPE_CHECKING:
    from databricks.sql.client import Connection


@dataclass(frozen=True)
class TableVersion:
    """A Delta table (three-level name) as of one version."""

    table: str
    version: int

    def __str__(self) -> str:
        return f"{self.table} version as of {self.version}"

    def physical_columns(self, connection: Connection) -> dict[str, str]:
        """Names and types in order. From the Arrow schema of an empty result: the Thrift metadata
        of a statement does not tell `timestamp` from `timestamp_ntz`, and there is no
        `describe ... version as of`."""
        empty = query(connection, f"select * from {self} limit 0")
        return {field.name: from_arrow(field.type) for field in empty.schema}


def current_version(connection: Connection, table: str) -> int:
    """The newest version of a Delta table."""
    history = query(connection, f"describe history {table} limit 1")
    return int(history.column("version")[0].as_py())


def current_content(connection: Connection, table: str) -> str:
    """Names what a Delta table holds now: its version and that commit's moment. A table that was
    dropped and made anew counts its versions from the start again."""
    (commit,) = query(connection, f"describe history {table} limit 1").to_pylist()
    return f"{commit['version']}@{commit['timestamp'].isoformat()}"


def nullable_columns(connection: Connection, table: str) -> set[str]:
    """The columns of the current version that the table itself allows to be null."""
    described = query(connection, f"describe table extended {table} as json")
    content: dict[str, Any] = json.loads(described.column(0)[0].as_py())
    return {c["name"].lower() for c in content["columns"] if c.get("nullable", True)}
