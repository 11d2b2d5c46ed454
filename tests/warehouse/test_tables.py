"""CREATE, replace and DROP; what a table keeps and what it never brings back."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.warehouse.client import Client


def test_schemas_are_made_and_dropped(sql: Client) -> None:
    extra = f"{sql.schema}_x"
    sql.run(f"create schema if not exists {extra}", f"create schema if not exists {extra}")
    assert "[SCHEMA_ALREADY_EXISTS]" in sql.fails(f"create schema {extra}")

    sql.run(f"create table {extra}.t (a int)")
    assert "[SCHEMA_NOT_EMPTY]" in sql.fails(f"drop schema {extra}")
    sql.run(f"drop schema {extra} cascade", f"drop schema if exists {extra}")
    assert "[SCHEMA_NOT_FOUND]" in sql.fails(f"drop schema {extra}")
    assert "[SCHEMA_NOT_FOUND]" in sql.fails(f"create table {extra}.t (a int)")
    assert "[SCHEMA_NOT_FOUND]" in sql.fails(f"create view {extra}.v as select 1 as a")


def test_a_table_has_the_columns_and_clauses_it_was_given(sql: Client) -> None:
    sql.run(
        "create table t (id bigint not null comment 'it''s', tags array<string>, "
        "st struct<a: int, b: map<string,int>>, season int) using delta partitioned by (season) "
        "comment 'a table' tblproperties ('k' = 'v', 'delta.appendOnly' = 'false')"
    )

    described = sql.rows("describe t")
    assert [(r["col_name"], r["data_type"]) for r in described[:4]] == [
        ("id", "bigint"),
        ("tags", "array<string>"),
        ("st", "struct<a:int,b:map<string,int>>"),
        ("season", "int"),
    ]
    assert described[4]["col_name"] == "# Partition Information"
    assert {r["key"]: r["value"] for r in sql.rows("show tblproperties t")}["k"] == "v"
    detail = sql.rows("describe detail t")[0]
    assert (detail["description"], detail["partitionColumns"]) == ("a table", ["season"])
    assert Path(detail["location"]).is_dir()


def test_a_table_from_a_query_has_nullable_columns_and_its_rows(sql: Client) -> None:
    sql.run("create table t as select id, 'x' as v from range(5)")

    assert sql.value("select count(*) from t") == 5
    nullable = sql.values(
        "select is_nullable from information_schema.columns where table_name = 't' "
        f"and table_schema = '{sql.schema}'"
    )
    assert nullable == ["YES", "YES"]


def test_create_tells_what_it_wrote(sql: Client) -> None:
    found = sql.rows("create table t as select * from range(7)")

    assert found == [{"num_affected_rows": 7, "num_inserted_rows": 7}]


def test_replacing_keeps_the_history_and_forgets_the_old_shape(sql: Client) -> None:
    sql.run(
        "create table t (id int not null, constraint pos check (id > 0))",
        "insert into t values (1)",
    )
    before = sql.rows("describe detail t")[0]["location"]

    sql.run("create or replace table t as select -1 as id, 'x' as v")

    assert sql.rows("describe detail t")[0]["location"] == before
    assert sql.values("select * from t version as of 1") == [1]
    assert sql.values("select * from t") == [(-1, "x")]
    sql.run("insert into t values (null, null)")
    assert [r["operation"] for r in sql.rows("describe history t")] == [
        "WRITE",
        "CREATE OR REPLACE TABLE AS SELECT",
        "WRITE",
        "CREATE TABLE",
    ]


def test_a_failed_replacement_changes_nothing(sql: Client) -> None:
    sql.run("create table t as select 1 as a")

    sql.fails("create or replace table t as select cast('x' as int) as a")

    assert sql.values("select * from t") == [1]
    assert len(sql.rows("describe history t")) == 1


def test_dropping_and_creating_brings_nothing_back(sql: Client) -> None:
    sql.run("create table t as select 1 as a", "alter table t set tags ('x' = 'y')")
    before = sql.rows("describe detail t")[0]["location"]

    sql.run("drop table t", "create table t (a int)")

    assert sql.rows("select * from t") == []
    assert sql.rows("describe detail t")[0]["location"] != before
    assert not Path(before).exists()
    assert "[DELTA_VERSION_NOT_FOUND]" in sql.fails("select * from t version as of 1")
    tags = f"select * from system.information_schema.table_tags where schema_name='{sql.schema}'"
    assert sql.rows(tags) == []


def test_if_exists_and_if_not_exists(sql: Client) -> None:
    sql.run("create table t as select 1 as a", "create table if not exists t (b string)")
    assert sql.values("select * from t") == [1]
    assert "[TABLE_OR_VIEW_ALREADY_EXISTS]" in sql.fails("create table t (a int)")
    assert "[TABLE_OR_VIEW_NOT_FOUND]" in sql.fails("drop table nothing")

    sql.run("drop table if exists nothing", "drop view if exists nothing")
    assert "EXPECT_TABLE_NOT_VIEW" not in sql.fails("drop view t")
    sql.run("create view v as select 1 as a")
    assert "[EXPECT_TABLE_NOT_VIEW" in sql.fails("drop table v")
    assert "[EXPECT_TABLE_NOT_VIEW" in sql.fails("create or replace table v as select 1 as a")
    assert "[TABLE_OR_VIEW_ALREADY_EXISTS]" in sql.fails("create or replace view t as select 1 b")


def test_partitioned_values_with_odd_characters_survive_every_write(sql: Client) -> None:
    sql.run(
        "create table t partitioned by (p) as "
        "select id, concat('a b/é=%', cast(id % 2 as string)) as p from range(4)",
        "insert into t values (9, null)",
        "update t set id = id + 100 where id < 2",
        "delete from t where id = 3",
        "merge into t using (select 2L as id) s on t.id = s.id when matched then update set id = 5",
    )

    found = sql.values("select * from t order by id")
    assert found == [(5, "a b/é=%0"), (9, None), (100, "a b/é=%0"), (101, "a b/é=%1")]


def test_an_external_location_is_used_and_left_alone(sql: Client, open_folder: Path) -> None:
    place = open_folder / "outside"
    sql.run(f"create table t (a int) location '{place}'", "insert into t values (1)")
    sql.run("drop table t")
    assert (place / "_delta_log").is_dir()

    sql.run(f"create table again location '{place}'")
    assert sql.values("select * from again") == [1]
    assert "NON_EMPTY_LOCATION" in sql.fails(f"create table b location '{place}' as select 1 as a")


def test_clones_share_files_but_not_fate(sql: Client) -> None:
    sql.run("create table t as select id from range(3)", "insert into t values (10)")

    sql.run("create table now shallow clone t", "create table old deep clone t version as of 0")
    sql.run("drop table t", "delete from now where id = 0")

    assert sql.value("select count(*) from now") == 3
    assert sql.value("select count(*) from old") == 3
    sql.run("create or replace table now clone old")
    assert sql.value("select count(*) from now") == 3


def test_renaming_moves_the_name_only(sql: Client) -> None:
    sql.run("create table t as select 1 as a", "alter table t rename to u")

    assert sql.values("select * from u") == [1]
    assert "[TABLE_OR_VIEW_NOT_FOUND]" in sql.fails("select * from t")
    sql.run("create table t as select 2 as a")
    assert "[TABLE_OR_VIEW_ALREADY_EXISTS]" in sql.fails("alter table t rename to u")


@pytest.mark.parametrize(
    "statement",
    [
        "create table t (a int) as select 1 as a",
        "create table t as select 1 as a, 2 as A",
        "create table t as select null as a",
        "create table t (a int, A string)",
        "create table t (a int) partitioned by (b)",
        "create table t (a int) cluster by (b)",
        "create table t (a int) partitioned by (a) cluster by (a)",
    ],
)
def test_a_wrong_declaration_makes_no_table(sql: Client, statement: str) -> None:
    assert sql.fails(statement).startswith("[")
    assert sql.rows("show tables") == []
