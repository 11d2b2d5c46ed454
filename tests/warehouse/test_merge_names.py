"""By which names a MERGE knows its tables."""

from __future__ import annotations

import pytest

from tests.warehouse.client import Client


@pytest.mark.parametrize(
    "merge",
    [
        "merge into {s}.t using {s}.u on {s}.t.id = {s}.u.id"
        " when matched and {s}.u.v = 'b' then update set {s}.t.v = {s}.u.v || {s}.t.v"
        " when not matched then insert (id, v) values ({s}.u.id, {s}.u.v)",
        "merge into f1_local.{s}.t using {s}.u on f1_local.{s}.t.id = f1_local.{s}.u.id"
        " when matched then update set v = concat({s}.u.v, f1_local.{s}.t.v)"
        " when not matched and {s}.u.id > 1 then insert *",
        "merge into t using u on {s}.t.id = u.id when matched then update set t.v = u.v || {s}.t.v"
        " when not matched then insert *",
        "merge into {s}.t as x using (select * from {s}.u) as y on x.id = y.id"
        " when matched then update set v = y.v || x.v when not matched then insert *",
    ],
)
def test_a_merge_may_name_columns_in_full(sql: Client, merge: str) -> None:
    sql.run("create table t as select 1 as id, 'a' as v")
    sql.run("create table u as select * from values (1, 'b'), (2, 'c') as x(id, v)")

    sql.run(merge.format(s=sql.schema))

    assert sql.values("select * from t order by id") == [(1, "ba"), (2, "c")]


def test_a_merge_with_an_alias_knows_the_table_by_no_other_name(sql: Client) -> None:
    sql.run("create table t as select 1 as id", "create table u as select 1 as id")

    error = sql.fails(
        f"merge into t as x using u as y on {sql.schema}.t.id = y.id when matched then delete"
    )

    assert "[UNRESOLVED_COLUMN" in error
    assert sql.values("select id from t") == [1]
