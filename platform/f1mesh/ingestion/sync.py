"""The schema of sync files: what is moved from where, and how, in the terms of Airbyte.

| sync_mode    | destination_mode | in Airbyte                      | the raw table then holds     |
|--------------|------------------|---------------------------------|------------------------------|
| full_refresh | overwrite        | Full refresh, Overwrite         | the source as it is now      |
| full_refresh | append           | Full refresh, Append            | every reading of the source  |
| full_refresh | upsert           | Full refresh, Overwrite, Deduped| newest per key, as it is now |
| incremental  | append           | Incremental, Append             | every version of a record    |
| incremental  | upsert           | Incremental, Append, Deduped    | newest per key               |
"""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, StringConstraints
from pydantic import model_validator as check

from f1mesh.document import read_document, refusal
from f1mesh.validation import validated

Name = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]*$")]
StreamName = Annotated[str, StringConstraints(pattern=r"^[A-Za-z][A-Za-z0-9_]*$")]
ColumnName = Annotated[str, StringConstraints(min_length=1)]

SyncMode = Literal["full_refresh", "incremental"]
DestinationMode = Literal["overwrite", "append", "upsert"]
Deletions = Literal["ignore", "reconcile"]


class _Model(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)


class PostgresSource(_Model):
    """Tables of one schema of a PostgreSQL database; a stream is a table."""

    type: Literal["postgres"]
    connection: Name
    schema_name: str = Field(default="public", alias="schema")


class ManifestSource(_Model):
    """An HTTP API, read by the Airbyte low-code connector of a manifest beside the sync file."""

    type: Literal["manifest"]
    connection: Name
    manifest: str


class Stream(_Model):
    """One stream of a source and how it is read and landed."""

    name: StreamName
    sync_mode: SyncMode
    destination_mode: DestinationMode
    cursor: ColumnName | None = None
    primary_key: tuple[ColumnName, ...] = ()
    columns: tuple[ColumnName, ...] | None = None
    lookback_seconds: Annotated[int, Field(ge=0)] = 0
    deletions: Deletions = "ignore"
    """How an increment learns what the source took back: not at all, or by comparing keys."""

    @property
    def mode(self) -> str:
        return f"{self.sync_mode}+{self.destination_mode}"

    @property
    def incremental(self) -> bool:
        return self.sync_mode == "incremental"

    @property
    def upsert(self) -> bool:
        return self.destination_mode == "upsert"

    @check(mode="after")
    def _modes_fit(self) -> Self:
        if self.upsert and not self.primary_key:
            raise ValueError("destination_mode upsert needs primary_key: list the key columns")
        if self.incremental and self.cursor is None:
            raise ValueError("sync_mode incremental needs cursor: name the column that grows")
        if self.destination_mode == "overwrite" and self.incremental:
            raise ValueError(
                "destination_mode overwrite would keep only the last increment: "
                "use it with sync_mode full_refresh, or take append or upsert"
            )
        if self.cursor is not None and not (self.incremental or self.upsert):
            raise ValueError(f"cursor has no meaning for {self.mode}: remove it")
        if self.lookback_seconds and not self.incremental:
            raise ValueError("lookback_seconds is for sync_mode incremental: remove it")
        if self.deletions != "ignore" and not (self.incremental and self.upsert):
            raise ValueError("deletions is for incremental streams with upsert: remove it")
        return self

    @check(mode="after")
    def _columns_fit(self) -> Self:
        for key, names in (("primary_key", self.primary_key), ("columns", self.columns or ())):
            if twice := _repeated(names):
                raise ValueError(f"{key} names {twice} twice: name each column once")
        if self.columns is not None:
            wanted = (*self.primary_key, *([self.cursor] if self.cursor else []))
            if missing := [name for name in wanted if name not in self.columns]:
                raise ValueError(
                    f"columns lacks {', '.join(missing)}: add the key and the cursor to it"
                )
        return self


class Sync(_Model):
    """One sync of a domain: a source and the streams taken from it."""

    name: Name
    description: str
    source: Annotated[PostgresSource | ManifestSource, Field(discriminator="type")]
    streams: Annotated[tuple[Stream, ...], Field(min_length=1)]
    path: Path

    @check(mode="after")
    def _streams_differ(self) -> Self:
        if twice := _repeated(stream.name.lower() for stream in self.streams):
            raise ValueError(f"streams names {twice} twice: a stream is landed in one table")
        keyed = [stream.name for stream in self.streams if stream.deletions == "reconcile"]
        if keyed and self.source.type != "postgres":
            raise ValueError(
                f"deletions: reconcile of {keyed[0]} needs a source that lists its keys: "
                "take postgres, or read the stream with sync_mode full_refresh"
            )
        return self


def load_sync(path: Path) -> Sync:
    """Read one sync file; raises PermanentError naming file, line, every wrong key, what to do."""
    document = read_document(path)
    sync = validated(Sync, document, path=path)
    if sync.name != path.stem:
        message = (
            f"'{sync.name}' must be '{path.stem}': a sync is named after its file. Correct it, or "
            f"rename the file to {sync.name}.yaml"
        )
        raise refusal([document.problem(("name",), message)])
    return sync


def _repeated(names: Any) -> str | None:
    return next((name for name, count in Counter(names).items() if count > 1), None)
