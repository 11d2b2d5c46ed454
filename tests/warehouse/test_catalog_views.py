"""DESCRIBE, SHOW and information_schema: what the warehouse tells of itself."""

from __future__ import annotations

import json

import pytest

from tests.warehouse.client import Client


@pytest.fixture
def t(sql: Client) -> Client:
    sql.run(
        "create table t (id bigint not null comment 'key', d decimal(10,2), "
        "a array<struct<x:int>>, code varchar(4)) comment 'a table' tblproperties ('k' = 'v')",
        "create view v (one comment 'first') comment 'a view' tblproperties ('p' = 'q') "
        "as select id from t",
        "create temporary view tmp as select 1 as x",
    )
    return sql


def test_describe_as_json(t: Client) -> None:
    found = json.loads(t.value("describe table extended t as json"))

    assert found["columns"][0] == {
        "name": "id",
        "type": {"name": "bigint"},
        "nullable": False,
        "comment": "key",
    }
    assert found["columns"][1]["type"] == {"name": "decimal", "precision": 10, "scale": 2}
    assert found["columns"][2]["type"]["element_type"]["fields"][0]["name"] == "x"
    assert (found["catalog_name"], found["schema_name"]) == ("f1_local", t.schema)
    assert (found["type"], found["comment"]) == ("MANAGED", "a table")
    view = json.loads(t.value("describe table extended v as json"))
    assert (view["type"], view["columns"][0]["name"]) == ("VIEW", "one")
    assert json.loads(t.value("describe table extended tmp as json"))["columns"][0]["name"] == "x"


def test_describe_of_everything(t: Client) -> None:
    assert t.values("desc table t")[0] == ("id", "bigint", "key")
    assert ("code", "varchar(4)", None) in t.values("describe t")
    assert t.values("describe tmp") == [("x", "int", None)]
    assert t.values("describe query select 1 as a, 'x' as b") == [
        ("a", "int", None),
        ("b", "string", None),
    ]
    assert ("data_type", "bigint") in t.values("describe t id")
    extended = {row[0]: row[1] for row in t.values("describe extended t")}
    assert (extended["Type"], extended["Provider"]) == ("MANAGED", "delta")
    assert extended["Table Properties"] == "[k=v]"
    view = {row[0]: row[1] for row in t.values("describe table extended v")}
    assert view["View Text"] == "select id from t"
    assert "[TABLE_OR_VIEW_NOT_FOUND]" in t.fails("describe nothing")


def test_history_tells_what_was_done(t: Client) -> None:
    t.run("insert into t (id) values (1), (2)", "delete from t where id = 1")

    rows = t.rows("describe history t")
    assert [(r["version"], r["operation"]) for r in rows] == [
        (2, "DELETE"),
        (1, "WRITE"),
        (0, "CREATE TABLE"),
    ]
    assert json.loads(rows[0]["operationMetrics"])["numDeletedRows"] == "1"
    assert rows[0]["timestamp"] >= rows[1]["timestamp"]
    assert len(t.rows("describe history t limit 1")) == 1


def test_show(t: Client) -> None:
    s = t.schema
    assert t.values(f"show tables in {s}") == [
        (s, "t", False),
        (s, "v", False),
        ("", "tmp", True),
    ]
    assert t.values(f"show tables in f1_local.{s} like 't|x'") == [(s, "t", False)]
    assert t.values("show views") == [(s, "v", False), ("", "tmp", True)]
    assert s in t.values("show schemas in f1_local")
    assert t.values(f"show schemas like '{s}'") == [s]
    assert t.values("show catalogs") == ["f1_local", "system"]
    assert t.values("show columns in t") == ["id", "d", "a", "code"]
    assert t.values("show grants on table t") == []
    assert "[SCHEMA_NOT_FOUND]" in t.fails("show tables in nowhere")
    assert "[NO_SUCH_CATALOG_EXCEPTION]" in t.fails("show schemas in nowhere")


def test_show_table_extended_tells_what_dbt_docs_reads(t: Client) -> None:
    rows = t.rows(f"show table extended in f1_local.{t.schema} like 't|v'")

    assert [r["tableName"] for r in rows] == ["t", "v"]
    information = rows[0]["information"]
    assert "Owner: local\n" in information
    assert "Comment: a table\nSchema: root\n |-- id: bigint (nullable = false)\n" in information
    assert "Type: VIEW\n" in rows[1]["information"]


def test_show_create_makes_the_same_again(t: Client) -> None:
    t.run("alter table t add constraint pk primary key (id)")
    table, view = t.value("show create table t"), t.value("show create table v")

    t.run("drop view v", "drop table t", table, view)

    assert t.value("show create table t") == table
    assert t.value("show create table v") == view
    t.run("insert into t (id) values (5)")
    assert t.values("select one from v") == [5]


def test_information_schema(t: Client) -> None:
    s = t.schema
    tables = t.rows(
        "select table_name, table_type, data_source_format, comment "
        f"from system.information_schema.tables where table_catalog = 'f1_local' "
        f"and table_schema = '{s}' order by table_name"
    )
    assert tables == [
        {
            "table_name": "t",
            "table_type": "MANAGED",
            "data_source_format": "DELTA",
            "comment": "a table",
        },
        {
            "table_name": "v",
            "table_type": "VIEW",
            "data_source_format": "UNKNOWN_DATA_SOURCE_FORMAT",
            "comment": "a view",
        },
    ]
    columns = t.values(
        "select c.column_name, c.ordinal_position, c.full_data_type, c.is_nullable "
        "from information_schema.columns c join information_schema.tables t "
        "on c.table_schema = t.table_schema and c.table_name = t.table_name "
        f"where t.table_schema = '{s}' and t.table_name = 't' order by 2"
    )
    assert columns == [
        ("id", 0, "bigint", "NO"),
        ("d", 1, "decimal(10,2)", "YES"),
        ("a", 2, "array<struct<x:int>>", "YES"),
        ("code", 3, "varchar(4)", "YES"),
    ]
    views = "select view_definition from information_schema.views where table_schema = '{}'"
    assert t.values(views.format(s)) == ["select id from t"]
    assert s in t.values("select schema_name from information_schema.schemata")
    assert "[TABLE_OR_VIEW_NOT_FOUND]" in t.fails("select * from information_schema.nothing")


def test_a_filter_that_may_not_apply_is_not_used(t: Client) -> None:
    s = t.schema
    both = (
        f"select count(*) from information_schema.tables where table_schema = '{s}' "
        "and (table_name = 't' or table_name = 'v')"
    )
    assert t.value(both) == 2
    outer = (
        "select count(x.table_name) from information_schema.tables x left join "
        "(select 't' as table_name) y on x.table_name = y.table_name and y.table_name = 't' "
        f"where x.table_schema = '{s}'"
    )
    assert t.value(outer) == 2
    assert (
        t.value(
            f"select count(*) from information_schema.columns where table_name <> 't' "
            f"and table_schema = '{s}'"
        )
        == 1
    )


def test_a_table_whose_files_are_gone_is_reported_and_does_not_break_the_rest(
    sql: Client,
) -> None:
    import shutil

    sql.run("create table broken as select 1 as a", "create table fine as select 1 as a")
    shutil.rmtree(sql.rows("describe detail broken")[0]["location"])

    names = f"select table_name from information_schema.tables where table_schema = '{sql.schema}'"
    assert sql.values(names) == ["fine"]
    assert "[DELTA_TABLE_NOT_FOUND]" in sql.fails("select * from broken")
    sql.run("drop table broken")


def test_fields_of_structs_keep_their_names_in_every_listing(sql: Client) -> None:
    sql.run("create table t (s struct<aB: int, Name: array<struct<X: string>>>, n decimal(5,2))")
    written = "STRUCT<aB: INT, Name: ARRAY<STRUCT<X: STRING>>>"

    with sql.connection.cursor() as cursor:
        cursor.columns(schema_name=sql.schema, table_name="t")
        listed = {row["COLUMN_NAME"]: row["TYPE_NAME"] for row in cursor.fetchall()}

    assert listed == {"s": written, "n": "DECIMAL(5,2)"}
    assert f"`s` {written}" in sql.value("show create table t")
    lower = "struct<aB:int,Name:array<struct<X:string>>>"
    assert sql.rows("describe t")[0]["data_type"] == lower
    assert lower in sql.values(
        f"select full_data_type from information_schema.columns where table_schema = '{sql.schema}'"
    )
    sql.run(sql.value("show create table t").replace(".`t`", ".`t2`"))
    assert sql.value("select s.aB from t2 union all select 1") == 1
