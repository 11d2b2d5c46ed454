"""The one destination: a stream's records, and the state that goes with them, in one Delta commit.

However a sync ends, the raw table holds either the rows and the state of before, or those of after.
Two syncs of one stream at once conflict when they commit (both carry the transaction id of
`state.py`): the later one fails with a Conflict and starts again from the state that the other
left.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.compute as pc

from f1mesh.errors import PermanentError, TransientError
from f1mesh.ingestion import dedup, metadata
from f1mesh.ingestion.evolution import Drift, Evolution, conform, evolve
from f1mesh.ingestion.readers.reader import Extract
from f1mesh.ingestion.state import APPLICATION, KEY, SyncState, last_state, settings_of
from f1mesh.ingestion.sync import Stream
from f1mesh.ingestion.tables import RawTables
from f1mesh.plain_path import plain_path
from f1mesh.standard_sql import quoted

if TYPE_CHECKING:
    from deltalake import CommitProperties, DeltaTable


_FILE_BYTES = 8 << 20  # a merge rewrites the files it touches: small ones keep increments cheap

Misfits = Mapping[str, tuple[int, ...]]


class Conflict(TransientError):
    """Somebody else committed to the table since its state was read."""


@dataclass(frozen=True)
class Landed:
    """What one landing did to a raw table."""

    records: int
    deleted: int | None  # keys that are gone; None where nobody looked
    version: int
    state: SyncState
    drift: tuple[Drift, ...]


class RawTable:
    """The raw table of one stream, at the version that it had when it was opened."""

    def __init__(self, tables: RawTables, stream: Stream, remedy: str) -> None:
        self._tables = tables
        self._stream = stream
        self._remedy = remedy
        self._name = tables.full_name(stream.name)
        self._location = tables.locate(stream.name)
        self._delta = open_table(self._location) if self._location else None
        with translated(self._name):
            self.state = last_state(self._delta) if self._delta else None

    @property
    def rows(self) -> int:
        """Rows of the table, from Delta's statistics."""
        return int(self._delta.count()) if self._delta else 0

    @property
    def version(self) -> int | None:
        return self._delta.version() if self._delta else None

    def reconciles(self, extract: Extract) -> bool:
        """Whether the keys of an increment tell what is gone: each of them is landed already or
        among the records, as the same type. A row may be at the source whose cursor never moved
        (its key was changed, or it came back with an old time); then only a full reading is right.
        """
        if extract.keys is None or self._delta is None:
            return True
        names = extract.keys.column_names
        schema = pa.schema(self._delta.schema().to_arrow())
        if any(schema.field(n).type != extract.keys.schema.field(n).type for n in names):
            return False
        if any(extract.keys.column(n).null_count for n in names):
            return False
        landed = conform(self._delta.to_pyarrow_table(columns=names), extract.keys.schema)
        have = pa.concat_tables([landed, extract.records.select(names)])
        return dedup.count_gone(extract.keys, have, names) == 0

    def land(self, extract: Extract, *, replaces: bool) -> Landed:
        """Commit the records and the state after them: added to what is there, or in its place.

        Raises Conflict where another sync was faster, PermanentError where a column's type changed
        in a way that cannot be followed.
        """
        with translated(self._name):
            table = self._delta or self._create(extract.records.schema)
            evolution = self._evolve(table, extract, replaces)
            records, misfits = _settle(extract, self._stream)
            if self._stream.mode == "incremental+append" and not replaces:
                records, misfits = self._without_landed(table, records, misfits, evolution)
            values = conform(records, evolution.columns)
            present = values if replaces else extract.keys
            deleted = self._deleted(table, present) if present is not None else None
            same = not deleted and not evolution.drift and self._has(table, values, replaces)
            state = self._next_state(table, extract, records.num_rows, replaces, same)
            rows = metadata.with_metadata(
                values,
                misfits,
                sync_id=state.sync_id,
                generation_id=state.generation_id,
                extracted_at=extract.extracted_at,
            )
            kept = extract.keys if deleted and not replaces else None
            self._commit(table, rows, evolution, state, replaces, kept)
            version = self._reopened().version()
        drift = (*evolution.drift, *_reported(extract))
        return Landed(records.num_rows, deleted, version, state, drift)

    def _reopened(self) -> DeltaTable:
        if self._location is None:
            raise RuntimeError(f"{self._name} was committed to, but has no location")
        return open_table(self._location)

    def _create(self, columns: pa.Schema) -> DeltaTable:
        schema = pa.schema([*metadata.SCHEMA, *columns])
        self._location = self._tables.create(self._stream.name, schema)
        table = open_table(self._location)
        if last_state(table) is not None:
            raise Conflict(f"{self._name}: another sync made the table meanwhile.")
        return table

    def _evolve(self, table: DeltaTable, extract: Extract, replaces: bool) -> Evolution:
        schema = pa.schema(table.schema().to_arrow())
        if missing := [name for name in metadata.SCHEMA.names if name not in schema.names]:
            raise PermanentError(
                f"{self._name} exists but is no raw table: it lacks {', '.join(missing)}. "
                "Drop it or rename the stream."
            )
        columns = pa.schema([field for field in schema if field.name not in metadata.SCHEMA.names])
        return evolve(
            columns,
            extract.records.schema,
            replaces=replaces,
            place=self._name,
            remedy=self._remedy,
        )

    def _has(self, table: DeltaTable, values: pa.Table, replaces: bool) -> bool:
        """Whether the table holds these very values already, and with `replaces` no others."""
        if not replaces and not values.num_rows:
            return True
        if replaces and table.count() != values.num_rows:
            return False
        known = table.schema().to_arrow().names
        if any(name not in known for name in values.column_names):
            return False
        landed = conform(table.to_pyarrow_table(columns=values.column_names), values.schema)
        if not replaces and (key := list(self._stream.primary_key)):
            landed = dedup.among(landed, values.select(key))
        return len(dedup.not_among(values, landed)) == 0

    def _next_state(
        self, table: DeltaTable, extract: Extract, records: int, replaces: bool, same: bool
    ) -> SyncState:
        before = self.state
        last_sync = max(
            before.sync_id if before else 0, table.transaction_version(APPLICATION) or 0
        )
        generation = before.generation_id if before else _last_generation(table)
        fresh = replaces or not self._stream.incremental
        kept = before.content if before and same else ""
        return SyncState(
            content=kept or f"{table.metadata().id}@{last_sync + 1}",
            sync_id=last_sync + 1,
            generation_id=generation + 1 if fresh else generation,
            extracted_at=extract.extracted_at.isoformat(),
            records=records,
            settings=settings_of(self._stream),
            resume=extract.resume,
        )

    def _without_landed(
        self,
        table: DeltaTable,
        records: pa.Table,
        misfits: Misfits,
        evolution: Evolution,
    ) -> tuple[pa.Table, Misfits]:
        """Leave out what an inclusive reading brought a second time.

        Airbyte promises "at least once" here and doubles the records at the cursor; without them
        the appended table is exact.
        """
        cursor = self._stream.cursor
        assert cursor is not None
        first = pc.min(records.column(cursor)) if records.num_rows else None
        if first is None or not first.is_valid or evolution.rewrites:
            floor = None
        else:
            floor = (pc.field(cursor) >= first) | pc.field(cursor).is_null()
        names = [name for name in records.column_names if name in table.schema().to_arrow().names]
        landed = table.to_pyarrow_table(columns=names, filters=floor)
        landed = conform(landed, evolution.columns)
        fresh = dedup.not_among(conform(records, evolution.columns), landed)
        return records.take(fresh), _moved(misfits, fresh)

    def _deleted(self, table: DeltaTable, rows: pa.Table) -> int | None:
        key = list(self._stream.primary_key)
        schema = pa.schema(table.schema().to_arrow())
        if not key or any(schema.field(k).type != rows.schema.field(k).type for k in key):
            return None
        before = conform(table.to_pyarrow_table(columns=key), rows.select(key).schema)
        return dedup.count_gone(before, rows, key)

    def _commit(
        self,
        table: DeltaTable,
        rows: pa.Table,
        evolution: Evolution,
        state: SyncState,
        replaces: bool,
        present: pa.Table | None,
    ) -> None:
        """`present` has the keys that stay; None where all do."""
        from deltalake import write_deltalake

        properties = _properties(state)
        if replaces:
            _overwrite(table, rows, properties)
        elif evolution.rewrites or present is not None:
            kept = conform(table.to_pyarrow_table(), rows.schema)
            both = pa.concat_tables([kept, rows])
            if self._stream.upsert:
                both = both.take(dedup.newest(both, self._stream.primary_key, self._stream.cursor))
            if present is not None:
                key = both.select(present.column_names).schema
                both = dedup.among(both, conform(present, key))
            _overwrite(table, both, properties)
        elif self._stream.upsert and rows.num_rows:
            self._merge(table, rows, properties)
        else:
            write_deltalake(
                table,
                rows,
                mode="append",
                schema_mode="merge",
                target_file_size=_FILE_BYTES,
                commit_properties=properties,
            )

    def _merge(self, table: DeltaTable, rows: pa.Table, properties: CommitProperties) -> None:
        key = " and ".join(
            f"(t.{quoted(name)} is not distinct from s.{quoted(name)})"
            for name in self._stream.primary_key
        )
        cursor = quoted(self._stream.cursor or "")
        (
            table.merge(
                rows,
                key,
                source_alias="s",
                target_alias="t",
                merge_schema=True,
                commit_properties=properties,
            )
            .when_matched_update_all(f"t.{cursor} is null or s.{cursor} >= t.{cursor}")
            .when_not_matched_insert_all()
            .execute()
        )


def _settle(extract: Extract, stream: Stream) -> tuple[pa.Table, Misfits]:
    """The records to be landed: for an upsert only the newest per key."""
    if not stream.upsert or extract.records.num_rows == 0:
        return extract.records, extract.misfits
    rows = dedup.newest(extract.records, stream.primary_key, stream.cursor)
    if len(rows) == extract.records.num_rows:
        return extract.records, extract.misfits
    return extract.records.take(rows), _moved(extract.misfits, rows)


def _moved(misfits: Misfits, rows: pa.Array) -> Misfits:
    """The misfits of the rows that are kept, counted in their new order."""
    if not misfits:
        return misfits
    place = {old: new for new, old in enumerate(rows.to_pylist())}
    return {
        column: tuple(place[row] for row in places if row in place)
        for column, places in misfits.items()
    }


def _reported(extract: Extract) -> Iterator[Drift]:
    for column, places in extract.misfits.items():
        yield Drift("values_nulled", column, f"{len(places)} values")
    for field in extract.undeclared:
        yield Drift("field_undeclared", field, "not landed: declare it in the stream's schema")


def _properties(state: SyncState) -> CommitProperties:
    from deltalake import CommitProperties, Transaction

    return CommitProperties(
        custom_metadata={KEY: state.to_json()},
        app_transactions=[Transaction(APPLICATION, state.sync_id)],
    )


def _overwrite(table: DeltaTable, rows: pa.Table, properties: CommitProperties) -> None:
    from deltalake import write_deltalake

    write_deltalake(
        table,
        rows,
        mode="overwrite",
        schema_mode="overwrite",
        target_file_size=_FILE_BYTES,
        commit_properties=properties,
    )


def _last_generation(table: DeltaTable) -> int:
    if table.count() == 0:
        return 0
    landed = table.to_pyarrow_table(columns=[metadata.GENERATION_ID])
    return int(pc.max(landed.column(0)).as_py() or 0)


def open_table(location: str) -> DeltaTable:
    """The Delta table at a location that the warehouse told."""
    from deltalake import DeltaTable

    return DeltaTable(plain_path(location.removeprefix("file://")))


@contextmanager
def translated(place: str) -> Iterator[None]:
    """Turn delta-rs' errors into the platform's."""
    from deltalake.exceptions import CommitFailedError, DeltaError

    try:
        yield
    except CommitFailedError as error:
        raise Conflict(f"{place}: somebody else wrote to the table meanwhile: {error}") from error
    except (DeltaError, OSError) as error:
        raise TransientError(f"{place} could not be read or written: {error}") from error
