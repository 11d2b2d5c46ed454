"""Airbyte's metadata columns, which every raw row carries.

`_airbyte_raw_id` names the row, `_airbyte_extracted_at` says when it was read, `_airbyte_meta`
which sync landed it and what was changed in it, `_airbyte_generation_id` which refresh it belongs
to.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from datetime import datetime

import pyarrow as pa
import pyarrow.compute as pc

from f1mesh.ingestion.columns import TIMESTAMP

RAW_ID = "_airbyte_raw_id"
EXTRACTED_AT = "_airbyte_extracted_at"
META = "_airbyte_meta"
GENERATION_ID = "_airbyte_generation_id"

SCHEMA = pa.schema(
    [
        (RAW_ID, pa.string()),
        (EXTRACTED_AT, TIMESTAMP),
        (META, pa.string()),
        (GENERATION_ID, pa.int64()),
    ]
)


def with_metadata(
    records: pa.Table,
    misfits: Mapping[str, tuple[int, ...]],
    *,
    sync_id: int,
    generation_id: int,
    extracted_at: datetime,
) -> pa.Table:
    """The records with the metadata columns in front."""
    rows = records.num_rows
    meta = [
        uuids(rows),
        pa.repeat(pa.scalar(extracted_at, TIMESTAMP), rows),
        _meta(rows, misfits, sync_id),
        pa.repeat(pa.scalar(generation_id, pa.int64()), rows),
    ]
    return pa.Table.from_arrays(
        [*meta, *records.columns], schema=pa.schema([*SCHEMA, *records.schema])
    )


def uuids(count: int) -> pa.Array:
    """Random UUIDs (version 4, RFC 9562) as text; made at once, for a million takes a second."""
    raw = bytearray(os.urandom(16 * count))
    raw[6::16] = bytes(octet & 0x0F | 0x40 for octet in raw[6::16])
    raw[8::16] = bytes(octet & 0x3F | 0x80 for octet in raw[8::16])
    digits = (
        pa.Array.from_buffers(pa.binary(32), count, [None, pa.py_buffer(raw.hex().encode())])
        .cast(pa.binary())
        .cast(pa.string())
    )
    parts = [pc.utf8_slice_codeunits(digits, a, b) for a, b in _UUID_PARTS]
    return pc.binary_join_element_wise(*parts, "-")


_UUID_PARTS = ((0, 8), (8, 12), (12, 16), (16, 20), (20, 32))


def _meta(rows: int, misfits: Mapping[str, tuple[int, ...]], sync_id: int) -> pa.Array:
    changes: dict[int, list[dict[str, str]]] = {}
    for column, places in misfits.items():
        for row in places:
            change = {"field": column, "change": "NULLED", "reason": "DESTINATION_TYPECAST_ERROR"}
            changes.setdefault(row, []).append(change)
    untouched = json.dumps({"sync_id": sync_id, "changes": []}, separators=(",", ":"))
    if not changes:
        return pa.repeat(untouched, rows)
    values = [untouched] * rows
    for row, entries in changes.items():
        values[row] = json.dumps({"sync_id": sync_id, "changes": entries}, separators=(",", ":"))
    return pa.array(values, pa.string())
