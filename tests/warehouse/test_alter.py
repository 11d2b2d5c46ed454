"""ALTER TABLE, ALTER VIEW, COMMENT ON and tags."""

from __future__ import annotations

import pytest

from tests.warehouse.client import Client


@pytest.fixture
def t(sql: Client) -> Client:
    sql.run(
        "create table t (id int, v string comment 'old') partitioned by (id)",
        "insert into t values (1, '10'), (2, null)",
        "create view w (k comment 'key') comment 'of t' as select id from t",
    )
    return sql


def _described(sql: Client, name: str = "t") -> list[tuple[object, ...]]:
    rows = sql.values(f"describe {name}")
    return [row for row in rows if row[0] and not str(row[0]).startswith("#")]


def test_columns_are_added_where_they_are_wanted(t: Client) -> None:
    t.run(
        "alter table t add columns (a string comment 'it''s', b array<int> after id)",
        "alter table t add column c decimal(5,1) first",
    )

    assert [row[0] for row in _described(t)][:5] == ["c", "id", "b", "v", "a"]
    assert t.values("select c, id, b, v, a from t where id = 1") == [(None, 1, None, "10", None)]
    t.run("insert into t (id, a) values (3, 'x')")
    assert t.value("select a from t where id = 3") == "x"
    assert "[FIELD_ALREADY_EXISTS]" in t.fails("alter table t add column A int")


def test_columns_are_dropped_renamed_and_given_types(t: Client) -> None:
    t.run(
        "alter table t rename column v to w",
        "alter table t add column n int",
        "update t set n = 2147483647",
        "alter table t alter column n type bigint",
        "alter table t add column gone string",
        "alter table t drop columns if exists (gone, never)",
    )

    assert t.values("select id, w, n + 1 from t order by id") == [
        (1, "10", 2147483648),
        (2, None, 2147483648),
    ]
    assert t.values("select v from t version as of 1 where id = 1") == ["10"]
    assert "[UNRESOLVED_COLUMN" in t.fails("alter table t drop column gone")


def test_a_column_in_use_is_not_taken_away(t: Client) -> None:
    t.run("alter table t add constraint short check (v is null or length(v) < 5)")

    for change in ("drop column id", "rename column id to k", "drop column v"):
        assert "[DELTA_UNSUPPORTED_COLUMN_CHANGE]" in t.fails(f"alter table t {change}")


def test_a_type_that_is_not_wider_is_refused(t: Client) -> None:
    for column, kind in (("v", "int"), ("id", "string"), ("id", "smallint")):
        error = t.fails(f"alter table t alter column {column} type {kind}")
        assert "[DELTA_UNSUPPORTED_ALTER_TABLE_CHANGE_COL_OP]" in error


def test_comments_of_everything(t: Client) -> None:
    s = t.schema
    t.run(
        "comment on table t is 'it\\'s'",
        "comment on column t.v is 'new'",
        f"comment on column f1_local.{s}.w.k is 'other'",
        "comment on view w is 'a view'",
        f"comment on schema {s} is 'a schema'",
        "alter table t alter column id comment 'the id'",
    )

    comments = t.values(
        "select table_name, comment from information_schema.tables "
        f"where table_schema = '{s}' order by 1"
    )
    assert comments == [("t", "it's"), ("w", "a view")]
    assert ("v", "string", "new") in _described(t)
    assert ("id", "int", "the id") in _described(t)
    assert _described(t, "w") == [("k", "int", "other")]
    assert ("Comment", "a schema") in t.values(f"describe schema {s}")
    t.run("comment on table t is null")
    assert t.rows("describe detail t")[0]["description"] is None


def test_tags_of_tables_columns_and_views(t: Client) -> None:
    t.run(
        "alter table t set tags ('team' = 'core', 'pii' = 'no')",
        "alter table t unset tags ('pii')",
        "alter table t alter column v set tags ('pii' = 'yes')",
        "alter view w set tags ('kind' = 'view')",
    )

    where = f"where schema_name = '{t.schema}' order by 1, 2"
    assert t.values(
        f"select table_name, tag_name, tag_value from system.information_schema.table_tags {where}"
    ) == [("t", "team", "core"), ("w", "kind", "view")]
    assert t.values(
        f"select column_name, tag_name, tag_value from information_schema.column_tags {where}"
    ) == [("v", "pii", "yes")]
    t.run("alter table t alter column v unset tags ('pii')")
    assert t.rows(f"select * from information_schema.column_tags {where}") == []


def test_properties_of_tables_and_views(t: Client) -> None:
    t.run(
        "alter table t set tblproperties ('a' = '1', b.c = 2)",
        "alter table t unset tblproperties if exists ('a')",
        "alter view w set tblproperties ('p' = 'q')",
    )

    assert t.values("show tblproperties t") == [("b.c", "2")]
    assert t.values("show tblproperties w") == [("p", "q")]
    assert t.values("show tblproperties w ('p')") == [("p", "q")]


def test_a_view_gets_another_query(t: Client) -> None:
    t.run("alter view w as select v as label from t")

    assert [row[0] for row in _described(t, "w")] == ["label"]
    assert t.rows("describe extended w")
    assert "[UNRESOLVED_COLUMN" in t.fails("alter view w as select nothing from t")
    t.run("alter view w rename to w2")
    assert t.value("select count(*) from w2") == 2


def test_clustering_is_stored_and_told(t: Client) -> None:
    t.run("create table c cluster by (id) as select 1 as id, 2 as k")
    assert t.rows("describe detail c")[0]["clusteringColumns"] == ["id"]

    t.run("alter table c cluster by (k, id)")
    assert t.rows("describe detail c")[0]["clusteringColumns"] == ["k", "id"]

    t.run("alter table c cluster by none")
    assert t.rows("describe detail c")[0]["clusteringColumns"] == []
    assert "[UNRESOLVED_COLUMN" in t.fails("alter table c cluster by (nothing)")


def test_changes_outside_are_seen_at_once(t: Client) -> None:
    """Ingestion commits with delta-rs, adding columns in the same commit."""
    import pyarrow as pa
    from deltalake import write_deltalake

    location = t.rows("describe detail t")[0]["location"]
    rows = pa.table({"id": pa.array([7], pa.int32()), "v": ["x"], "fresh": ["new"]})
    write_deltalake(location, rows, mode="append", schema_mode="merge")

    assert t.values("select v, fresh from t where id = 7") == [("x", "new")]
    assert "fresh" in [row[0] for row in _described(t)]
    t.run("update t set fresh = 'seen' where id = 7")
    assert t.value("select fresh from t where id = 7") == "seen"
