"""Table properties: what clients always send is accepted; what uses it is refused where it is."""

from __future__ import annotations

import pytest
from deltalake import DeltaTable, write_deltalake

from f1mesh.warehouse.statements.properties import FEATURES
from tests.warehouse.client import Client


def test_what_sqlalchemy_adds_to_every_table_is_accepted(sql: Client) -> None:
    sql.run(
        "create table t (id bigint not null, v string) using delta "
        "tblproperties('delta.feature.allowColumnDefaults' = 'enabled')",
        "insert into t values (1, 'a')",
        "update t set v = 'b'",
    )

    assert sql.values("select * from t") == [(1, "b")]
    properties = dict(sql.values("show tblproperties t"))
    assert properties["delta.feature.allowColumnDefaults"] == "supported"


@pytest.mark.parametrize("feature", sorted(FEATURES))
def test_a_feature_that_nothing_uses_changes_nothing(sql: Client, feature: str) -> None:
    sql.run(
        "create table t (id int)",
        f"alter table t set tblproperties ('delta.feature.{feature}' = 'supported')",
        "insert into t values (1), (2)",
        "delete from t where id = 1",
        "merge into t using (select 2 as id) s on t.id = s.id when matched then update set id = 3",
    )

    assert sql.values("select id from t") == [3]


def test_a_table_with_features_is_read_and_written_by_others(sql: Client) -> None:
    pairs = ", ".join(f"'delta.feature.{feature}' = 'supported'" for feature in sorted(FEATURES))
    sql.run(f"create table t tblproperties ({pairs}) as select 1L as id")
    location = sql.rows("describe detail t")[0]["location"]

    write_deltalake(location, DeltaTable(location).to_pyarrow_table(), mode="append")

    assert sql.values("select id from t") == [1, 1]


@pytest.mark.parametrize(
    ("use", "told"),
    [
        ("create table x (a int default 5)", "DEFAULT"),
        ("create table x (a int generated always as identity)", "GENERATED"),
        ("create table x (a variant)", "VARIANT"),
        ("alter table t set tblproperties ('delta.enableChangeDataFeed' = 'true')", "ChangeData"),
        ("alter table t set tblproperties ('delta.columnMapping.mode' = 'name')", "columnMapping"),
        ("update t set id = default", "DEFAULT"),
    ],
)
def test_the_use_of_a_feature_that_is_lacking_is_refused(sql: Client, use: str, told: str) -> None:
    pairs = ", ".join(f"'delta.feature.{feature}' = 'supported'" for feature in sorted(FEATURES))
    sql.run(f"create table t (id int) tblproperties ({pairs})")

    error = sql.fails(use)

    assert "[UNSUPPORTED_FEATURE]" in error
    assert told in error


def test_a_feature_that_is_not_known_is_refused_by_name(sql: Client) -> None:
    error = sql.fails(
        "create table x (a int) tblproperties ('delta.feature.timeMachine' = 'supported')"
    )

    assert "[UNSUPPORTED_FEATURE]" in error
    assert "timeMachine" in error


def test_properties_that_hold_constraints_cannot_be_taken_away(sql: Client) -> None:
    sql.run("create table t (id int, constraint small check (id < 5), primary key (id))")

    for key in ("delta.constraints.small", "f1mesh.primaryKey"):
        assert "DROP CONSTRAINT" in sql.fails(f"alter table t unset tblproperties ('{key}')")
    assert "DELTA_VIOLATE_CONSTRAINT" in sql.fails("insert into t values (9)")
