"""Whether two versions of a product hold the same rows."""

from __future__ import annotations

from typing import TYPE_CHECKING

from f1mesh.client import query
from f1mesh.contracts.model import Contract
from f1mesh.contracts.table_version import TableVersion
from f1mesh.publication.sql_text import columns

if TYPE_CHECKING:
    from databricks.sql.client import Connection


def row_count(connection: Connection, at: TableVersion) -> int:
    """From the table's statistics where the warehouse has them."""
    return int(query(connection, f"select count(*) as n from {at}").column("n")[0].as_py())


def same_content(
    connection: Connection, contract: Contract, table: str, one: int, other: int
) -> bool:
    """Equal as multisets of rows over the contract's columns (`except all`: duplicates count, and
    null equals null). With equal counts, nothing missing in one direction is enough."""
    first, second = TableVersion(table, one), TableVersion(table, other)
    if row_count(connection, first) != row_count(connection, second):
        return False
    named = columns(contract.names)
    differing = query(
        connection,
        f"select count(*) as n from (select {named} from {first}"
        f" except all select {named} from {second}) as differing",
    )
    return bool(differing.column("n")[0].as_py() == 0)
