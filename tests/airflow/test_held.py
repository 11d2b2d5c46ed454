"""What a failed build holds back: the products that it names, or all where it names none."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

BUILDS = {
    "in part": {"document": {"held": ["bad"]}, "code": 1},
    "of nothing that is a product": {"document": {"held": []}, "code": 1},
    "as a whole": {"document": {"held": None}, "code": 1},
    "without a word": {"document": {}, "code": 1},
    "lost warehouse": {"document": {}, "code": 75},
}
RUN, HELD = "done", "AirflowSkipException"
# States of the build (or of its mapped parts), what its failures told, what becomes of the checks.
CHECKS: dict[str, tuple[dict[str, str], list[Any], tuple[str, str]]] = {
    "good": ({"build": "success"}, [], (RUN, RUN)),
    "failed in part": ({"build": "failed"}, [["bad"]], (RUN, HELD)),
    "failed as a whole": ({"build": "failed"}, [], (HELD, HELD)),
    "never began": ({"build": "upstream_failed"}, [], (HELD, HELD)),
    "never began, and told something last time": (
        {"build": "upstream_failed"}, [["bad"]], (HELD, HELD),
    ),
    "is not there": ({}, [], (HELD, HELD)),
    "one part failed": ({"build_0": "success", "build_1": "failed"}, [["bad"]], (RUN, HELD)),
    "both parts failed": ({"build_0": "failed", "build_1": "failed"}, [[], ["bad"]], (RUN, HELD)),
    "a part told nothing": ({"build_0": "failed", "build_1": "failed"}, [["bad"]], (HELD, HELD)),
}  # fmt: skip


@pytest.fixture(scope="module")
def found(
    in_airflow: Callable[..., Any], tmp_path_factory: pytest.TempPathFactory
) -> dict[str, Any]:
    script: Path = tmp_path_factory.mktemp("steps") / "python"
    checks = {name: {"states": case[0], "kept": case[1]} for name, case in CHECKS.items()}
    cases = json.dumps({"builds": BUILDS, "checks": checks})
    told: dict[str, Any] = in_airflow(
        "run_check.py", cases, F1_MESH_PYTHON=str(script), F1_STEP_SERVER="0"
    )
    return told


def test_a_build_keeps_what_it_holds_back_for_the_checks(found: dict[str, Any]) -> None:
    assert found["builds"] == {
        **dict.fromkeys(BUILDS, "StepFailed"),
        "lost warehouse": "AirflowException",
    }
    assert found["kept"] == {
        **dict.fromkeys(BUILDS),
        "in part": ["bad"],
        "of nothing that is a product": [],
    }


@pytest.mark.parametrize("case", list(CHECKS))
def test_a_product_is_checked_unless_a_failure_holds_it_back(
    found: dict[str, Any], case: str
) -> None:
    good, bad = CHECKS[case][2]

    assert found["checks"][case] == {"good": good, "bad": bad}
