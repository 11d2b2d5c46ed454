"""What makes a node of dbt's graph run again, and what does not."""

from __future__ import annotations

import copy
from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

import pytest

from f1mesh.transformation.evidence import Ended, Evidence, fingerprints, in_order, stale

TODAY = date(2025, 6, 1)
CONTENTS = {"source.g.raw.cars": "cars@1", "source.g.raw.laps": "laps@1"}
Manifest = dict[str, Any]
Edit = Callable[[Manifest], object]


def node(kind: str, name: str, code: str, *parents: str, macros: tuple[str, ...] = ()) -> Manifest:
    return {
        "resource_type": kind,
        "name": name,
        "raw_code": code,
        "checksum": {"checksum": code},
        "config": {"materialized": "table"},
        "depends_on": {"macros": list(macros), "nodes": list(parents)},
        "test_metadata": None,
        "created_at": 1.0,
    }


def manifest() -> Manifest:
    """cars -> stg_cars -> dim_car -> fct_lap <- stg_laps <- laps, a seed, a test on dim_car."""
    nodes = {
        "seed.g.colours": node("seed", "colours", "red,green"),
        "model.g.stg_cars": node("model", "stg_cars", "select 1", "source.g.raw.cars"),
        "model.g.stg_laps": node("model", "stg_laps", "select 2", "source.g.raw.laps"),
        "model.g.dim_car": node(
            "model",
            "dim_car",
            "select key() from stg_cars",
            "model.g.stg_cars",
            "seed.g.colours",
            macros=("macro.g.key", "macro.dbt.statement"),
        ),
        "model.g.fct_lap": node(
            "model", "fct_lap", "select 4", "model.g.dim_car", "model.g.stg_laps"
        ),
        "test.g.unique_dim_car": node("test", "unique_dim_car", "{{ t() }}", "model.g.dim_car"),
        "unit_test.g.ignored": node("unit_test", "ignored", "", "model.g.dim_car"),
    }
    macros = {
        "macro.g.key": ("g", "{{ hash() }}", ["macro.g.hash"]),
        "macro.g.hash": ("g", "sha2(x, 256)", []),
        "macro.dbt.statement": ("dbt", "current_timestamp", []),
    }
    return {
        "nodes": nodes,
        "sources": dict.fromkeys(CONTENTS),
        "macros": {
            key: {"package_name": package, "macro_sql": text, "depends_on": {"macros": calls}}
            for key, (package, text, calls) in macros.items()
        },
        "parent_map": {key: found["depends_on"]["nodes"] for key, found in nodes.items()},
    }


def prints(of: Manifest, contents: dict[str, str] = CONTENTS, today: date = TODAY) -> Any:
    return fingerprints(of, contents, base="b", today=today)


def built(of: Manifest) -> tuple[Evidence, dict[str, str]]:
    """The evidence after a build in which all went well, and the tables that it left."""
    tables = {key: f"{key}@1" for key in in_order(of) if not key.startswith("test.")}
    ended = {
        key: Ended(fingerprint, "success", "", tables.get(key, ""))
        for key, fingerprint in prints(of).items()
        if fingerprint
    }
    return Evidence("2025-06-01T00:00:00+00:00", ended), tables


def runs_after(edit: Edit, contents: dict[str, str] = CONTENTS, today: date = TODAY) -> set[str]:
    """The names of the nodes that run after a build and an edit."""
    evidence, tables = built(manifest())
    edited = copy.deepcopy(manifest())
    edit(edited)
    found = stale(edited, prints(edited, contents, today), evidence, tables)
    return {key.split(".")[-1] for key in found}


def code(key: str, text: str) -> Edit:
    return lambda m: m["nodes"][key].update(raw_code=text)


def test_each_node_comes_after_what_it_depends_on_and_unit_tests_are_none() -> None:
    order = in_order(manifest())

    assert set(order) == {key for key in manifest()["nodes"] if not key.startswith("unit_test")}
    for key in order:
        for parent in manifest()["parent_map"][key]:
            assert parent.startswith("source.") or order.index(parent) < order.index(key)


def test_nothing_runs_after_nothing_changed() -> None:
    assert runs_after(lambda m: None) == set()


@pytest.mark.parametrize(
    "edit",
    [
        lambda m: m["nodes"]["model.g.dim_car"].update(created_at=2.0, build_path="x"),
        lambda m: m["nodes"]["model.g.dim_car"]["depends_on"]["nodes"].reverse(),
        lambda m: m["nodes"]["model.g.dim_car"]["depends_on"]["macros"].append("macro.dbt.other"),
        lambda m: m["macros"]["macro.dbt.statement"].update(macro_sql="another dbt, see base"),
    ],
    ids=["moments", "order of a set", "what compiling adds", "dbt's own macro"],
)
def test_what_says_nothing_about_the_result_changes_nothing(edit: Edit) -> None:
    assert runs_after(edit) == set()


@pytest.mark.parametrize(
    ("edit", "runs"),
    [
        (code("model.g.fct_lap", "select 5"), {"fct_lap"}),
        (code("model.g.dim_car", "x"), {"dim_car", "fct_lap", "unique_dim_car"}),
        (code("test.g.unique_dim_car", "x"), {"unique_dim_car"}),
        (
            lambda m: m["nodes"]["seed.g.colours"].update(checksum={"checksum": "blue"}),
            {"colours", "dim_car", "fct_lap", "unique_dim_car"},
        ),
        (
            lambda m: m["macros"]["macro.g.hash"].update(macro_sql="md5(x)"),
            {"dim_car", "fct_lap", "unique_dim_car"},
        ),
        (
            lambda m: m["nodes"]["model.g.stg_laps"]["config"].update(materialized="view"),
            {"stg_laps", "fct_lap"},
        ),
    ],
    ids=["model", "with dependants", "test", "seed", "macro of a macro", "config"],
)
def test_changed_code_runs_with_all_that_stands_on_it(edit: Edit, runs: set[str]) -> None:
    assert runs_after(edit) == runs


def test_a_source_with_other_content_runs_what_reads_it() -> None:
    assert runs_after(lambda m: None, {**CONTENTS, "source.g.raw.laps": "laps@2"}) == {
        "stg_laps",
        "fct_lap",
    }


def test_a_source_of_unknown_content_runs_what_reads_it_each_time() -> None:
    known = {"source.g.raw.cars": "cars@1"}

    assert runs_after(lambda m: None, known) == {"stg_laps", "fct_lap"}
    assert prints(manifest(), known)["model.g.fct_lap"] is None


def test_a_node_that_asks_for_the_day_runs_once_a_day() -> None:
    asks = code("model.g.stg_laps", "select current_date() as day")
    of = manifest()
    asks(of)
    evidence, tables = built(of)

    assert stale(of, prints(of), evidence, tables) == frozenset()
    tomorrow = prints(of, today=TODAY + timedelta(days=1))
    assert stale(of, tomorrow, evidence, tables) == {"model.g.stg_laps", "model.g.fct_lap"}


@pytest.mark.parametrize(
    "text",
    ["select current_timestamp()", "select now()", "select rand()", "'{{ run_started_at }}'"],
)
def test_a_node_that_asks_for_the_moment_always_runs(text: str) -> None:
    of = manifest()
    code("model.g.stg_laps", text)(of)
    evidence, tables = built(of)

    assert stale(of, prints(of), evidence, tables) == {"model.g.stg_laps", "model.g.fct_lap"}


def test_a_table_that_somebody_else_wrote_to_is_built_again() -> None:
    evidence, tables = built(manifest())
    dropped = {key: name for key, name in tables.items() if key != "model.g.stg_laps"}

    touched = stale(
        manifest(), prints(manifest()), evidence, {**tables, "model.g.dim_car": "model.g.dim_car@2"}
    )
    missing = stale(manifest(), prints(manifest()), evidence, dropped)

    assert touched == {"model.g.dim_car", "model.g.fct_lap", "test.g.unique_dim_car"}
    assert missing == {"model.g.stg_laps", "model.g.fct_lap"}


def test_what_did_not_end_well_has_no_evidence_and_runs_again() -> None:
    evidence, tables = built(manifest())
    left = {key: ended for key, ended in evidence.nodes.items() if "unique" not in key}

    again = stale(manifest(), prints(manifest()), Evidence("", left), tables)

    assert again == {"test.g.unique_dim_car"}


def test_evidence_outlives_being_written_down() -> None:
    evidence, _ = built(manifest())

    assert Evidence.from_json(evidence.to_json()) == evidence
