"""The catalog on disk: one SQLite file, every change one transaction.

SQLite runs in WAL mode with synchronous=FULL: a change that returned survives a crash of the
process and of the machine, and a change that was cut off never happened.
"""

from __future__ import annotations

import json
import sqlite3
import threading
import time
import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from f1mesh.warehouse.catalog.entries import Entry, Name, Namespace, Table, Tag, View, ViewColumn
from f1mesh.warehouse.errors import catalog_not_found, schema_not_found, table_not_found

_TABLES = """
create table if not exists catalogs (name text primary key, created real not null);
create table if not exists schemas (
    catalog text not null references catalogs, name text not null, comment text,
    properties text not null, created real not null, primary key (catalog, name));
create table if not exists entries (
    id text primary key, catalog text not null, schema text not null, name text not null,
    location text, managed integer, view text, created real not null, altered real not null,
    unique (catalog, schema, name),
    foreign key (catalog, schema) references schemas (catalog, name));
create table if not exists tags (
    entry text not null references entries (id) on delete cascade, column_name text not null,
    key text not null, value text not null, primary key (entry, column_name, key));
"""
_ENTRY = "id, catalog, schema, name, location, managed, view, created, altered"


class Catalog:
    """Schemas, tables, views and tags of all catalogs."""

    def __init__(self, path: Path) -> None:
        self._lock = threading.RLock()
        self._folder = path.parent
        self._db = sqlite3.connect(path, check_same_thread=False, isolation_level=None)
        self._db.execute("pragma journal_mode=wal")
        self._db.execute("pragma synchronous=full")
        self._db.execute("pragma foreign_keys=on")
        self._db.executescript(_TABLES)

    def close(self) -> None:
        with self._lock:
            self._db.close()

    @contextmanager
    def _change(self) -> Iterator[sqlite3.Connection]:
        with self._lock:
            self._db.execute("begin immediate")
            try:
                yield self._db
            except BaseException:
                self._db.execute("rollback")
                raise
            self._db.execute("commit")

    def _rows(self, sql: str, *values: Any) -> list[tuple[Any, ...]]:
        with self._lock:
            return self._db.execute(sql, values).fetchall()

    # -- catalogs and schemas

    def catalogs(self) -> list[str]:
        return [row[0] for row in self._rows("select name from catalogs order by name")]

    def add_catalog(self, name: str) -> None:
        """Make a catalog with its schema `default`; one that exists is left alone."""
        with self._change() as db:
            now = time.time()
            db.execute("insert or ignore into catalogs values (?, ?)", (name, now))
            db.execute(
                "insert or ignore into schemas values (?, 'default', null, '{}', ?)", (name, now)
            )

    def schemas(self, catalog: str) -> list[str]:
        """Names of the schemas of a catalog. Raises NO_SUCH_CATALOG_EXCEPTION."""
        if catalog not in self.catalogs():
            raise catalog_not_found(catalog)
        found = self._rows("select name from schemas where catalog=? order by name", catalog)
        return [row[0] for row in found]

    def has_schema(self, at: Namespace) -> bool:
        return bool(self._rows("select 1 from schemas where catalog=? and name=?", *at))

    def schema(self, at: Namespace) -> tuple[str | None, dict[str, str]]:
        """Comment and properties of a schema. Raises SCHEMA_NOT_FOUND."""
        rows = self._rows("select comment, properties from schemas where catalog=? and name=?", *at)
        if not rows:
            raise schema_not_found(at)
        return rows[0][0], json.loads(rows[0][1])

    def put_schema(self, at: Namespace, comment: str | None, properties: Mapping[str, str]) -> None:
        """Make a schema or set what is known of it. Raises NO_SUCH_CATALOG_EXCEPTION."""
        if at.catalog not in self.catalogs():
            raise catalog_not_found(at.catalog)
        with self._change() as db:
            db.execute(
                "insert into schemas values (?, ?, ?, ?, ?) on conflict (catalog, name) "
                "do update set comment = excluded.comment, properties = excluded.properties",
                (*at, comment, json.dumps(dict(properties)), time.time()),
            )

    def drop_schema(self, at: Namespace) -> list[Entry]:
        """Remove a schema with everything in it; what was in it."""
        entries = self.entries(at)
        with self._change() as db:
            db.execute("delete from entries where catalog=? and schema=?", at)
            db.execute("delete from schemas where catalog=? and name=?", at)
        return entries

    # -- tables and views

    def find(self, name: Name) -> Entry | None:
        rows = self._rows(
            f"select {_ENTRY} from entries where catalog=? and schema=? and name=?", *name
        )
        return self._entry(rows[0]) if rows else None

    def get(self, name: Name) -> Entry:
        """The table or view of this name. Raises TABLE_OR_VIEW_NOT_FOUND."""
        found = self.find(name)
        if found is None:
            raise table_not_found(name)
        return found

    def entries(self, at: Namespace | None = None) -> list[Entry]:
        """Tables and views of a schema, or of all, by name."""
        where = "where catalog=? and schema=?" if at else ""
        rows = self._rows(
            f"select {_ENTRY} from entries {where} order by catalog, schema, name", *(at or ())
        )
        return [self._entry(row) for row in rows]

    def put(self, name: Name, what: Table | View, *, replaces: Entry | None = None) -> Entry:
        """Put a table or view under a name. One that `replaces` another keeps its id when it is of
        the same kind, and loses its tags otherwise. Raises SCHEMA_NOT_FOUND."""
        if not self.has_schema(Namespace(name.catalog, name.schema)):
            raise schema_not_found([name.catalog, name.schema])
        now = time.time()
        same = replaces is not None and type(replaces.what) is type(what)
        keep = replaces if same else None
        ident = keep.id if keep else uuid.uuid4().hex
        location = self._stored(what.location) if isinstance(what, Table) else None
        managed = int(what.managed) if isinstance(what, Table) else None
        text = _view_json(what) if isinstance(what, View) else None
        created = keep.created if keep else now
        with self._change() as db:
            if replaces is not None and keep is None:
                db.execute("delete from entries where id=?", (replaces.id,))
            db.execute(
                f"insert into entries ({_ENTRY}) values (?,?,?,?,?,?,?,?,?) on conflict (id) do "
                "update set location=excluded.location, managed=excluded.managed, "
                "view=excluded.view, altered=excluded.altered",
                (ident, *name, location, managed, text, created, now),
            )
        return self.get(name)

    def touch(self, entry: Entry) -> None:
        """Note that a table was altered now."""
        with self._change() as db:
            db.execute("update entries set altered=? where id=?", (time.time(), entry.id))

    def rename(self, entry: Entry, name: Name) -> None:
        with self._change() as db:
            db.execute(
                "update entries set catalog=?, schema=?, name=?, altered=? where id=?",
                (*name, time.time(), entry.id),
            )

    def drop(self, entry: Entry) -> None:
        with self._change() as db:
            db.execute("delete from entries where id=?", (entry.id,))

    # -- tags

    def tags(self, entry: Entry) -> list[Tag]:
        """Tags of a table and of its columns."""
        rows = self._rows(
            "select column_name, key, value from tags where entry=? order by 1, 2", entry.id
        )
        return [Tag(column or None, key, value) for column, key, value in rows]

    def set_tags(self, entry: Entry, column: str | None, tags: Mapping[str, str]) -> None:
        with self._change() as db:
            db.executemany(
                "insert or replace into tags values (?, ?, ?, ?)",
                [(entry.id, column or "", key, value) for key, value in tags.items()],
            )

    def unset_tags(self, entry: Entry, column: str | None, keys: list[str]) -> None:
        with self._change() as db:
            db.executemany(
                "delete from tags where entry=? and column_name=? and key=?",
                [(entry.id, column or "", key) for key in keys],
            )

    # -- rows

    def _stored(self, location: str) -> str:
        """A location as it is kept: relative below the warehouse's folder, which may move."""
        path = Path(location)
        return (
            str(path.relative_to(self._folder)) if path.is_relative_to(self._folder) else location
        )

    def _located(self, stored: str) -> str:
        return stored if "://" in stored else str(self._folder / stored)

    def _entry(self, row: tuple[Any, ...]) -> Entry:
        ident, catalog, schema, name, location, managed, view, created, altered = row
        what: Table | View
        if view is None:
            what = Table(self._located(location), bool(managed))
        else:
            stored = json.loads(view)
            what = View(
                stored["text"],
                Namespace(*stored["namespace"]),
                tuple(ViewColumn(*column) for column in stored["columns"]),
                stored["comment"],
                stored["properties"],
            )
        return Entry(ident, Name(catalog, schema, name), what, created, altered)


def _view_json(view: View) -> str:
    return json.dumps(
        {
            "text": view.text,
            "namespace": list(view.namespace),
            "columns": [[c.name, c.source, c.type, c.comment] for c in view.columns],
            "comment": view.comment,
            "properties": dict(view.properties),
        }
    )
