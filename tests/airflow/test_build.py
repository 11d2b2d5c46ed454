"""A broken model, test or dbt process never ends green, also not after a retry."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from f1mesh.airflow.verdict import verdict

GOOD = {"model.d.a": "success", "test.d.a": "pass"}
CASES: dict[str, dict[str, Any]] = {
    "good": {"nodes": GOOD, "ending": "exit 0", "try": 1, "tries": 3},
    "warning": {
        "nodes": GOOD,
        "says": [
            json.dumps({"info": {"name": "LogTestResult", "level": "warn", "msg": "WARN 2 odd"}}),
            json.dumps({"info": {"name": "Note", "level": "info", "msg": "100 % done"}}),
            json.dumps({"info": {"name": "Noise", "level": "debug", "msg": "psst"}}),
            "warning: odd: Got 2 results",
            "error: dbt failed in the domain",
            "    driver_ref = senna",
        ],
        "ending": "exit 0",
        "try": 1,
        "tries": 3,
    },
    "broken model": {
        "nodes": {**GOOD, "model.d.b": "error", "model.d.c": "skipped"},
        "ending": "exit 1",
        "try": 1,
        "tries": 3,
    },
    "broken test": {
        "nodes": {**GOOD, "model.d.b": "success", "test.d.b": "fail", "model.d.c": "skipped"},
        "ending": "exit 1",
        "try": 1,
        "tries": 3,
    },
    "lost warehouse": {
        "nodes": {**GOOD, "model.d.b": "error", "model.d.c": "skipped"},
        "ending": "exit 75",
        "try": 1,
        "tries": 3,
    },
    "lost warehouse, last try": {
        "nodes": {**GOOD, "model.d.b": "error"},
        "ending": "exit 75",
        "try": 3,
        "tries": 3,
    },
    "killed dbt": {"nodes": GOOD, "ending": "kill -9 $$", "try": 1, "tries": 3},
    "dbt that says nothing": {"nodes": {}, "ending": "exit 1", "try": 1, "tries": 3},
}


@pytest.fixture(scope="module")
def ended(
    in_airflow: Callable[..., Any], tmp_path_factory: pytest.TempPathFactory
) -> dict[str, dict[str, Any]]:
    """How the build task of each case ended, and what it reported."""
    pretended: Path = tmp_path_factory.mktemp("dbt") / "python"
    found = in_airflow(
        "run_build.py",
        json.dumps(list(CASES.values())),
        F1_MESH_PYTHON=str(pretended),
        F1_STEP_SERVER="0",
    )
    return dict(zip(CASES, found, strict=True))


def node(ended: dict[str, Any], case: str, name: str, state: str | None) -> bool | None:
    """Whether the task of a dbt node ends well; None while it waits."""
    found = verdict(ended[case]["report"], (name,), state)
    return None if found is None else found[0]


def test_a_good_build_is_good_for_every_node(ended: dict[str, Any]) -> None:
    assert ended["good"]["raised"] is None
    assert ended["good"]["report"] == GOOD


@pytest.mark.parametrize("case", list(CASES))
def test_the_report_is_there_from_the_first_moment_and_over_with_the_build(
    ended: dict[str, Any], case: str
) -> None:
    first, *_, last = ended[case]["over"]

    assert (first, last) == (False, True)


def test_what_dbt_and_the_step_say_is_logged_at_its_level(ended: dict[str, Any]) -> None:
    heard = [(level, text) for level, text in ended["warning"]["heard"]]

    assert heard[-5:] == [
        ("warning", "WARN 2 odd"),
        ("info", "100 % done"),
        ("warning", "warning: odd: Got 2 results"),
        ("error", "error: dbt failed in the domain"),
        ("info", "    driver_ref = senna"),
    ]


@pytest.mark.parametrize("case", ["broken model", "broken test", "dbt that says nothing"])
def test_what_is_broken_fails_the_build_for_good(ended: dict[str, Any], case: str) -> None:
    assert ended[case]["raised"] == "StepFailed"


def test_the_broken_node_and_all_after_it_are_red(ended: dict[str, Any]) -> None:
    assert node(ended, "broken model", "model.d.a", "failed") is True
    assert node(ended, "broken model", "model.d.b", "failed") is False
    assert node(ended, "broken model", "model.d.c", "failed") is False
    assert node(ended, "broken test", "model.d.b", "failed") is True
    assert node(ended, "broken test", "test.d.b", "failed") is False


@pytest.mark.parametrize("case", ["lost warehouse", "killed dbt"])
def test_an_accident_is_tried_again_and_is_no_verdict_on_a_model(
    ended: dict[str, Any], case: str
) -> None:
    assert ended[case]["raised"] == "AirflowException"
    assert node(ended, case, "model.d.b", "up_for_retry") is None
    assert node(ended, case, "model.d.c", "up_for_retry") is None


def test_an_accident_of_the_last_try_is_red(ended: dict[str, Any]) -> None:
    assert ended["lost warehouse, last try"]["raised"] == "AirflowException"
    assert node(ended, "lost warehouse, last try", "model.d.b", "failed") is False
    assert node(ended, "lost warehouse, last try", "model.d.c", "failed") is False


def test_a_build_whose_worker_was_killed_leaves_no_node_green_that_it_did_not_reach() -> None:
    assert verdict({"model.d.a": "success"}, ("model.d.b",), "up_for_retry") is None
    assert verdict({"model.d.a": "success"}, ("model.d.b",), "failed") == (
        False,
        "the build ended (failed) before it came to model.d.b",
    )
