"""Constraints hold on every path that writes: what breaks one changes nothing."""

from __future__ import annotations

import pytest

from tests.warehouse.client import Client

# every way to write a row (id, n, code) into `t`, which holds (1, 10, 'a') before
PATHS = {
    "insert values": "insert into t values ({row})",
    "insert columns": "insert into t (id, n, code) values ({row})",
    "insert by name": "insert into t by name select * from (values ({row})) as x (id, n, code)",
    "insert overwrite": "insert overwrite t values (1, 10, 'a'), ({row})",
    "replace where": "insert into t replace where true values (1, 10, 'a'), ({row})",
    "replace on": (
        "insert into t as d replace on (d.id = s.id and d.id = 99) "
        "(select * from (values ({row})) as x (id, n, code)) as s"
    ),
    "replace using": (
        "insert into t replace using (n) select * from (values ({row})) as x (id, n, code)"
    ),
    "merge insert": (
        "merge into t using (select * from (values ({row})) as x (id, n, code)) s on false "
        "when not matched then insert *"
    ),
}
CHANGES = {
    "update": "update t set {column} = {value}",
    "merge update": (
        "merge into t using (select 1 as k) s on t.id = s.k "
        "when matched then update set {column} = {value}"
    ),
    "merge by source": (
        "merge into t using (select 77 as k) s on t.id = s.k "
        "when not matched by source then update set {column} = {value}"
    ),
}


@pytest.fixture(params=["declared", "added"])
def t(sql: Client, request: pytest.FixtureRequest) -> Client:
    """A constrained table, declared so at once or made from a query and constrained later."""
    if request.param == "declared":
        sql.run(
            "create table t (id int not null, n int, code varchar(3), "
            "constraint positive check (n > 0), constraint t_pk primary key (id))"
        )
    else:
        sql.run(
            "create table t (id int, n int, code varchar(3))",
            "alter table t change column id set not null",
            "alter table t add constraint positive check (n > 0)",
            "alter table t add constraint t_pk primary key (id)",
        )
    sql.run("insert into t values (1, 10, 'a')")
    return sql


BROKEN = {
    "null in NOT NULL": ("null, 20, 'b'", "[DELTA_NOT_NULL_CONSTRAINT_VIOLATED]"),
    "CHECK is false": ("2, 0, 'b'", "[DELTA_VIOLATE_CONSTRAINT_WITH_VALUES]"),
    "CHECK is unknown": ("2, null, 'b'", "[DELTA_VIOLATE_CONSTRAINT_WITH_VALUES]"),
    "too long": ("2, 20, 'long'", "[EXCEED_LIMIT_LENGTH]"),
    "key is there": ("1, 20, 'b'", "[PRIMARY_KEY_VIOLATION]"),
}


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("broken", BROKEN)
def test_no_new_row_breaks_a_constraint(t: Client, path: str, broken: str) -> None:
    row, error = BROKEN[broken]
    versions = len(t.rows("describe history t"))

    assert error in t.fails(PATHS[path].format(row=row))

    assert t.values("select * from t") == [(1, 10, "a")]
    assert len(t.rows("describe history t")) == versions


@pytest.mark.parametrize("path", PATHS)
def test_good_rows_pass(t: Client, path: str) -> None:
    t.run(PATHS[path].format(row="2, 20, 'abc'"))

    assert t.values("select * from t order by id") == [(1, 10, "a"), (2, 20, "abc")]


@pytest.mark.parametrize("path", CHANGES)
@pytest.mark.parametrize(
    ("column", "value", "error"),
    [
        ("id", "null", "[DELTA_NOT_NULL_CONSTRAINT_VIOLATED]"),
        ("n", "-1", "[DELTA_VIOLATE_CONSTRAINT_WITH_VALUES]"),
        ("n", "null", "[DELTA_VIOLATE_CONSTRAINT_WITH_VALUES]"),
        ("code", "'long'", "[EXCEED_LIMIT_LENGTH]"),
        ("id", "2", "[PRIMARY_KEY_VIOLATION]"),
    ],
)
def test_no_change_breaks_a_constraint(
    t: Client, path: str, column: str, value: str, error: str
) -> None:
    t.run("insert into t values (2, 20, 'b')")

    assert error in t.fails(CHANGES[path].format(column=column, value=value))

    assert t.values("select * from t order by id") == [(1, 10, "a"), (2, 20, "b")]


@pytest.mark.parametrize(
    ("statement", "error"),
    [
        (
            "alter table t alter column a set not null",
            "[DELTA_NEW_NOT_NULL_VIOLATION] 1 rows in f1_local.{}.t violate the new NOT NULL"
            " constraint on a",
        ),
        (
            "alter table t add constraint c check (a > 1)",
            "[DELTA_NEW_CHECK_CONSTRAINT_VIOLATION] 2 rows in f1_local.{}.t violate the new CHECK"
            " constraint (a > 1)",
        ),
        ("alter table t add constraint k primary key (a)", "[DELTA_NEW_NOT_NULL_VIOLATION]"),
        ("alter table t add constraint k primary key (b)", "PRIMARY_KEY_VIOLATION"),
    ],
)
def test_a_constraint_is_refused_while_rows_break_it(
    sql: Client, statement: str, error: str
) -> None:
    sql.run("create table t as select * from values (1, 1), (null, 1) as x (a, b)")

    assert error.format(sql.schema) in sql.fails(statement)

    sql.run("insert into t values (null, 1)")
    assert sql.value("select count(*) from t") == 3


def test_a_contract_that_dbt_declares_holds(sql: Client) -> None:
    sql.run(
        "create table t as select 1L as id, 'x' as v",
        "alter table t change column `id` set not null",
        "alter table t add constraint 99d1e6157a15baec2239ac0cc84bd359 primary key(`id`)",
    )

    assert "NOT_NULL" in sql.fails("insert into t values (null, 'y')")
    assert "PRIMARY_KEY" in sql.fails("insert into t values (1, 'y')")
    assert (
        sql.value(
            "select constraint_name from information_schema.table_constraints "
            f"where table_schema = '{sql.schema}' and constraint_type = 'PRIMARY KEY'"
        )
        == "99d1e6157a15baec2239ac0cc84bd359"
    )


def test_constraints_can_be_dropped(t: Client) -> None:
    t.run(
        "alter table t drop constraint positive",
        "alter table t drop primary key",
        "alter table t alter column id drop not null",
        "insert into t values (null, -5, 'x'), (1, null, 'y')",
    )

    assert t.value("select count(*) from t") == 3
    assert "[DELTA_CONSTRAINT_DOES_NOT_EXIST]" in t.fails("alter table t drop constraint positive")
    t.run("alter table t drop constraint if exists positive")


def test_a_key_of_two_columns(sql: Client) -> None:
    sql.run(
        "create table t (a int, b int, primary key (a, b))",
        "insert into t values (1, 1), (1, 2)",
    )

    assert "PRIMARY_KEY" in sql.fails("insert into t values (2, 2), (2, 2)")
    assert "NOT_NULL" in sql.fails("insert into t values (2, null)")


def test_constraints_are_told(t: Client) -> None:
    s = f"table_schema = '{t.schema}'"
    assert t.values(
        f"select column_name, is_nullable from information_schema.columns where {s} order by 1"
    ) == [("code", "YES"), ("id", "NO"), ("n", "YES")]
    assert t.values(f"select column_name from information_schema.key_column_usage where {s}") == [
        "id"
    ]
    assert t.values(
        "select constraint_name, check_clause from information_schema.check_constraints "
        f"where constraint_schema = '{t.schema}'"
    ) == [("positive", "n > 0")]


def test_replacing_a_table_drops_its_constraints_and_clones_keep_them(t: Client) -> None:
    t.run("create table c shallow clone t")
    assert "PRIMARY_KEY" in t.fails("insert into c values (1, 1, 'x')")

    t.run("create or replace table t as select * from t", "insert into t values (1, null, 'x')")
    assert t.value("select count(*) from t") == 2
