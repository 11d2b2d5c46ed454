"""The one way in which rows get into a table: staged, audited, committed.

Every function here is called with the table's lock held and makes exactly one commit, or none and
an error. Rows that were computed from the table itself are only committed on the version that they
were computed from.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence, Set
from contextlib import AbstractContextManager, ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from f1mesh.warehouse.errors import SqlError
from f1mesh.warehouse.lease import Lease
from f1mesh.warehouse.sql.literals import quote_name
from f1mesh.warehouse.sql.types import nullable
from f1mesh.warehouse.storage.commit import (
    CommitConflict,
    changed_meanwhile,
    commit_info,
    metadata_actions,
    needed_protocol,
    publish,
    publish_or_raise,
    records,
    removals,
)
from f1mesh.warehouse.storage.constraints import Constraints, audit, audit_key, constraints_of
from f1mesh.warehouse.storage.fields import casted, fields_of, with_fields
from f1mesh.warehouse.storage.log import Action, DeltaLogs, Snapshot
from f1mesh.warehouse.storage.scratch import Changes, scratch
from f1mesh.warehouse.storage.stage import Staged, staged

ATTEMPTS = 5


@dataclass(frozen=True)
class Replaced:
    """Rows that an overwrite wrote, kept, and found."""

    new: int
    kept: int
    before: int

    @property
    def removed(self) -> int:
        return self.before - self.kept


@dataclass(frozen=True)
class Merged:
    """Rows that a MERGE changed."""

    updated: int
    inserted: int
    deleted: int

    @property
    def changed(self) -> int:
        return self.updated + self.inserted + self.deleted


@dataclass(frozen=True)
class Writer:
    """Writes tables of a warehouse for one statement."""

    logs: DeltaLogs
    staging: Path
    lease: Lease

    def create(self, location: str, metadata: Mapping[str, Any], operation: str) -> None:
        """A new, empty table."""
        actions = [
            commit_info(operation, {"isManaged": "true"}, {"numOutputRows": 0}),
            {"protocol": needed_protocol(metadata)},
            {"metaData": dict(metadata)},
        ]
        publish_or_raise(location, 0, actions)

    def replace(
        self,
        location: str,
        base: Snapshot | None,
        metadata: Mapping[str, Any],
        sql: str | None,
        operation: str,
    ) -> int:
        """A table made anew (`base` is None) or with new schema and content in one commit; the
        rows written. Columns are written as `metadata` has them, and of the types that their values
        turn out to have: what the engine says before it runs the query is not always so."""
        if sql is None:
            self._publish_replace(location, base, metadata, None, operation)
            return 0
        fields = fields_of(metadata)
        partitions = list(metadata["partitionColumns"])
        with self.staged(sql, partitions) as stage:
            self._audit([stage], constraints_of(fields, metadata["configuration"]), keep=None)
            kinds = {f["name"]: nullable(f["type"]) for f in stage.fields}
            actual = with_fields(metadata, [{**f, "type": kinds[f["name"]]} for f in fields])
            return self._publish_replace(location, base, actual, stage, operation)

    def append(self, location: str, sql: str, operation: str = "WRITE") -> int:
        """Add a query's rows (already in the table's columns and types); how many."""
        snapshot = self.logs.latest(location)
        with self.staged(sql, snapshot.partition_columns) as stage:
            constraints = constraints_of(snapshot.fields, snapshot.configuration)
            for _ in range(ATTEMPTS):
                self._audit([stage], constraints, keep=(location, snapshot))
                count = records(stage.files) or 0
                if not stage.files:
                    return 0
                adds = stage.link_into(location)
                info = commit_info(operation, {"mode": "Append"}, _metrics(stage, count))
                try:
                    publish(location, snapshot.version + 1, [info, *adds])
                    return count
                except CommitConflict:
                    moved = self.logs.latest(location)
                    if moved.metadata != snapshot.metadata:
                        raise changed_meanwhile(location) from None
                    snapshot = moved
        raise changed_meanwhile(location)

    def overwrite(
        self,
        location: str,
        base: Snapshot,
        sql: str | None,
        *,
        survivors: str | None = None,
        matched: int | None = None,
        guard: str | None = None,
        operation: str = "WRITE",
    ) -> Replaced:
        """Replace the table's rows by a query's (None: by none), its schema as it is.

        `survivors` is a query for the rows that stay, `matched` how many do not, `guard` a
        condition on every new row. Nothing is committed where every row survives and none is new.
        Raises INTERNAL_ERROR unless survivors and matched rows are all rows of the table.
        """
        refuse_append_only(base)
        constraints = constraints_of(base.fields, base.configuration)
        with ExitStack() as stack:
            fresh = stack.enter_context(self.staged(sql, base.partition_columns)) if sql else None
            if fresh and guard:
                self._guard(fresh, guard)
            kept = None
            if survivors is not None:
                same = casted([f["name"] for f in base.fields], base.fields, f"({survivors}) as k")
                kept = stack.enter_context(self.staged(same, base.partition_columns))
            if fresh:
                self._audit([fresh, *([kept] if kept else [])], constraints, keep=None)
            done = Replaced(
                new=(records(fresh.files) or 0) if fresh else 0,
                kept=(records(kept.files) or 0) if kept else 0,
                before=self._rows(location, base),
            )
            if matched is not None and done.removed != matched:
                raise _incomplete(done, matched)
            if done.new or done.removed:
                self._commit_overwrite(location, base, fresh, kept, done, operation)
            return done

    def _commit_overwrite(
        self,
        location: str,
        base: Snapshot,
        fresh: Staged | None,
        kept: Staged | None,
        done: Replaced,
        operation: str,
    ) -> None:
        metrics = {
            "numOutputRows": done.new,
            "numDeletedRows": done.removed,
            "numCopiedRows": done.kept,
        }
        info = commit_info(operation, {"mode": "Overwrite"}, metrics)
        adds = [add for part in (fresh, kept) if part for add in part.link_into(location)]
        actions = [info, *removals(base.files.values()), *adds]
        publish_or_raise(location, base.version + 1, actions)

    def _rows(self, location: str, base: Snapshot) -> int:
        """Rows of a table, by its statistics or else by counting."""
        path = f"delta.{quote_name(location)} version as of {base.version}"
        return self._count(path, base.files.values())

    def _count(self, relation: str, files: Iterable[Action]) -> int:
        """Rows in files by their statistics, or else in the relation that they make."""
        known = records(files)
        if known is not None:
            return known
        return int(self.lease.query(f"select count(*) as n from {relation}").to_pylist()[0]["n"])

    def run_aside(
        self,
        location: str,
        base: Snapshot,
        metadata: Mapping[str, Any],
        statement: Callable[[str], str],
        actions: Set[str],
    ) -> Merged:
        """Run a MERGE of the engine on a copy of the table, audit it, commit the difference.

        `statement` makes the command from the copy's name; `metadata` may have more columns;
        `actions` are what its clauses do (UPDATE, DELETE, INSERT). Raises INTERNAL_ERROR where not
        every row is accounted for.
        """
        folder = self.staging
        evolved = metadata["schemaString"] != base.metadata["schemaString"]
        with scratch(self.logs, folder, location, base, metadata) as copy:
            self.lease.query(statement(copy.relation))
            changes = copy.changes()
            merged = self._merged(location, base, changes, actions)
            if not (merged.changed or evolved):
                return merged
            if changes.removed:
                refuse_append_only(base)
            constraints = constraints_of(fields_of(metadata), metadata["configuration"])
            audit(self.lease, copy.relation, constraints)
            if constraints.primary_key:
                audit_key(self.lease, copy.relation, constraints.primary_key)
            info = commit_info("MERGE", {}, changes.metrics)
            commit = [info, *(metadata_actions(base, metadata) if evolved else [])]
            commit += changes.link_into(location)
            publish_or_raise(location, base.version + 1, commit)
            return merged

    def _merged(self, location: str, base: Snapshot, changes: Changes, actions: Set[str]) -> Merged:
        """What a MERGE changed, by the engine's counts, after proving them by the rows that are in
        its files: kept, changed and deleted ones are all that there were. Deleted rows are the
        difference: the engine counts one twice that two source rows delete."""
        updated, inserted, copied = (changes.counted(n) for n in ("Updated", "Inserted", "Copied"))
        before, after = self._rows(location, base), self._count(changes.relation, changes.files)
        merged = Merged(updated, inserted, before + inserted - after)
        touched, written = records(changes.removed), records(changes.added)
        told = changes.counted("Deleted")
        proofs = (
            0 <= merged.deleted <= told and bool(merged.deleted) == bool(told),
            written is None or written == copied + updated + inserted,
            touched is None or touched == copied + updated + merged.deleted,
            "UPDATE" in actions or not updated,
            "DELETE" in actions or not merged.deleted,
            "INSERT" in actions or not inserted,
        )
        if not all(proofs):
            raise _unproved(merged, before, after)
        return merged

    def change_metadata(
        self, location: str, base: Snapshot, metadata: Mapping[str, Any], operation: str
    ) -> None:
        """New metadata for the table as it is."""
        actions = [commit_info(operation, {}, {}), *metadata_actions(base, metadata)]
        publish_or_raise(location, base.version + 1, actions)

    def staged(self, sql: str, partitions: Sequence[str]) -> AbstractContextManager[Staged]:
        return staged(self.lease, self.logs, self.staging, sql, partitions)

    def _guard(self, stage: Staged, condition: str) -> None:
        sql = f"select count(*) as n from {stage.relation} where {condition}"
        if self.lease.query(sql).to_pylist()[0]["n"] != (records(stage.files) or 0):
            raise SqlError(
                "DELTA_REPLACE_WHERE_MISMATCH",
                f"Data written out does not match REPLACE WHERE {condition}. Filter the query.",
                "44000",
            )

    def _audit(
        self,
        parts: Sequence[Staged],
        constraints: Constraints,
        keep: tuple[str, Snapshot] | None,
    ) -> None:
        """Check new rows, and the primary key over everything that the table will hold."""
        audit(self.lease, parts[0].relation, constraints)
        key = constraints.primary_key
        if key is None:
            return
        columns = ", ".join(quote_name(c) for c in key.columns)
        relations = [part.relation for part in parts]
        if keep:
            relations.append(f"delta.{quote_name(keep[0])} version as of {keep[1].version}")
        union = " union all ".join(f"select {columns} from {r}" for r in relations)
        audit_key(self.lease, f"({union}) as k", key)

    def _publish_replace(
        self,
        location: str,
        base: Snapshot | None,
        metadata: Mapping[str, Any],
        stage: Staged | None,
        operation: str,
    ) -> int:
        count = (records(stage.files) or 0) if stage else 0
        adds = stage.link_into(location) if stage else []
        metrics = _metrics(stage, count) if stage else {"numOutputRows": 0}
        actions: list[dict[str, Any]] = [commit_info(operation, {"isManaged": "true"}, metrics)]
        if base is None:
            actions += [{"protocol": needed_protocol(metadata)}, {"metaData": dict(metadata)}]
        else:
            actions += metadata_actions(base, metadata)
            actions += removals(base.files.values())
        publish_or_raise(location, base.version + 1 if base else 0, [*actions, *adds])
        return count


def refuse_append_only(snapshot: Snapshot) -> None:
    """Raise where a table takes appends only."""
    if snapshot.configuration.get("delta.appendOnly", "false").lower() == "true":
        raise SqlError(
            "DELTA_CANNOT_MODIFY_APPEND_ONLY",
            "This table is configured to only allow appends (delta.appendOnly = true).",
            "42809",
        )


def _metrics(stage: Staged, count: int) -> dict[str, int]:
    size = sum(int(f["size"]) for f in stage.files)
    return {"numFiles": len(stage.files), "numOutputRows": count, "numOutputBytes": size}


def _incomplete(done: Replaced, matched: int) -> SqlError:
    return SqlError(
        "INTERNAL_ERROR",
        f"Of {done.before} rows {done.kept} stay and {matched} match the condition, which is not "
        "every row once. Nothing was written. Simplify the condition.",
        "XX000",
    )


def _unproved(merged: Merged, before: int, after: int) -> SqlError:
    return SqlError(
        "INTERNAL_ERROR",
        f"The engine's MERGE of {before} rows tells of {merged.updated} updated and "
        f"{merged.inserted} inserted ones and leaves {after}, which does not account for every "
        "row. Nothing was written. Simplify the conditions.",
        "XX000",
    )
