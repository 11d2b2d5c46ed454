"""The published view of a product: which version it shows, and everything known of that version.

The view's properties are the truth. One `create or replace view` changes the pointer and them
together, so that there is no moment at which they disagree.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from f1mesh.client import query
from f1mesh.contracts.model import Column, Contract
from f1mesh.contracts.table_version import TableVersion
from f1mesh.schemas import Schemas
from f1mesh.sql_text import columns, quoted, text

if TYPE_CHECKING:
    from databricks.sql.client import Connection

_PREFIX = "f1mesh."
_NOT_FOUND = ("TABLE_OR_VIEW_NOT_FOUND", "SCHEMA_NOT_FOUND", "NO_SUCH_TABLE")


@dataclass(frozen=True)
class Pointer:
    """What a published view shows and what it says of it."""

    version: int
    contract_version: str
    contract_digest: str
    published_at: datetime
    rows: int
    checks: int
    check: str  # in words: "passed 48 checks"
    run_id: str

    def properties(self) -> dict[str, str]:
        """As properties of the view."""
        return {
            "version": str(self.version),
            "contract_version": self.contract_version,
            "contract_digest": self.contract_digest,
            "published_at": self.published_at.isoformat(),
            "rows": str(self.rows),
            "checks": str(self.checks),
            "check": self.check,
            "run_id": self.run_id,
        }

    @classmethod
    def of(cls, found: dict[str, str]) -> Pointer | None:
        """From a view's properties; None if this platform has not written the view."""
        own = {k.removeprefix(_PREFIX): v for k, v in found.items() if k.startswith(_PREFIX)}
        if "version" not in own:
            return None
        return cls(
            version=int(own["version"]),
            contract_version=own["contract_version"],
            contract_digest=own["contract_digest"],
            published_at=datetime.fromisoformat(own["published_at"]),
            rows=int(own["rows"]),
            checks=int(own["checks"]),
            check=own["check"],
            run_id=own["run_id"],
        )


def view_of(schemas: Schemas, contract: Contract) -> str:
    return schemas.view(contract.domain, contract.product)


def table_of(schemas: Schemas, contract: Contract) -> str:
    """The private table that dbt builds and the view points into."""
    return schemas.table(contract.domain, contract.product)


def read_pointer(connection: Connection, schemas: Schemas, contract: Contract) -> Pointer | None:
    """Where the product's view points; None if it was never published."""
    return read_view(connection, view_of(schemas, contract))


def read_view(connection: Connection, relation: str) -> Pointer | None:
    """Where a relation points; None if it is not there, or is no published view."""
    try:
        found = query(connection, f"show tblproperties {relation}")
    except Exception as error:
        if is_missing(error):
            return None
        raise
    return Pointer.of({row["key"]: row["value"] for row in found.to_pylist()})


def move_pointer(
    connection: Connection, schemas: Schemas, contract: Contract, pointer: Pointer
) -> None:
    """Point the view at `pointer.version`, with the contract's columns in its order."""
    schema = f"{schemas.catalog}.{schemas.published(contract.domain)}"
    query(connection, f"create schema if not exists {schema}")
    query(connection, view_statement(schemas, contract, pointer))


def view_statement(schemas: Schemas, contract: Contract, pointer: Pointer) -> str:
    """The one statement that publishes."""
    properties = ", ".join(
        f"{text(_PREFIX + key)} = {text(value)}" for key, value in pointer.properties().items()
    )
    source = TableVersion(table_of(schemas, contract), pointer.version)
    return (
        f"create or replace view {view_of(schemas, contract)}"
        f" ({', '.join(_declared(column) for column in contract.columns)})"
        f" comment {text(contract.summary)}"
        f" tblproperties ({properties})"
        f" as select {columns(contract.names)} from {source}"
    )


def is_missing(error: Exception) -> bool:
    """Whether a statement failed because its table, view or schema is not there."""
    return any(code in str(error).upper() for code in _NOT_FOUND)


def _declared(column: Column) -> str:
    return f"{quoted(column.name)} comment {text(column.description)}"
