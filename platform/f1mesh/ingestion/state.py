"""The state of a stream, kept in the raw table's own Delta log.

Each commit of a sync carries the state that holds once its rows are in, so there is no moment in
which one is there without the other. Other commits on the table (OPTIMIZE, VACUUM, table
properties) carry none: the state is that of the last commit of a sync.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from typing import TYPE_CHECKING, Any, Self

from f1mesh.ingestion.sync import Stream

if TYPE_CHECKING:
    from deltalake import DeltaTable

KEY = "f1mesh.state"
APPLICATION = "f1mesh.ingestion"  # of the Delta transaction id: two syncs at once conflict on it

_RECENT = 25
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
    """The state at the table's version; None where there is none that describes its rows."""
    for limit in (1, _RECENT, None):
        commits = table.history(limit)
        found, settled = _search(commits, table.version())
        if settled or (limit is not None and len(commits) < limit):
            return found
    return None


def _search(commits: list[dict[str, Any]], version: int) -> tuple[SyncState | None, bool]:
    """The state that holds at `version`, and whether these commits (newest first) decide it.
    Where somebody else wrote rows since, what it says of the content holds no more."""
    touched = False
    for commit in commits:
        if commit["version"] > version:
            continue
        if KEY in commit:
            state = SyncState.from_json(commit[KEY])
            return (replace(state, content="") if touched else state), True
        parameters = commit.get("operationParameters") or {}
        operation = str(commit.get("operation", ""))
        if operation == "RESTORE" and "version" in parameters:
            version = int(parameters["version"])  # the rows, and so the state, of back then
        elif _starts_afresh(operation, parameters):
            return None, True
        else:
            touched = touched or not operation.startswith(_UPKEEP)
    return None, False


def _starts_afresh(operation: str, parameters: Mapping[str, Any]) -> bool:
    """Whether a commit of somebody else put other rows in the place of those that were synced."""
    overwrote = operation == "WRITE" and parameters.get("mode") == "Overwrite"
    return overwrote or operation.startswith(("CREATE", "REPLACE", "TRUNCATE"))
