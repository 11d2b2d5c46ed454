"""Whether two versions of a product hold the same rows."""

from __future__ import annotations

from typing import TYPE_CHECKING

from f1mesh.client import query
from f1mesh.contracts.model import Contract
from f1mesh.contracts.table_version import TableVersion
from f1mesh.sql_text import columns

if TYPE_CHECKING:
    from databricks.sql.client import Connection


def same_content(
    connection: Connection, contract: Contract, table: str, one: int, other: int
) -> bool:
    """Equal as multisets of rows over the contract's columns: duplicates count, null equals null.

    Each row counts +1 in one version and -1 in the other; equal versions leave nothing. (As exact
    as `except all`, and measured seven times faster in Sail.)
    """
    named = columns(contract.names)
    sides = " union all ".join(
        f"select {named}, {sign} as row_weight from {TableVersion(table, version)}"
        for version, sign in ((one, 1), (other, -1))
    )
    differing = query(
        connection,
        "select count(*) as n from ("
        f"select {named} from ({sides}) as versions group by {named} having sum(row_weight) <> 0"
        ") as differing",
    )
    return bool(differing.column("n")[0].as_py() == 0)
