"""`information_schema` tables as queries over a list of values.

Columns are those of Databricks' own information schema that this warehouse can fill.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from f1mesh.warehouse.catalog.entries import Entry, Namespace
from f1mesh.warehouse.catalog.store import Catalog
from f1mesh.warehouse.errors import table_not_found
from f1mesh.warehouse.relations import Relation, existing
from f1mesh.warehouse.sql.literals import encode_string
from f1mesh.warehouse.storage.log import DeltaLogs

OWNER = "local"
Row = Sequence[Any]
_CONSTRAINT = "constraint_catalog constraint_schema constraint_name"
_TABLE = "table_catalog table_schema table_name"


@dataclass(frozen=True)
class InformationSchema:
    """Answers references to `<catalog>.information_schema.<table>`."""

    catalog: Catalog
    logs: DeltaLogs

    def __call__(self, catalog: str | None, table: str, filters: Mapping[str, str]) -> str:
        """A subquery with the rows of a table; of all catalogs where `catalog` is None.

        `filters` are equalities that the query around surely applies: rows that fail them may be
        left out. Raises TABLE_OR_VIEW_NOT_FOUND.
        """
        if table not in TABLES:
            raise table_not_found([catalog or "system", "information_schema", table])
        columns, rows = TABLES[table]
        return values_query(columns.split(), rows(self, _Filter(catalog, filters)))

    def entries(self, wanted: _Filter) -> Iterator[tuple[Entry, Relation]]:
        """Tables and views that a filter does not rule out."""
        entries = (e for e in self.catalog.entries(wanted.namespace) if wanted.takes(e))
        yield from existing(entries, self.logs)


@dataclass(frozen=True)
class _Filter:
    catalog: str | None
    equal: Mapping[str, str]

    @property
    def namespace(self) -> Namespace | None:
        catalog = self.catalog or self.value("catalog")
        schema = self.value("schema")
        return Namespace(catalog, schema) if catalog and schema else None

    def value(self, part: str) -> str | None:
        for key in (f"table_{part}", f"{part}_name", f"constraint_{part}"):
            if key in self.equal:
                return self.equal[key]
        return None

    def takes(self, entry: Entry) -> bool:
        if self.catalog and entry.name.catalog != self.catalog:
            return False
        wanted = self.equal.get("table_name")
        return wanted is None or entry.name.table == wanted


def values_query(columns: Sequence[str], rows: Iterable[Row]) -> str:
    """A subquery in parentheses with exactly these rows; `name:type` columns are not strings."""
    names = [c.partition(":")[0] for c in columns]
    types = [c.partition(":")[2] or "string" for c in columns]
    listed = ["(" + ", ".join(_literal(v) for v in row) + ")" for row in rows]
    if not listed:
        nothing = ", ".join(f"cast(null as {t}) as {n}" for n, t in zip(names, types, strict=True))
        return f"(select {nothing} where false)"
    casts = ", ".join(f"cast({n} as {t}) as {n}" for n, t in zip(names, types, strict=True))
    return f"(select {casts} from (values {', '.join(listed)}) as v({', '.join(names)}))"


def _literal(value: Any) -> str:
    if value is None:
        return "null"
    return encode_string(value) if isinstance(value, str) else str(value)


def _time(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%d %H:%M:%S.%f")


def _yes(value: bool) -> str:
    return "YES" if value else "NO"


def _catalogs(info: InformationSchema, wanted: _Filter) -> Iterator[Row]:
    for name in info.catalog.catalogs():
        if wanted.catalog in (None, name):
            yield (name, OWNER, None)


def _schemata(info: InformationSchema, wanted: _Filter) -> Iterator[Row]:
    for catalog in info.catalog.catalogs():
        if wanted.catalog in (None, catalog):
            for schema in info.catalog.schemas(catalog):
                comment, _ = info.catalog.schema(Namespace(catalog, schema))
                yield (catalog, schema, OWNER, comment)


def _tables(info: InformationSchema, wanted: _Filter) -> Iterator[Row]:
    for entry, what in info.entries(wanted):
        source = "DELTA" if what.location else "UNKNOWN_DATA_SOURCE_FORMAT"
        times = (_time(entry.created), _time(entry.altered))
        yield (*entry.name, entry.table_type, "NO", what.comment, OWNER, source, *times,
               what.location)  # fmt: skip


def _columns(info: InformationSchema, wanted: _Filter) -> Iterator[Row]:
    for entry, what in info.entries(wanted):
        for i, c in enumerate(what.columns):
            data_type = c.sql_type.split("(")[0].split("<")[0].upper()
            partition = what.partitions.index(c.name) + 1 if c.name in what.partitions else None
            yield (*entry.name, c.name, i, None, _yes(c.nullable), c.sql_type, data_type,
                   partition, c.comment)  # fmt: skip


def _views(info: InformationSchema, wanted: _Filter) -> Iterator[Row]:
    for entry, what in info.entries(wanted):
        if what.text is not None:
            yield (*entry.name, what.text, "NONE", "NO", "NO", "false")


def _table_tags(info: InformationSchema, wanted: _Filter) -> Iterator[Row]:
    for entry, _ in info.entries(wanted):
        for tag in info.catalog.tags(entry):
            if tag.column is None:
                yield (*entry.name, tag.key, tag.value)


def _column_tags(info: InformationSchema, wanted: _Filter) -> Iterator[Row]:
    for entry, _ in info.entries(wanted):
        for tag in info.catalog.tags(entry):
            if tag.column is not None:
                yield (*entry.name, tag.column, tag.key, tag.value)


def _constraints(info: InformationSchema, wanted: _Filter) -> Iterator[tuple[Entry, str, str]]:
    for entry, what in info.entries(wanted):
        if what.constraints.primary_key:
            yield entry, what.constraints.primary_key.name, "PRIMARY KEY"
        for name in what.constraints.checks:
            yield entry, name, "CHECK"


def _table_constraints(info: InformationSchema, wanted: _Filter) -> Iterator[Row]:
    for entry, name, kind in _constraints(info, wanted):
        yield (*entry.name[:2], name, *entry.name, kind, "NO", "NO", "YES")


def _key_column_usage(info: InformationSchema, wanted: _Filter) -> Iterator[Row]:
    for entry, what in info.entries(wanted):
        key = what.constraints.primary_key
        for i, column in enumerate(key.columns if key else ()):
            yield (*entry.name[:2], key.name if key else "", *entry.name, column, i + 1, None)


def _constraint_table_usage(info: InformationSchema, wanted: _Filter) -> Iterator[Row]:
    for entry, name, kind in _constraints(info, wanted):
        if kind == "PRIMARY KEY":
            yield (*entry.name, *entry.name[:2], name)


def _constraint_column_usage(info: InformationSchema, wanted: _Filter) -> Iterator[Row]:
    for entry, what in info.entries(wanted):
        key = what.constraints.primary_key
        for column in key.columns if key else ():
            yield (*entry.name, column, *entry.name[:2], key.name if key else "")


def _check_constraints(info: InformationSchema, wanted: _Filter) -> Iterator[Row]:
    for entry, what in info.entries(wanted):
        for name, condition in what.constraints.checks.items():
            yield (*entry.name[:2], name, condition)


def _nothing(info: InformationSchema, wanted: _Filter) -> Iterator[Row]:
    """What cannot be made here (it is refused when it is declared): surely no rows."""
    return iter(())


_Rows = Callable[[InformationSchema, _Filter], Iterator[Row]]
TABLES: dict[str, tuple[str, _Rows]] = {
    "catalogs": ("catalog_name catalog_owner comment", _catalogs),
    "schemata": ("catalog_name schema_name schema_owner comment", _schemata),
    "tables": (
        f"{_TABLE} table_type is_insertable_into comment table_owner data_source_format "
        "created:timestamp last_altered:timestamp storage_path",
        _tables,
    ),
    "columns": (
        f"{_TABLE} column_name ordinal_position:int column_default is_nullable full_data_type "
        "data_type partition_ordinal_position:int comment",
        _columns,
    ),
    "views": (
        f"{_TABLE} view_definition check_option is_updatable is_insertable_into "
        "is_materialized:boolean",
        _views,
    ),
    "table_tags": ("catalog_name schema_name table_name tag_name tag_value", _table_tags),
    "column_tags": (
        "catalog_name schema_name table_name column_name tag_name tag_value",
        _column_tags,
    ),
    "table_constraints": (
        f"{_CONSTRAINT} {_TABLE} constraint_type is_deferrable initially_deferred enforced",
        _table_constraints,
    ),
    "key_column_usage": (
        f"{_CONSTRAINT} {_TABLE} column_name ordinal_position:int "
        "position_in_unique_constraint:int",
        _key_column_usage,
    ),
    "constraint_table_usage": (f"{_TABLE} {_CONSTRAINT}", _constraint_table_usage),
    "constraint_column_usage": (f"{_TABLE} column_name {_CONSTRAINT}", _constraint_column_usage),
    "check_constraints": (f"{_CONSTRAINT} check_clause", _check_constraints),
    "referential_constraints": (
        f"{_CONSTRAINT} unique_constraint_catalog unique_constraint_schema "
        "unique_constraint_name match_option update_rule delete_rule",
        _nothing,
    ),
    "column_masks": (f"{_TABLE} column_name mask_name using_columns", _nothing),
    "row_filters": (f"{_TABLE} filter_name target_columns", _nothing),
    "routines": ("routine_catalog routine_schema routine_name routine_type", _nothing),
    "volumes": ("volume_catalog volume_schema volume_name volume_type", _nothing),
}
