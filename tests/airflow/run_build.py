"""Run in Airflow's Python: the build task of a domain with a pretended dbt, try after try."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from unittest.mock import patch

import structlog
from airflow.sdk.execution_time.xcom import XCom

from f1mesh.airflow.transform import BuildOperator

SCRIPT = """#!/bin/sh
{events}
printf '%s\\n' '{document}'
{ending}
"""


def event(node: str, status: str) -> str:
    content = {
        "info": {"name": "NodeFinished", "level": "debug", "msg": ""},
        "data": {"node_info": {"unique_id": node, "node_status": status}},
    }
    return f"printf '%s\\n' '{json.dumps(content)}' >&2"


def attempt(task: BuildOperator, case: dict[str, Any], number: int, tries: int) -> dict[str, Any]:
    script = Path(os.environ["F1_MESH_PYTHON"])
    events = "\n".join(event(node, status) for node, status in case["nodes"].items())
    events += "\n" + "\n".join(f"printf '%s\\n' '{line}' >&2" for line in case.get("says", ()))
    document = json.dumps({"ok": case["ending"] == "exit 0", "told": "as dbt said", "nodes": {}})
    text = SCRIPT.format(events=events, document=document, ending=case["ending"])
    script.write_text(text)
    script.chmod(0o755)
    reports: list[dict[str, Any]] = []
    ti = SimpleNamespace(try_number=number, max_tries=tries - 1, dag_id="d", run_id="r")
    context = {"params": {}, "run_id": "r", "ti": ti}
    keep = patch.object(XCom, "set", lambda key, value, **_: reports.append(value))
    with keep, structlog.testing.capture_logs() as logged:
        try:
            task.execute(context)
            raised = None
        except Exception as error:
            raised = type(error).__name__
    heard = [(entry["log_level"], entry["event"]) for entry in logged]
    *before, last = reports
    told = {"report": last["nodes"], "over": [each["over"] for each in (*before, last)]}
    return {"raised": raised, "heard": heard, **told}


def main(cases: list[dict[str, Any]]) -> list[dict[str, Any]]:
    task = BuildOperator(task_id="build", step="d.transform")
    return [attempt(task, case, case["try"], case["tries"]) for case in cases]


if __name__ == "__main__":
    print(json.dumps(main(json.loads(sys.argv[1]))))
