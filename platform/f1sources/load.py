"""Bring a history of Formula 1 into the Ergast database: all of it or nothing.

Everything happens in one transaction. `updated_at` is the moment a row was written, yet others see
the row only when the transaction has ended: a reader that goes by `updated_at` must not pass the
start of the oldest transaction that still writes.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from f1mesh.errors import PermanentError
from f1mesh.sources import system
from f1mesh.sources.damage import EMPTIED, LEFT_OUT, Damage, DamageReport
from f1mesh.sources.system import Progress
from f1mesh.workspace import Workspace
from f1sources import database
from f1sources.database import TableChange
from f1sources.ergast_schema import CORE, TABLES
from f1sources.history import HistoryInput
from f1sources.orphans import refuse_lost_parents

if TYPE_CHECKING:
    import pyarrow as pa
    from psycopg import Connection

MAX_DAMAGE = 0.05


@dataclass(frozen=True)
class LoadReport(system.LoadReport):
    """What a load did. `skipped`: the database held exactly this content already.

    Rows per file: `quarantined` were set aside, `emptied` have a value that was read as empty,
    `repeated` said again what another row says and were left out.
    """

    history: str
    source: str
    version: str
    simulated: bool
    reason: str
    fingerprint: str
    skipped: bool = False
    seconds: float = 0.0
    tables: Mapping[str, TableChange] = field(default_factory=dict)
    quarantined: Mapping[str, int] = field(default_factory=dict)
    emptied: Mapping[str, int] = field(default_factory=dict)
    repeated: Mapping[str, int] = field(default_factory=dict)
    examples: tuple[Damage, ...] = ()
    notes: tuple[str, ...] = ()
    quarantine_file: Path | None = None

    def document(self) -> dict[str, Any]:
        return asdict(self)

    def __str__(self) -> str:
        if self.skipped:
            return f"{self.history}: already loaded, nothing to do"
        changes = self.tables.values()
        lines = [
            f"{self.history}: {sum(c.rows for c in changes):,} rows in {self.seconds:.1f} s "
            f"({sum(c.inserted for c in changes):,} new, {sum(c.updated for c in changes):,} "
            f"changed, {sum(c.deleted for c in changes):,} deleted)",
            *(f"  note: {note}" for note in self.notes),
        ]
        for what, counts in (
            ("rows set aside", self.quarantined),
            ("rows with a value read as empty", self.emptied),
            ("repeated rows left out", self.repeated),
        ):
            if counts:
                files = ", ".join(f"{file}: {count}" for file, count in counts.items())
                lines.append(f"  {what} ({files}), all listed in {self.quarantine_file}")
        lines += [f"    {damage}" for damage in self.examples]
        return "\n".join(lines)


def load(
    url: str,
    history: HistoryInput,
    *,
    max_damage: float = MAX_DAMAGE,
    progress: Progress | None = None,
    quarantine: Path | None = None,
    prune: bool | None = None,
) -> LoadReport:
    """Make the database at `url` hold `history`; content that it holds already is left alone.

    What is damaged is listed as JSON lines in the folder `quarantine` (default: the dataset's). A
    value that cannot be read is read as empty where it may be empty, else its row is set aside. If
    that is more than `max_damage` of a file's rows, or a row that others refer to, PermanentError
    is raised and nothing changes.
    `prune`: delete rows that the input no longer has; by default for F1DB and simulated histories,
    which are always whole.
    """
    begin = time.monotonic()
    told = progress or (lambda _text: None)
    fingerprint = history.fingerprint
    report = LoadReport(
        history=history.description,
        source=history.source,
        version=history.version or "unknown",
        simulated=history.simulated,
        reason=history.reason,
        fingerprint=fingerprint,
    )
    folder = quarantine or Workspace.locate(history.dataset).data / "quarantine"
    kept = folder / f"{fingerprint.replace(':', '-')[:24]}.jsonl"
    with database.load_transaction(url) as connection:
        first = database.prepare(connection)
        if not first and database.provenance(connection).get("fingerprint") == fingerprint:
            return replace(report, skipped=True)
        told("reading the history")
        damage = DamageReport()
        tables = _sound_tables(connection, history, damage, first)
        if damage.damages:
            damage.write(kept)
        try:
            refuse_unsound(damage, tables, max_damage)
        except PermanentError as error:
            listed = f"\nAll damage is listed in {kept}." if damage.damages else ""
            raise PermanentError(f"{error}{listed}") from error
        changes = _write(connection, tables, told)
        if prune or (prune is None and history.kind != "ergast"):
            _remove_absent(connection, changes, damage, 1.0 if prune else max_damage)
        database.remember_provenance(connection, _provenance(history, fingerprint, damage))
        told("committing")
    return replace(
        report,
        seconds=time.monotonic() - begin,
        tables=changes,
        quarantined=damage.quarantined(),
        emptied=damage.affected(EMPTIED),
        repeated=damage.affected(LEFT_OUT),
        examples=damage.examples(),
        notes=tuple(damage.notes),
        quarantine_file=kept if damage.damages else None,
    )


def _sound_tables(
    connection: Connection, history: HistoryInput, damage: DamageReport, first: bool
) -> dict[str, pa.Table]:
    from f1sources.integrity import sound_rows

    tables = _read(connection, history, damage, first)
    if not first:
        database.refuse_other_history(connection, tables)
    return sound_rows(tables, database.parent_keys(connection), damage)


def _read(
    connection: Connection, history: HistoryInput, damage: DamageReport, first: bool
) -> dict[str, pa.Table]:
    if history.path is None:
        return _simulated(history)
    if history.kind == "f1db":
        from f1sources.f1db import read_f1db

        return read_f1db(history.path, database.known_ids(connection), damage)
    from f1sources.ergast_csv import read_ergast

    return read_ergast(history.path, damage, first=first)


def _simulated(history: HistoryInput) -> dict[str, pa.Table]:
    import pyarrow as pa

    from f1mesh.sources.csv_files import LINE
    from f1sources.simulated import championship

    located = {}
    for name, rows in championship.tables(history.seed, history.scale).items():
        files = pa.array([f"simulated {name}"] * rows.num_rows, pa.string())
        lines = pa.array(range(1, rows.num_rows + 1), pa.int32())
        located[name] = rows.append_column("__file", files).append_column(LINE, lines)
    return located


def refuse_unsound(
    damage: DamageReport, tables: Mapping[str, pa.Table], max_damage: float = MAX_DAMAGE
) -> None:
    """Raises PermanentError if what is left of the input would be a wrong history: a row that
    others need is lost, more than `max_damage` of a file is, or there is no result at all."""
    refuse_lost_parents(damage)
    damage.refuse_beyond(max_damage, "--max-damage")
    for name in CORE:
        if name in tables and not tables[name].num_rows:
            raise PermanentError(f"No row of {name} can be loaded. Repair or add its file.")


def _write(
    connection: Connection, tables: Mapping[str, pa.Table], told: Progress
) -> dict[str, TableChange]:
    changes = {}
    for table in TABLES:
        if table.name in tables:
            told(f"writing {table.name}: {tables[table.name].num_rows:,} rows")
            changes[table.name] = database.upsert(connection, table, tables[table.name])
    return changes


def _remove_absent(
    connection: Connection,
    changes: dict[str, TableChange],
    damage: DamageReport,
    max_share: float,
) -> None:
    """Delete what the input no longer has; a large part of a table gone is taken for damage."""
    if damage.quarantined():
        damage.notes.append("rows that the input no longer has are kept, since it is damaged")
        return
    for table in reversed(TABLES):
        change = changes.get(table.name)
        if change is None:
            continue
        deleted = database.remove_absent(connection, table)
        held = change.rows - change.inserted + deleted
        if deleted > max(10, max_share * held):
            raise PermanentError(
                f"The history lacks {deleted:,} of the {held:,} rows of {table.name} that the "
                f"database holds, more than {max_share:.1%}: is it cut off? Nothing was changed. "
                "If it is right, load it with --prune."
            )
        changes[table.name] = replace(change, deleted=deleted)


def _provenance(history: HistoryInput, fingerprint: str, damage: DamageReport) -> dict[str, str]:
    return {
        "source": history.source,
        "version": history.version or "unknown",
        "simulated": str(history.simulated).lower(),
        "fingerprint": fingerprint,
        "loaded_at": datetime.now(UTC).isoformat(timespec="seconds"),
        "licence": history.licence,
        "quarantined_rows": str(sum(damage.quarantined().values())),
    }
