"""UPDATE, DELETE, TRUNCATE and MERGE."""

from __future__ import annotations

import pytest

from tests.warehouse.client import Client


@pytest.fixture
def t(sql: Client) -> Client:
    """A table `t` with three rows, one without a value, and a source `s`."""
    sql.run(
        "create table t (id int, v string)",
        "insert into t values (1, 'a'), (2, 'b'), (3, null)",
        "create table s (id int, v string)",
        "insert into s values (2, 'B'), (4, 'D')",
    )
    return sql


def _all(sql: Client) -> list[tuple[object, ...]]:
    return sql.values("select * from t order by id")


def _versions(sql: Client) -> int:
    return len(sql.rows("describe history t"))


def test_update_counts_and_changes_what_matches(t: Client) -> None:
    assert t.rows("update t set v = 'x' where v = 'a' or id = 2") == [{"num_affected_rows": 2}]

    assert _all(t) == [(1, "x"), (2, "x"), (3, None)]


def test_an_unknown_condition_is_not_true(t: Client) -> None:
    t.run("update t set id = 100 where v <> 'a'", "delete from t where v = 'zzz'")

    assert _all(t) == [(1, "a"), (3, None), (100, "b")]


def test_update_uses_old_values_aliases_and_subqueries(t: Client) -> None:
    t.run(
        "update t as x set id = x.id + 10, v = concat(v, cast(x.id as string)) where x.id < 3",
        "update t set v = (select max(v) from s) where id in (select 3 from s)",
    )

    assert _all(t) == [(3, "D"), (11, "a1"), (12, "b2")]


def test_delete_with_subqueries_and_without_condition(t: Client) -> None:
    s = t.schema
    assert t.rows("delete from t where id in (select id from s)") == [{"num_affected_rows": 1}]
    assert t.rows(f"delete from {s}.t where {s}.t.id = 1") == [{"num_affected_rows": 1}]
    exists = "delete from t where not exists (select 1 from s where s.id = t.id)"
    assert t.rows(exists) == [{"num_affected_rows": 1}]
    t.run("insert into t values (1, 'a')")
    assert t.rows("delete from t") == [{"num_affected_rows": 1}]
    assert _all(t) == []


def test_truncate_empties_and_history_remains(t: Client) -> None:
    assert t.rows("truncate table t") == [{"num_affected_rows": 3}]

    assert _all(t) == []
    assert t.value("select count(*) from t version as of 1") == 3


def test_changing_nothing_makes_no_version(t: Client) -> None:
    before = _versions(t)

    t.run("update t set v = 'x' where id = 99", "delete from t where id = 99")
    t.run("merge into t using s on t.id = s.id and false when matched then delete")

    assert _versions(t) == before


def test_merge_updates_inserts_and_counts(t: Client) -> None:
    found = t.rows(
        "merge into t using s on t.id = s.id "
        "when matched then update set v = s.v when not matched then insert *"
    )

    assert found == [
        {
            "num_affected_rows": 2,
            "num_updated_rows": 1,
            "num_deleted_rows": 0,
            "num_inserted_rows": 1,
        }
    ]
    assert _all(t) == [(1, "a"), (2, "B"), (3, None), (4, "D")]


def test_merge_clauses_are_taken_in_order_with_their_conditions(t: Client) -> None:
    t.run(
        "merge into t as d using (select id, v from s union all select 1, 'gone') as s "
        "on d.id <=> s.id "
        "when matched and s.v = 'gone' then delete "
        "when matched then update set d.v = case when s.v = 'B' then 'case' else 'no' end "
        "when not matched and s.id > 100 then insert (id) values (s.id) "
        "when not matched by source and d.v is null then update set v = 'lost'"
    )

    assert _all(t) == [(2, "case"), (3, "lost")]


def test_merge_not_matched_by_source_deletes(t: Client) -> None:
    t.run(
        "merge into t using s on t.id = s.id when not matched by target then insert (id, v) "
        "values (s.id, 'new') when not matched by source then delete"
    )

    assert _all(t) == [(2, "b"), (4, "new")]


def test_merge_sources_of_every_shape(t: Client) -> None:
    name = f"f1_local.{t.schema}"
    t.run("create view sv as select * from s", "create temporary view st as select * from s")
    for source in (
        "s",
        f"{name}.s as src",
        f"{name}.s src",
        "s version as of 1 as src",
        "sv src",
        "st",
        "(values (2, 'B'), (4, 'D')) as src (id, v)",
        "(with x as (select * from s) select * from x)",
    ):
        t.run("create or replace table t as select 2 as id, 'b' as v")
        alias = "src" if "src" in source else ("st" if source == "st" else "s")
        on = f"d.id = {alias}.id" if not source.startswith("(with") else "d.id = id"
        if source.startswith("(with"):
            source, on = f"{source} as z", "d.id = z.id"
        t.run(
            f"merge into {name}.t d using {source} on {on} "
            "when matched then update set * when not matched then insert *"
        )
        assert _all(t) == [(2, "B"), (4, "D")], source


def test_merge_casts_values_to_the_columns_or_fails(t: Client) -> None:
    t.run("merge into t using (select '9' as id, 5 as v) s on false when not matched then insert *")
    assert _all(t)[-1] == (9, "5")

    for value in ("'x'", "3000000000"):
        wrong = f"merge into t using (select {value} as id) s on false when not matched then "
        assert t.fails(wrong + "insert (id) values (s.id)").startswith("[")
    assert len(_all(t)) == 4


def test_merge_refuses_ambiguity_and_missing_columns(t: Client) -> None:
    twice = "merge into t using (select 1 id, 'x' v union all select 1, 'y') s on t.id = s.id "
    assert "Multiple source rows" in t.fails(twice + "when matched then update set *")

    lacks = "merge into t using (select 1 as id) s on t.id = s.id when matched then update set *"
    assert "[DELTA_MERGE_UNRESOLVED_EXPRESSION]" in t.fails(lacks)
    unknown = "merge into t using s on t.id = s.id when matched then update set nothing = 1"
    assert "[UNRESOLVED_COLUMN" in t.fails(unknown)
    assert "[PARSE_SYNTAX_ERROR]" in t.fails("merge into t using s on t.id = s.id")
    wrong = "merge into t using s on t.id = s.id when matched then insert *"
    assert "[PARSE_SYNTAX_ERROR]" in t.fails(wrong)


def test_deleting_a_row_that_two_source_rows_match_counts_it_once(t: Client) -> None:
    found = t.rows(
        "merge into t using (select 1 as id union all select 1) s on t.id = s.id "
        "when matched then delete"
    )

    assert found[0]["num_deleted_rows"] == 1
    assert _all(t) == [(2, "b"), (3, None)]


def test_merge_with_schema_evolution_adds_the_columns_that_it_writes(t: Client) -> None:
    t.run(
        "merge with schema evolution into t using (select 2 as id, 7L as extra) s "
        "on t.id = s.id when matched then update set * when not matched then insert *",
        "merge with schema evolution into t using (select 5 as id, 'e' as v) s "
        "on t.id = s.id when matched then update set * when not matched then insert *",
    )

    assert t.values("select id, v, extra from t order by id") == [
        (1, "a", None),
        (2, "b", 7),
        (3, None, None),
        (5, "e", None),
    ]
    without = "merge into t using (select 2 as id, 1 as w) s on t.id = s.id when matched then "
    assert "[UNRESOLVED_COLUMN" in t.fails(without + "update set w = s.w")


def test_append_only_tables_only_grow(sql: Client) -> None:
    sql.run(
        "create table t (id int) tblproperties ('delta.appendOnly' = 'true')",
        "insert into t values (1)",
    )

    for statement in ("delete from t", "update t set id = 2", "insert overwrite t values (1)"):
        assert "[DELTA_CANNOT_MODIFY_APPEND_ONLY]" in sql.fails(statement)
    grow = "merge into t using (select 2 as id) s on t.id = s.id when not matched then insert *"
    sql.run(grow)
    assert sql.value("select count(*) from t") == 2


def test_every_kind_of_column_survives_a_rewrite(sql: Client) -> None:
    sql.run(
        "create table t (i tinyint, s struct<a:int,b:array<string>>, m map<string,date>, "
        "at timestamp, wall timestamp_ntz, raw binary, ok boolean, d decimal(38,10), f double)",
        "insert into t select 1, named_struct('a', 1, 'b', array('x', null)), "
        "map('k', date'2024-01-01'), timestamp'2024-01-01 01:02:03.456789', "
        "timestamp_ntz'2024-01-01 01:02:03', x'00ff', true, 12345678901234567890.0123456789, 0.1D",
    )
    before = sql.rows("select * from t")

    sql.run("update t set ok = true", "insert into t select * from t where false")
    sql.run("merge into t using (select 1 as i) s on t.i = s.i when matched then update set i = 1")
    sql.run("optimize t")

    assert sql.rows("select * from t") == before


NULLS = "values (1), (cast(null as int)) as s(y)"


@pytest.fixture
def nullable(sql: Client) -> Client:
    sql.run("create table n (id int, x int)", "insert into n values (1, 1), (2, 2), (3, null)")
    return sql


@pytest.mark.parametrize(
    ("condition", "ids"),
    [
        (f"x not in (select y from {NULLS})", []),
        (f"x in (select y from {NULLS})", [1]),
        ("x not in (select y from values (1) as s(y))", [2]),
        (f"not exists (select 1 from {NULLS} where y = n.x)", [2, 3]),
        ("x <> 1", [2]),
        ("not (x = 1)", [2]),
        ("x = (select max(y) from values (2), (null) as s(y))", [2]),
        ("x is null or x = 1", [1, 3]),
        ("null", []),
    ],
)
def test_update_delete_and_replace_mean_the_same_rows_whatever_is_null(
    nullable: Client, condition: str, ids: list[int]
) -> None:
    others = [i for i in (1, 2, 3) if i not in ids]

    assert nullable.rows(f"update n set x = 9 where {condition}")[0]["num_affected_rows"] == len(
        ids
    )
    assert nullable.values("select id from n where x = 9 order by id") == ids
    assert nullable.value("select count(*) from n") == 3
    nullable.run("insert overwrite n values (1, 1), (2, 2), (3, null)")

    assert nullable.rows(f"delete from n where {condition}")[0]["num_affected_rows"] == len(ids)
    assert nullable.values("select id from n order by id") == others
    if "select" in condition:  # Databricks takes no subquery in REPLACE WHERE
        return
    nullable.run("insert overwrite n values (1, 1), (2, 2), (3, null)")

    nullable.run(f"insert into n replace where {condition} select id, x from n where false")
    assert nullable.values("select id from n order by id") == others


def test_a_random_condition_is_evaluated_once(sql: Client) -> None:
    sql.run("create table r as select id, 0 as hit from range(1000)")

    done = sql.rows("update r set hit = 1 where rand() < 0.5")[0]["num_affected_rows"]

    assert sql.value("select count(*) from r") == 1000
    assert sql.value("select count(distinct id) from r") == 1000
    assert sql.value("select count(*) from r where hit = 1") == done
    assert 300 < done < 700

    gone = sql.rows("delete from r where rand() < 0.5")[0]["num_affected_rows"]
    assert sql.value("select count(*) from r") == 1000 - gone


def test_equal_rows_are_each_kept_or_changed(sql: Client) -> None:
    sql.run("create table d (a int, b int)", "insert into d values (1, 1), (1, 1), (2, 2), (2, 2)")

    assert sql.rows("update d set b = 7 where a = 1")[0]["num_affected_rows"] == 2
    assert sql.values("select b from d order by b") == [2, 2, 7, 7]
    sql.run("delete from d where a = 2")
    assert sql.values("select b from d") == [7, 7]


@pytest.mark.parametrize(
    "condition",
    [
        f"x not in (select y from {NULLS}) or id = 3",
        f"not (x in (select y from {NULLS}) or id = 9)",
        f"coalesce(x in (select y from {NULLS}), true)",
        f"case when x in (select y from {NULLS}) then false else true end",
        f"(x in (select y from {NULLS})) is null",
    ],
)
def test_a_change_by_a_condition_that_the_engine_gets_wrong_is_refused(
    nullable: Client, condition: str
) -> None:
    for change in ("update n set x = 9", "delete from n"):
        assert "[UNSUPPORTED_FEATURE]" in nullable.fails(f"{change} where {condition}")
    assert nullable.value("select count(*) from n where x = 9") == 0
    assert nullable.value("select count(*) from n") == 3


@pytest.mark.parametrize(
    ("condition", "ids"),
    [
        (f"x in (select y from {NULLS}) or id = 3", [1, 3]),
        (f"id < 9 and (x in (select y from {NULLS}))", [1]),
        ("id > 1 and not (x in (select y from values (1) as s(y)))", [2]),
        ("x not in (1, 5) or id = 3", [2, 3]),
    ],
)
def test_membership_where_the_engine_is_right_is_taken(
    nullable: Client, condition: str, ids: list[int]
) -> None:
    nullable.run(f"delete from n where {condition}")

    assert nullable.values("select id from n order by id") == [i for i in (1, 2, 3) if i not in ids]
