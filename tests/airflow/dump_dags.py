"""Run in Airflow's Python: the DAGs of `dags/mesh.py` as one JSON document."""

from __future__ import annotations

import json
import os
import runpy
import sys
import time
from pathlib import Path
from typing import Any

from airflow.sdk import DAG, Asset
from airflow.serialization.serialized_objects import DagSerialization

import f1mesh.airflow.preload  # noqa: F401


def seconds(value: Any) -> float | None:
    return None if value is None else value.total_seconds()


def read_by(condition: Any) -> list[Any]:
    """The assets of a schedule's condition."""
    if isinstance(condition, Asset):
        return [condition]
    return [asset for part in getattr(condition, "objects", ()) for asset in read_by(part)]


def condition(dag: DAG) -> Any:
    return getattr(dag.timetable, "asset_condition", None)


def described(task: Any) -> dict[str, Any]:
    return {
        "type": type(task).__name__,
        "step": getattr(task, "step", None),
        "name": task.task_display_name,
        "upstream": sorted(task.upstream_task_ids),
        "retries": task.retries,
        "backoff": bool(task.retry_exponential_backoff),
        "longest_wait_s": seconds(task.max_retry_delay),
        "timeout_s": seconds(task.execution_timeout),
        "pool": task.pool,
        "owner": task.owner,
        "rule": getattr(task.trigger_rule, "value", task.trigger_rule),
        "inlets": [[i.name, i.uri, i.group] for i in task.inlets],
        "outlets": [[o.name, o.uri, o.group] for o in task.outlets],
        "alerts": bool(task.on_failure_callback),
        "from_trigger": task.start_from_trigger,
        "watches": (
            task.start_trigger_args.trigger_kwargs["nodes"] if task.start_from_trigger else []
        ),
    }


def main(dags_file: Path) -> None:
    found = [v for v in runpy.run_path(str(dags_file)).values() if isinstance(v, DAG)]
    begin = time.monotonic()
    runpy.run_path(str(dags_file))
    warm_s = time.monotonic() - begin
    document = {
        dag.dag_id: {
            "tasks": {task.task_id: described(task) for task in dag.tasks},
            "schedule": type(dag.timetable).__name__,
            "starts_after": sorted([a.name, a.uri, a.group] for a in read_by(condition(dag))),
            "serialized": json.dumps(DagSerialization.to_dict(dag), sort_keys=True, default=str),
            "max_active_runs": dag.max_active_runs,
            "catchup": dag.catchup,
            "tags": sorted(dag.tags),
            "doc": dag.doc_md,
            "owner_links": dag.owner_links,
            "params": sorted(dag.params),
        }
        for dag in found
    }
    dbt = sorted(name for name in sys.modules if name == "dbt" or name.startswith("dbt."))
    print(json.dumps({"dags": document, "warm_s": warm_s, "dbt": dbt}))


if __name__ == "__main__":
    main(Path(sys.argv[1] if len(sys.argv) > 1 else f"{os.environ['F1_ROOT']}/dags/mesh.py"))
