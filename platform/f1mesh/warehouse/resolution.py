"""Giving the engine only what it can read without a catalog.

Every table name of a query becomes a Delta path at the version it had when the statement began,
every view becomes the query that it stands for (in the namespace in which it was made), and every
`information_schema` table becomes a list of values. The rest reaches the engine as written.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping, Set
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial

from sqlglot import exp

from f1mesh.warehouse.catalog.entries import Name, Namespace, Table, ViewColumn
from f1mesh.warehouse.catalog.store import Catalog
from f1mesh.warehouse.errors import SqlError, quoted, table_not_found, unsupported
from f1mesh.warehouse.sessions import Session, TempView
from f1mesh.warehouse.sql.analysis import query_columns, repairs_of
from f1mesh.warehouse.sql.holding import hold
from f1mesh.warehouse.sql.literals import decode_string, encode_string, quote_name
from f1mesh.warehouse.sql.membership import refuse_unsure_membership
from f1mesh.warehouse.sql.names import full_name
from f1mesh.warehouse.sql.references import (
    ParsedQuery,
    Qualified,
    Reference,
    SessionCall,
    TimeTravel,
    parse_query,
)
from f1mesh.warehouse.sql.scopes import Columns, Field
from f1mesh.warehouse.sql.spelling import Edit, splice
from f1mesh.warehouse.storage.commit import drop_hint
from f1mesh.warehouse.storage.log import DeltaLogs, delta_path, read_commit

MAX_DEPTH = 50
InformationSchema = Callable[[str | None, str, Mapping[str, str]], str]


@dataclass
class Scope:
    """Where names of a text are looked up."""

    namespace: Namespace
    temp_views: Mapping[str, TempView]
    depth: int = 0


@dataclass
class Resolver:
    """Rewrites the queries of one statement; every table is seen at one version throughout."""

    session: Session
    catalog: Catalog
    logs: DeltaLogs
    information_schema: InformationSchema
    pinned: dict[str, int] = field(default_factory=dict)
    views: dict[tuple[str, Namespace], Columns] = field(default_factory=dict)
    placed: set[str] = field(default_factory=set)  # the paths that the engine may read

    def rewrite(
        self,
        text: str,
        *,
        targets: Mapping[int, str] | None = None,
        unaliased: Iterable[Name] = (),
    ) -> str:
        """A query as the engine gets it. `targets` are references, by their start, that get this
        text instead (what a MERGE, UPDATE or DELETE writes to); `unaliased` are tables that the
        text gives their last name as alias, so that columns may still be qualified in full."""
        scope = Scope(self.session.namespace, dict(self.session.temp_views))
        rewritten = self._rewrite(text, scope, targets or {}, frozenset(unaliased))
        return hold(rewritten, [*self.placed, *(targets or {}).values()])

    def table_path(self, table: Table, travel: TimeTravel | None = None) -> str:
        """A table as the engine reads it, at its pinned (or the asked) version."""
        if travel is None:
            version = self.pinned.get(table.location)
            if version is None:
                version = self.logs.latest(table.location).version
                self.pinned[table.location] = version
        else:
            version = self.version(table, travel.kind, travel.operand)
        drop_hint(table.location)
        self.placed.add(delta_path(table.location))
        return f"{delta_path(table.location)} version as of {version}"

    def _rewrite(
        self,
        text: str,
        scope: Scope,
        targets: Mapping[int, str],
        unaliased: frozenset[Name] = frozenset(),
    ) -> str:
        parsed = parse_query(text)
        edits = list(parsed.literals)
        edits += [self._call(call, scope) for call in parsed.calls]
        for reference in parsed.references:
            replacement = targets.get(reference.start)
            if replacement is None:
                replacement = self._relation(reference, scope)
            alias = "" if reference.aliased else f" as {quote_name(reference.parts[-1])}"
            edits.append(Edit(reference.start, reference.end, replacement + alias))
        edits += _shortened_columns(parsed, scope.namespace, unaliased)
        if parsed.tree is not None:
            refuse_unsure_membership(parsed.tree)
            known = partial(self._columns, scope=scope)
            edits += [Edit(*each) for each in repairs_of(parsed.text, parsed.tree, known)]
        return splice(parsed.text, edits)

    def _columns(self, table: exp.Table, scope: Scope) -> Columns:
        """The columns of a table or view as far as they are known; those of a view by its query,
        for what the engine said of them when it was made may be wrong."""
        parts = tuple(part.name for part in table.parts)
        if len(parts) == 1 and (temp := scope.temp_views.get(parts[0].lower())) is not None:
            inner = Scope(temp.namespace, temp.around, _deeper(scope, parts))
            return self._view_columns(temp.text, temp.columns, inner)
        if table.args.get("version") or table.args.get("when") or parts[0].lower() == "delta":
            return None
        entry = self.catalog.find(full_name(parts, scope.namespace))
        if entry is None:
            return None
        if isinstance(entry.what, Table):
            fields = self.logs.latest(entry.what.location).fields
            return tuple(Field(str(f["name"]), f["type"]) for f in fields)
        inner = Scope(entry.what.namespace, {}, _deeper(scope, parts))
        return self._view_columns(entry.what.text, entry.what.columns, inner)

    def _view_columns(self, text: str, columns: tuple[ViewColumn, ...], scope: Scope) -> Columns:
        key = (text, scope.namespace)
        if key not in self.views:
            parsed = parse_query(text)
            known = partial(self._columns, scope=scope)
            found = None
            if parsed.tree is not None:
                found = query_columns(parsed.text, parsed.tree, known)
            types = {f.name.lower(): f.type for f in found or ()}
            self.views[key] = tuple(Field(c.name, types.get(c.source.lower())) for c in columns)
        return self.views[key]

    def _table_at(self, path: str) -> Table:
        """The table of the catalog that is kept at a path: no other path is read."""
        for entry in self.catalog.entries():
            if isinstance(entry.what, Table) and entry.what.location == path:
                return entry.what
        raise table_not_found(("delta", path))

    def _relation(self, reference: Reference, scope: Scope) -> str:
        """What a reference stands for, without alias."""
        parts = reference.parts
        if len(parts) == 1 and (temp := scope.temp_views.get(parts[0].lower())) is not None:
            _no_travel(reference)
            inner = Scope(temp.namespace, temp.around, _deeper(scope, parts))
            return self._inlined(temp.text, temp.columns, inner)
        if len(parts) == 2 and parts[0].lower() == "delta":
            return self.table_path(self._table_at(parts[1]), reference.travel)
        name = full_name(parts, scope.namespace)
        if name.schema == "information_schema":
            catalog = None if name.catalog == "system" else name.catalog
            return self.information_schema(catalog, name.table, reference.filters)
        entry = self.catalog.find(name)
        if entry is None:
            raise table_not_found(name)
        if isinstance(entry.what, Table):
            return self.table_path(entry.what, reference.travel)
        _no_travel(reference)
        inner = Scope(entry.what.namespace, {}, _deeper(scope, parts))
        return self._inlined(entry.what.text, entry.what.columns, inner)

    def _inlined(self, text: str, columns: tuple[ViewColumn, ...], scope: Scope) -> str:
        """A view as a subquery with exactly the columns that it had when it was made."""
        body = self._rewrite(text, scope, {})
        wanted = ", ".join(
            quote_name(c.source)
            if c.source == c.name
            else f"{quote_name(c.source)} as {quote_name(c.name)}"
            for c in columns
        )
        return f"(select {wanted} from (\n{body}\n))"

    def version(self, table: Table, kind: str, operand: str) -> int:
        """The version of a table that `VERSION | TIMESTAMP AS OF operand` means."""
        if kind == "VERSION":
            text = operand if operand.isdigit() else decode_string(operand)
            if not text.isdigit():
                raise SqlError("INVALID_TIME_TRAVEL_SPEC", f"{operand} is no version.", "42K0E")
            return self.logs.at(table.location, int(text)).version
        return self._version_at(table.location, decode_string(operand))

    def _version_at(self, location: str, moment: str) -> int:
        """The newest version that is not younger than `moment` (UTC unless it says otherwise)."""
        try:
            when = datetime.fromisoformat(moment.strip())
        except ValueError as error:
            raise SqlError(
                "INVALID_TIME_TRAVEL_TIMESTAMP_EXPR.INPUT",
                f"'{moment}' is no timestamp. Write it as '2024-12-31 23:59:59'.",
                "42K0E",
            ) from error
        limit = (when if when.tzinfo else when.replace(tzinfo=UTC)).timestamp() * 1000
        latest = version = self.logs.latest(location).version
        while version >= 0:
            try:
                info = read_commit(location, version)
            except FileNotFoundError:
                break
            made = commit_time(info)
            if version == latest and made < limit and limit > time.time() * 1000:
                raise _in_the_future(moment, made)
            if made <= limit:
                return version
            version -= 1
        raise SqlError(
            "DELTA_TIMESTAMP_EARLIER_THAN_COMMIT_RETENTION",
            f"'{moment}' is before the earliest version of the table.",
            "42816",
        )

    def _call(self, call: SessionCall, scope: Scope) -> Edit:
        namespace = self.session.namespace if scope.depth == 0 else scope.namespace
        value = {
            "CURRENT_CATALOG": namespace.catalog,
            "CURRENT_SCHEMA": namespace.schema,
            "CURRENT_DATABASE": namespace.schema,
        }.get(call.function, self.session.user)
        label = f" as {quote_name(call.label)}" if call.label and scope.depth == 0 else ""
        return Edit(call.start, call.end, encode_string(value) + label)


def commit_time(actions: list[dict[str, object]]) -> int:
    """Milliseconds since 1970 of a commit (0 where it does not say)."""
    for action in actions:
        info = action.get("commitInfo")
        if isinstance(info, dict):
            return int(info.get("timestamp", 0))
    return 0


def _in_the_future(moment: str, newest: int) -> SqlError:
    at = datetime.fromtimestamp(newest / 1000, UTC)
    return SqlError(
        "DELTA_TIMESTAMP_GREATER_THAN_COMMIT",
        f"'{moment}' is in the future: the latest version of the table was made at {at}. Leave the "
        "time travel out to read it.",
        "42816",
    )


def _deeper(scope: Scope, parts: tuple[str, ...]) -> int:
    if scope.depth >= MAX_DEPTH:
        raise SqlError(
            "RECURSIVE_VIEW",
            f"The view {quoted(parts)} refers to itself, or views are nested deeper than "
            f"{MAX_DEPTH}. Recreate it without the cycle.",
            "42K0H",
        )
    return scope.depth + 1


def _no_travel(reference: Reference) -> None:
    if reference.travel is not None:
        raise unsupported("time travel on a view", "Ask the tables below it for a version.")


def _shortened_columns(
    parsed: ParsedQuery, namespace: Namespace, unaliased: frozenset[Name]
) -> list[Edit]:
    """`schema.table.column` becomes `table.column`, the alias that its table got."""
    known = unaliased | {full_name(r.parts, namespace) for r in parsed.references if not r.aliased}
    return [edit for c in parsed.columns if (edit := _shortened(c, known, namespace))]


def _shortened(column: Qualified, known: Set[Name], namespace: Namespace) -> Edit | None:
    for size in (3, 2):
        if len(column.parts) >= size and full_name(column.parts[:size], namespace) in known:
            return Edit(column.starts[0], column.starts[size - 1], "")
    return None
