"""The state of a stream, kept in the raw table's own Delta log.

Each commit of a sync carries the state that holds once its rows are in, so there is no moment in
which one is there without the other. Other commits on the table (OPTIMIZE, VACUUM, table
properties) carry none: the state is that of the last commit of a sync.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self
from urllib.parse import unquote, urlsplit

from f1mesh.ingestion.sync import Stream

if TYPE_CHECKING:
    from deltalake import DeltaTable

KEY = "f1mesh.state"
APPLICATION = "f1mesh.ingestion"  # of the Delta transaction id: two syncs at once conflict on it

_UPKEEP = ("OPTIMIZE", "VACUUM", "SET TBLPROPERTIES")  # commits that leave the rows as they are


@dataclass(frozen=True)
class SyncState:
    """What the last sync of a stream left behind."""

    sync_id: int
    generation_id: int
    extracted_at: str  # ISO 8601, UTC
    records: int  # landed by this sync
    settings: Mapping[str, Any]  # of the stream, when it was synced
    resume: Mapping[str, Any] = field(default_factory=dict)
    content: str = ""  # names the rows: another one as soon as a value differs, metadata aside

    def to_json(self) -> str:
        return json.dumps(asdict(self), sort_keys=True)

    @classmethod
    def from_json(cls, text: str) -> Self:
        return cls(**json.loads(text))

    @property
    def cursor(self) -> Any:
        """The value up to which the stream is landed, where its reader names one."""
        return self.resume.get("cursor", dict(self.resume) or None)

    def continues(self, stream: Stream) -> bool:
        """Whether the next increment of the stream can be added to what is landed."""
        return bool(self.settings == settings_of(stream))


def settings_of(stream: Stream) -> dict[str, Any]:
    """What must stay the same for an increment to fit to those before it."""
    return {
        "sync_mode": stream.sync_mode,
        "destination_mode": stream.destination_mode,
        "cursor": stream.cursor,
        "primary_key": list(stream.primary_key),
    }


def last_state(table: DeltaTable) -> SyncState | None:
    """The state at the table's version; None where there is none that describes its rows. Where
    somebody else wrote rows since, what it says of the content holds no more."""
    version, touched = table.version(), False
    for commit in commits(table):
        if commit["version"] > version:
            continue
        if KEY in commit:
            state = SyncState.from_json(commit[KEY])
            return replace(state, content="") if touched else state
        parameters = commit.get("operationParameters") or {}
        operation = str(commit.get("operation", ""))
        if operation == "RESTORE" and "version" in parameters:
            version = int(parameters["version"])  # the rows, and so the state, of back then
        elif _starts_afresh(operation, parameters):
            return None
        else:
            touched = touched or not operation.startswith(_UPKEEP)
    return None


def commits(table: DeltaTable) -> Iterator[dict[str, Any]]:
    """What the table's log says of its commits, newest first, as far back as the log goes.

    Read from its files: `history()` of delta-rs 1.6 finds none below a folder whose name a URL has
    to escape.
    """
    log = Path(unquote(urlsplit(table.table_uri).path)) / "_delta_log"
    for version in range(table.version(), -1, -1):
        try:
            actions = (log / f"{version:020}.json").read_text(encoding="utf-8").splitlines()
        except FileNotFoundError:
            return
        told = next((line for line in actions if '"commitInfo"' in line[:20]), "{}")
        yield {**json.loads(told).get("commitInfo", {}), "version": version}


def _starts_afresh(operation: str, parameters: Mapping[str, Any]) -> bool:
    """Whether a commit of somebody else put other rows in the place of those that were synced."""
    overwrote = operation == "WRITE" and parameters.get("mode") == "Overwrite"
    return overwrote or operation.startswith(("CREATE", "REPLACE", "TRUNCATE"))
