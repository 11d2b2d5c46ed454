"""What the warehouse cannot honour it refuses, with the reason and what to do; never in silence."""

from __future__ import annotations

import pytest

from tests.warehouse.client import Client

REFUSED = [
    "grant select on table t to `someone`",
    "revoke select on table t from `someone`",
    "deny select on table t to `someone`",
    "analyze table t compute statistics",
    "refresh table t",
    "cache table t",
    "msck repair table t",
    "copy into t from '/tmp/x' fileformat = csv",
    "call system.nothing()",
    "declare variable x int",
    "undrop table t",
    "reorg table t apply (purge)",
    "create function f() returns int return 1",
    "create materialized view mv as select 1 as a",
    "create or refresh streaming table st as select 1 as a",
    "create volume vol",
    "create temporary table tt (a int)",
    "create table x (a int) using parquet",
    "create table x (a int default 5)",
    "create table x (a int generated always as identity)",
    "create table x (a int, b int generated always as (a + 1))",
    "create table x (a int references t (id))",
    "create table x (a int, foreign key (a) references t (id))",
    "create table x (a int, primary key (a) not enforced)",
    "create table x (a char(3))",
    "create table x (a variant)",
    "create table x (a struct<b: int not null>)",
    "update t set v.x = 1",
    "merge into t using (select 1 as k) s on t.id = s.k when matched then update set v.x = 1",
    "create table x (a interval day)",
    "create table x (a string collate utf8_lcase)",
    "create table x (a int mask f)",
    "create table x (a int) location 's3://bucket/x'",
    "create table x (a int) location 'relative/x'",
    "create table x (a int) cluster by auto",
    "create table x (a int) options ('a' = 'b')",
    "create table x like t",
    "create table x (a int) tblproperties ('delta.enableChangeDataFeed' = 'true')",
    "create table x (a int) tblproperties ('delta.columnMapping.mode' = 'name')",
    "create table x (a int) tblproperties ('f1mesh.primaryKey' = 'x')",
    "create table x (a int) tblproperties ('delta.enableRowTracking' = 'true')",
    "create table x (a int) tblproperties ('delta.feature.anything' = 'supported')",
    "create table x (a int) tblproperties ('delta.feature.allowColumnDefaults' = 'yes')",
    "alter table t set tblproperties ('delta.feature.catalogManaged' = 'supported')",
    "alter table t unset tblproperties ('f1mesh.primaryKey')",
    "alter table t unset tblproperties ('delta.constraints.x')",
    "create table x (a int default 5) tblproperties"
    " ('delta.feature.allowColumnDefaults' = 'supported')",
    "alter table t add constraint fk foreign key (id) references t (id)",
    "alter table t add column n int not null",
    "alter table t add column if not exists n int",
    "alter table t add column n int default 1",
    "alter table t alter column v set default 'x'",
    "alter table t alter column v drop default",
    "alter table t set owner to someone",
    "alter table t set location '/tmp/x'",
    "alter table t add partition (id = 1)",
    "alter table t set row filter f on (id)",
    "alter table t drop feature something",
    "alter table t enable predictive optimization",
    "insert into t with schema evolution select 1, 'a', 2",
    "insert overwrite directory '/tmp/x' select 1",
    "update t set v = default",
    "truncate table t partition (id = 1)",
    "optimize t where id = 1",
    "vacuum t retain 1 hours",
    "set spark.sql.ansi.enabled = false",
    "set time zone 'America/New_York'",
    "set ansi_mode = false",
    "set something = 1",
    "show functions",
    "show partitions t",
    "describe function abs",
    "select a.*, b.id from t a join t b using (id)",
    "select * from t timestamp as of current_timestamp()",
]


@pytest.mark.parametrize("statement", REFUSED)
def test_it_is_refused_and_nothing_was_done(sql: Client, statement: str) -> None:
    sql.run("create table t (id int, v string)")
    before = (sql.rows("show tables"), sql.rows("show tblproperties t"), sql.rows("describe t"))

    error = sql.fails(statement)

    assert error.startswith("["), error
    assert "INTERNAL_ERROR" not in error
    assert "SQLSTATE: " in error
    after = (sql.rows("show tables"), sql.rows("show tblproperties t"), sql.rows("describe t"))
    assert after == before
    assert len(sql.rows("describe history t")) == 1


def test_what_is_refused_is_not_called_a_syntax_error(sql: Client) -> None:
    assert "[UNSUPPORTED_FEATURE]" in sql.fails("grant select on table t to x")
    assert "[UNSUPPORTED_FEATURE]" in sql.fails("create table x (a int default 5)")
    assert "[PARSE_SYNTAX_ERROR]" in sql.fails("gibberish in capitals")


def test_settings_that_are_honoured_are_accepted(sql: Client) -> None:
    sql.run("set ansi_mode = true", "set time zone 'UTC'", "set timezone = UTC", "reset timezone")
    sql.run("set QUERY_TAGS = 'a:b'", "set spark.sql.session.timeZone = 'UTC'")

    assert ("ansi_mode", "true") in sql.values("set")
    assert sql.values("set ansi_mode") == [("ansi_mode", "true")]
