"""The evidence of a domain's builds, kept in the warehouse beside what was built.

`<domain>_marts._built` holds one row, put in the place of the one before in one commit. Whatever
goes wrong with it, or between a build and it, only costs a build.
"""

from __future__ import annotations

from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from f1mesh.client import Target, connect, query
from f1mesh.sql_text import quoted, text
from f1mesh.transformation.evidence import BUILT, Evidence

if TYPE_CHECKING:
    from databricks.sql.client import Connection

_ASKERS = 4  # connections that ask for versions at once


@dataclass(frozen=True)
class BuildLog:
    """The log of one domain; `schema` is where its products are built."""

    target: Target
    schema: str

    @property
    def table(self) -> str:
        return ".".join(map(quoted, (self.target.catalog, self.schema, "_built")))

    def read(self) -> Evidence:
        """The evidence; none (so that everything is built) where it is missing or unreadable."""
        from databricks.sql.exc import Error

        try:
            with connect(self.target) as connection:
                rows = query(connection, f"select evidence from {self.table}").to_pylist()
            return Evidence.from_json(rows[0]["evidence"]) if rows else Evidence()
        except (Error, ValueError, TypeError, KeyError):
            return Evidence()

    def write(self, evidence: Evidence) -> None:
        """Put the evidence in the place of what is there."""
        with connect(self.target) as connection:
            query(
                connection,
                f"create or replace table {self.table} comment"
                " 'What the last builds of this domain stood on: see `./f1 run --no-skip`.'"
                f" as select {text(evidence.to_json())} as evidence",
            )

    def tables(self, manifest: Mapping[str, Any]) -> dict[str, str]:
        """Names the content of each node's relation, as it is now; missing ones are left out.

        A view has none of its own: it is there, and its name is all that is said of it.
        """
        relations = {
            key: (node["schema"].lower(), node["alias"].lower())
            for key, node in manifest["nodes"].items()
            if node["resource_type"] in BUILT
        }
        with connect(self.target) as connection:
            kinds = self._kinds(connection, {schema for schema, _ in relations.values()})
        there = {key: name for key, name in relations.items() if name in kinds}
        keys = [key for key, name in there.items() if kinds[name] != "VIEW"]
        with ThreadPoolExecutor(_ASKERS, thread_name_prefix="versions") as pool:
            parts = [keys[start::_ASKERS] for start in range(_ASKERS)]
            versions = pool.map(lambda part: self._versions([there[key] for key in part]), parts)
            found = {
                key: version
                for part, told in zip(parts, versions, strict=True)
                for key, version in zip(part, told, strict=True)
            }
        return {key: found.get(key, "view") for key in there}

    def _kinds(self, connection: Connection, schemas: set[str]) -> dict[tuple[str, str], str]:
        listed = ", ".join(map(text, sorted(schemas)))
        rows = query(
            connection,
            "select table_schema, table_name, table_type"
            f" from {quoted(self.target.catalog)}.information_schema.tables"
            f" where table_schema in ({listed})",
        ).to_pylist()
        return {(r["table_schema"], r["table_name"]): str(r["table_type"]) for r in rows}

    def _versions(self, relations: list[tuple[str, str]]) -> list[str]:
        """Version and moment of each table's last commit: made anew, it has another moment."""
        if not relations:
            return []
        with connect(self.target) as connection:
            return [self._version(connection, *relation) for relation in relations]

    def _version(self, connection: Connection, schema: str, name: str) -> str:
        table = ".".join(map(quoted, (self.target.catalog, schema, name)))
        (row,) = query(connection, f"describe history {table} limit 1").to_pylist()
        return f"{row['version']}@{row['timestamp'].isoformat()}"
