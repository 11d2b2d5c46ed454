"""What of the Spark Connect client is not public, all of it here: the batches of a result as they
come.

A DataFrame gives its rows as one table (`toArrow`), or one by one as Python's objects: the one
takes memory for the whole result, the other all day. Its client has the batches.

Tied to pyspark-client 4.2.0; tests/test_ties.py says when this may go.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pyarrow as pa


def tables_as_they_come(session: Any, sql: str) -> Iterator[pa.Table]:
    """The parts of a query's result, as the engine makes them; the first one begins the query."""
    import pyarrow as pa

    plan = session.sql(sql)._plan.to_proto(session.client)
    chunks = session.client.to_table_as_iterator(plan, {})
    return (chunk for chunk in chunks if isinstance(chunk, pa.Table))
