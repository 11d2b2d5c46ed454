"""Run in Airflow's Python: the check of a product after a build that ended in some way."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from unittest.mock import patch

from airflow.sdk.execution_time.xcom import XCom

from f1mesh.airflow.operators import HELD, CheckOperator, StepOperator

STEP = """#!/bin/sh
printf '%s\\n' '{document}'
exit {code}
"""


def stepped(document: dict[str, Any], code: int) -> None:
    """From now on a step says this and ends so."""
    script = Path(os.environ["F1_MESH_PYTHON"])
    script.write_text(STEP.format(document=json.dumps(document), code=code))
    script.chmod(0o755)


def told(task: StepOperator, ti: Any) -> str:
    try:
        task.execute({"params": {}, "run_id": "r", "ti": ti})
    except Exception as error:
        return type(error).__name__
    return "done"


def build(case: dict[str, Any], kept: dict[str, Any]) -> str:
    """A build that fails as the case says; what it keeps for the checks."""
    stepped({"ok": False, "told": "as dbt said", **case["document"]}, case["code"])
    ti = SimpleNamespace(xcom_push=lambda key, value: kept.update({key: value}))
    return told(StepOperator(task_id="build", step="d.transform"), ti)


def check(product: str, states: dict[str, str], kept: list[Any]) -> str:
    stepped({"ok": True, "told": "checked"}, 0)
    task = CheckOperator(task_id="check", step="d.check.p", product=product, build="build")
    ti = SimpleNamespace(
        dag_id="d", run_id="r", get_task_states=lambda **_: {"r": states} if states else {}
    )
    with patch.object(XCom, "get_all", lambda **_: kept or None):
        return told(task, ti)


def main(cases: dict[str, Any]) -> dict[str, Any]:
    kept: dict[str, dict[str, Any]] = {name: {} for name in cases["builds"]}
    builds = {name: build(case, kept[name]) for name, case in cases["builds"].items()}
    checks = {
        name: {p: check(p, case["states"], case["kept"]) for p in ("good", "bad")}
        for name, case in cases["checks"].items()
    }
    return {"builds": builds, "kept": {n: k.get(HELD) for n, k in kept.items()}, "checks": checks}


if __name__ == "__main__":
    print(json.dumps(main(json.loads(sys.argv[1]))))
