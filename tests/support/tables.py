"""Every table of a mesh, comparable with those of another."""

from __future__ import annotations

from tests.support.mesh import Mesh

Row = tuple[str, ...]


def is_volatile(column: str) -> bool:
    """Whether a column tells when something was seen or loaded, which differs between runs."""
    name = column.lower()
    when = ("seen_at", "changed_at", "updated_at", "loaded_at")
    return name.startswith(("_airbyte_", "dbt_")) or name.endswith(when)


def dump(mesh: Mesh) -> dict[str, list[Row]]:
    """Every table and view of every domain, its rows in order, without volatile columns."""
    [found] = mesh.ask(
        "select table_schema, table_name from system.information_schema.tables"
        " where table_catalog = 'f1_local' and table_schema not in ('mesh', 'default')"
        " and table_schema <> 'information_schema'"
    )
    names = sorted(f"{row['table_schema']}.{row['table_name']}" for row in found)
    names = [name for name in names if not name.endswith(("__dbt_tmp", "._built"))]
    tables = mesh.ask(*(f"select * from {name}" for name in names))
    assert len(names) > 20
    return dict(zip(names, map(comparable, tables), strict=True))


def comparable(rows: list[dict[str, object]]) -> list[Row]:
    """The rows in order, without what tells when: columns, and the source's note of its load."""
    return sorted(
        tuple(str(value) for key, value in sorted(row.items()) if not is_volatile(key))
        for row in rows
        if "loaded_at" not in row.values()
    )
