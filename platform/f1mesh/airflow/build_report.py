"""What a build tells of dbt's nodes while it runs, for the tasks that show them.

It is an XCom of the task before the build, which leaves an empty report: a reader finds one from
the first moment. One of the build's own would be gone in each of its tries until the try has told
something, and each question in between is an error in the triggerer's log.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from f1mesh.airflow.layout import FRESHNESS_TASK

_KEY = "nodes"


def write_report(ti: Any, nodes: Mapping[str, str], *, over: bool) -> None:
    """The status of each node so far; `over`: the build adds nothing any more."""
    from airflow.sdk.execution_time.xcom import XCom

    report = {"over": over, "nodes": dict(nodes)}
    XCom.set(_KEY, report, dag_id=ti.dag_id, task_id=FRESHNESS_TASK, run_id=ti.run_id)


def empty_report(ti: Any) -> None:
    """The report of a build that is still to come."""
    write_report(ti, {}, over=True)


def read_report(dag_id: str, run_id: str) -> Any:
    """What was written last; None if nothing was."""
    from airflow.sdk.execution_time.xcom import XCom

    return XCom.get_one(key=_KEY, dag_id=dag_id, task_id=FRESHNESS_TASK, run_id=run_id)


def nodes_of(report: Any, build_state: str | None) -> dict[str, str]:
    """The nodes that a report speaks of. One that is over although the build runs is of an earlier
    try, or the empty one."""
    if not isinstance(report, dict) or (report["over"] and build_state == "running"):
        return {}
    return dict(report["nodes"])
