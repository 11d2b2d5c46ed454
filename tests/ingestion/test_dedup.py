"""The core of upserts: the newest record per key, in whatever order the records arrive."""

from __future__ import annotations

from collections import Counter

import pyarrow as pa
from hypothesis import given, settings
from hypothesis import strategies as st

from f1mesh.ingestion import dedup

Record = tuple[int | None, str | None, int | None]  # two columns of a key, a cursor

RECORDS = st.lists(
    st.tuples(
        st.one_of(st.none(), st.integers(0, 4)),
        st.one_of(st.none(), st.sampled_from("ab")),
        st.one_of(st.none(), st.integers(0, 5)),
    ),
    max_size=40,
)
SCHEMA = pa.schema([("k1", pa.int32()), ("k2", pa.string()), ("at", pa.timestamp("us", "UTC"))])


def table(records: list[Record]) -> pa.Table:
    columns = list(zip(*records, strict=True)) or [(), (), ()]
    arrays = [pa.array(c, f.type) for c, f in zip(columns, SCHEMA, strict=True)]
    return pa.Table.from_arrays(arrays, schema=SCHEMA)


def expected(records: list[Record]) -> list[int]:
    """One record after the other, as a MERGE takes them: not older than what is there wins."""
    best: dict[tuple[int | None, str | None], int] = {}
    for row, (k1, k2, at) in enumerate(records):
        held = best.get((k1, k2))
        there = records[held][2] if held is not None else None
        if held is None or there is None or (at is not None and at >= there):
            best[k1, k2] = row
    return sorted(best.values())


@settings(deadline=None)
@given(RECORDS)
def test_the_newest_per_key_wins_whatever_the_order(records: list[Record]) -> None:
    assert dedup.newest(table(records), ["k1", "k2"], "at").to_pylist() == expected(records)


@settings(deadline=None)
@given(RECORDS, st.randoms())
def test_shuffling_changes_only_which_of_equals_is_kept(
    records: list[Record], chance: object
) -> None:
    shuffled = list(records)
    chance.shuffle(shuffled)  # type: ignore[attr-defined]

    kept = [records[row] for row in dedup.newest(table(records), ["k1", "k2"], "at").to_pylist()]
    other = [shuffled[row] for row in dedup.newest(table(shuffled), ["k1", "k2"], "at").to_pylist()]

    assert Counter(kept) == Counter(other)


@settings(deadline=None)
@given(RECORDS, st.integers(0, 40))
def test_batch_by_batch_gives_the_same_as_all_at_once(records: list[Record], cut: int) -> None:
    first = records[:cut]
    landed = [first[row] for row in dedup.newest(table(first), ["k1", "k2"], "at").to_pylist()]
    both = landed + records[cut:]

    in_two = [both[row] for row in dedup.newest(table(both), ["k1", "k2"], "at").to_pylist()]

    at_once = [records[row] for row in expected(records)]
    assert Counter(in_two) == Counter(at_once)


@settings(deadline=None)
@given(RECORDS)
def test_without_a_cursor_the_last_read_wins(records: list[Record]) -> None:
    last = {(k1, k2): row for row, (k1, k2, _) in enumerate(records)}

    assert dedup.newest(table(records), ["k1", "k2"], None).to_pylist() == sorted(last.values())


@settings(deadline=None)
@given(RECORDS, RECORDS)
def test_not_among_is_a_difference_of_multisets(
    records: list[Record], landed: list[Record]
) -> None:
    fresh = [records[row] for row in dedup.not_among(table(records), table(landed)).to_pylist()]

    assert Counter(fresh) == Counter(records) - Counter(landed)
