"""Run a sync: every stream read, landed and reported."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

from f1mesh.client import Target, connect
from f1mesh.errors import MeshError, PermanentError, TransientError
from f1mesh.ingestion.destination import Conflict, RawTable
from f1mesh.ingestion.evolution import Drift
from f1mesh.ingestion.readers.opening import opened
from f1mesh.ingestion.readers.reader import Reader
from f1mesh.ingestion.sync import Stream, Sync
from f1mesh.ingestion.tables import RawTables
from f1mesh.registry import Domain
from f1mesh.sources.connections import source_url
from f1mesh.workspace import Workspace

_REASONS = {True: "its state was not found", False: "its settings in the sync file changed"}
_KEYS_DIFFER = "the source has keys that no increment brought"
_ATTEMPTS = 5


Progress = Callable[[str], None]
"""Is told, line by line, what follows now: "<stream> reading", "landing" or, all done, "landed"."""


@dataclass(frozen=True)
class StreamResult:
    """What a sync did to one stream."""

    stream: str
    mode: str  # "<sync_mode>+<destination_mode>"
    records_read: int
    records_written: int
    deleted: int | None  # keys gone, where the whole stream was replaced and has a key
    cursor_before: Any
    cursor_after: Any
    generation_id: int
    version: int  # of the Delta table
    seconds: float
    drift: tuple[Drift, ...]

    def details(self) -> dict[str, Any]:
        """What programs want of it, as plain JSON values."""
        return {
            "stream": self.stream,
            "mode": self.mode,
            "records_read": self.records_read,
            "records_written": self.records_written,
            "deleted": self.deleted,
            "version": self.version,
            "drift": [str(change) for change in self.drift],
        }


@dataclass(frozen=True)
class SyncResult:
    """What a sync did, stream by stream in the order of its file."""

    domain: str
    sync: str
    streams: tuple[StreamResult, ...]
    seconds: float

    @property
    def records_read(self) -> int:
        return sum(stream.records_read for stream in self.streams)

    @property
    def records_written(self) -> int:
        return sum(stream.records_written for stream in self.streams)

    def told(self) -> str:
        """One line for people."""
        return f"{self.records_read:,} records read, {self.records_written:,} written"

    def details(self) -> dict[str, Any]:
        """The same as plain JSON values, stream by stream."""
        return {
            "records_read": self.records_read,
            "records_written": self.records_written,
            "streams": [stream.details() for stream in self.streams],
        }


@dataclass(frozen=True)
class StreamStatus:
    """What the raw table of a stream says about its last sync; None where there was none."""

    sync: str
    stream: str
    table: str
    rows: int
    last_sync_at: str | None
    cursor: Any
    generation_id: int | None
    version: int | None


def run_sync(
    sync: Sync,
    domain: Domain,
    workspace: Workspace,
    target: Target,
    *,
    full_refresh: bool = False,
    progress: Progress | None = None,
) -> SyncResult:
    """Move every stream of a sync from its source to its raw table.

    With `full_refresh`, every stream is read from scratch and put in the place of what is landed.
    Streams stand on their own: where one fails, the others are landed all the same, and the
    failures are raised after that (PermanentError if one of them is, else TransientError).
    """
    began = time.perf_counter()
    tell = _one_at_a_time(progress)
    remedy = f"./f1 sync run {domain.name} {sync.name} --full-refresh"
    url = source_url(sync.source.connection, workspace)
    with opened(sync, url) as reader, connect(target) as connection:
        tables = RawTables(connection, target.schemas, domain.name)

        def run(stream: Stream) -> StreamResult:
            return _run_stream(stream, reader, tables, remedy, full_refresh, tell)

        with ThreadPoolExecutor(reader.parallel, thread_name_prefix="sync") as pool:
            futures = [pool.submit(run, stream) for stream in sync.streams]
        _raise_failures(futures)
        results = tuple(future.result() for future in futures)
    return SyncResult(domain.name, sync.name, results, time.perf_counter() - began)


def sync_status(sync: Sync, domain: Domain, target: Target) -> tuple[StreamStatus, ...]:
    """The state of every stream of a sync, as its raw table tells it."""
    with connect(target) as connection:
        tables = RawTables(connection, target.schemas, domain.name)
        return tuple(_status(sync, stream, tables) for stream in sync.streams)


def _one_at_a_time(progress: Progress | None) -> Progress:
    """The streams' threads tell in turn, so that lines never mix."""
    turn = threading.Lock()

    def tell(line: str) -> None:
        if progress is not None:
            with turn:
                progress(line)

    return tell


def _run_stream(
    stream: Stream,
    reader: Reader,
    tables: RawTables,
    remedy: str,
    full_refresh: bool,
    tell: Progress,
) -> StreamResult:
    for attempt in range(1, _ATTEMPTS + 1):
        try:
            return _attempt(stream, reader, tables, remedy, full_refresh, tell)
        except Conflict:
            if attempt == _ATTEMPTS:
                raise
            time.sleep(0.05 * attempt)
    raise AssertionError("unreachable")


def _attempt(
    stream: Stream,
    reader: Reader,
    tables: RawTables,
    remedy: str,
    full_refresh: bool,
    tell: Progress,
) -> StreamResult:
    began = time.perf_counter()
    table = RawTable(tables, stream, remedy)
    state = table.state
    continues = state is not None and state.continues(stream)
    resume = (
        state.resume if state and continues and stream.incremental and not full_refresh else None
    )
    replaces = full_refresh or (
        resume is None if stream.incremental else stream.destination_mode != "append"
    )
    tell(f"{stream.name} reading")
    extract = reader.read(stream, resume)
    reason = _REASONS[state is None]
    if not replaces and not table.reconciles(extract):
        reason, resume, replaces = _KEYS_DIFFER, None, True
        tell(f"{stream.name} reading from scratch: {reason}")
        extract = reader.read(stream, None)
    tell(f"{stream.name} landing {extract.records.num_rows:,} records")
    reloaded = stream.incremental and resume is None and not full_refresh and table.rows > 0
    landed = table.land(extract, replaces=replaces)
    tell(f"{stream.name} landed {landed.records:,} records")
    return StreamResult(
        stream=stream.name,
        mode=stream.mode,
        records_read=extract.records.num_rows,
        records_written=landed.records,
        deleted=landed.deleted,
        cursor_before=state.cursor if state else None,
        cursor_after=landed.state.cursor,
        generation_id=landed.state.generation_id,
        version=landed.version,
        seconds=time.perf_counter() - began,
        drift=(*((_reload(reason),) if reloaded else ()), *landed.drift),
    )


def _reload(reason: str) -> Drift:
    return Drift("reloaded", None, f"{reason}: read from scratch")


def _status(sync: Sync, stream: Stream, tables: RawTables) -> StreamStatus:
    table = RawTable(tables, stream, remedy="")
    state = table.state
    return StreamStatus(
        sync=sync.name,
        stream=stream.name,
        table=tables.full_name(stream.name),
        rows=table.rows,
        last_sync_at=state.extracted_at if state else None,
        cursor=state.cursor if state else None,
        generation_id=state.generation_id if state else None,
        version=table.version,
    )


def _raise_failures(futures: list[Future[StreamResult]]) -> None:
    errors = [error for future in futures if (error := future.exception()) is not None]
    unforeseen = [error for error in errors if not isinstance(error, MeshError)]
    if unforeseen:
        raise unforeseen[0]
    if len(errors) == 1:
        raise errors[0]
    if errors:
        permanent = any(isinstance(error, PermanentError) for error in errors)
        kind = PermanentError if permanent else TransientError
        told = "\n".join(f"- {error}" for error in errors)
        raise kind(f"{len(errors)} streams failed:\n{told}") from errors[0]
