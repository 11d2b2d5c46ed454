"""The newest record per key.

Newer is the record with the greater cursor; of equal cursors, the one read later. A record without
a cursor is older than any with one. This is the order in which Airbyte's destinations deduplicate.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import pyarrow as pa
import pyarrow.compute as pc

_RANK = "_rank"


def newest(records: pa.Table, key: Sequence[str], cursor: str | None) -> pa.Array:
    """The rows (ascending) of the newest record of each key. Null is a key like any other value."""
    order = _order(records, cursor)
    rank = pc.sort_indices(order)  # the inverse permutation: row -> its place in the order
    keys = records.select(list(key)).append_column(_RANK, rank)
    last = keys.group_by(list(key)).aggregate([(_RANK, "max")]).column(f"{_RANK}_max")
    rows = order.take(last.combine_chunks())
    return rows.take(pc.sort_indices(rows))


def _order(records: pa.Table, cursor: str | None) -> pa.Array:
    """Rows from the oldest to the newest."""
    row = pa.array(range(records.num_rows), pa.uint64())
    if cursor is None:
        return row
    values = records.column(cursor)
    by = pa.table({"set": values.is_valid().cast(pa.int8()), "cursor": values, "row": row})
    return pc.sort_indices(by, sort_keys=[(name, "ascending") for name in by.column_names])


def not_among(records: pa.Table, landed: pa.Table) -> pa.Array:
    """The rows of `records` that have no equal in `landed`, each equal counted once."""
    have = Counter(tuple(row.values()) for row in landed.select(records.column_names).to_pylist())
    fresh: list[int] = []
    for row, record in enumerate(records.to_pylist()):
        identity = tuple(record.values())
        if have[identity]:
            have[identity] -= 1
        else:
            fresh.append(row)
    return pa.array(fresh, pa.int64())


def count_gone(before: pa.Table, after: pa.Table, key: Sequence[str]) -> int:
    """How many keys of `before` `after` does not have."""
    names = list(key)
    left = before.select(names).join(after.select(names), names, join_type="left anti")
    return int(left.num_rows)


def among(records: pa.Table, keys: pa.Table) -> pa.Table:
    """The records whose key is in `keys`, in their order."""
    names = keys.column_names
    row = pa.array(range(records.num_rows), pa.int64())
    have = records.select(names).append_column(_RANK, row)
    kept = have.join(keys, names, join_type="left semi").column(_RANK).combine_chunks()
    return records.take(kept.take(pc.sort_indices(kept)))
