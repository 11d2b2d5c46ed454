"""What of Cosmos is not public, all of it here: the tasks that it makes of a dbt project in its
WATCHER mode, by their names and attributes.

Its build task is taken out, for it skips its second try and lets each model build itself: tests of
no single model are then left out, and a run can end green with one broken. Cosmos also leaves its
telemetry among the parameters of the DAG, which is the form in which people ask for a run.

Tied to astronomer-cosmos 1.15.1; tests/airflow/test_cosmos_ties.py says when this may go.
"""

from __future__ import annotations

from airflow.sdk import DAG, BaseOperator, TaskGroup
from cosmos.operators.watcher import DbtProducerWatcherOperator

BUILDS = ("dbt_producer_watcher", "dbt_producer_watcher_done")
TELEMETRY = "__cosmos_telemetry_metadata__"


def take_out_build(dag: DAG, group: TaskGroup) -> dict[str, list[str]]:
    """Remove Cosmos' own build, and its telemetry: the tests of each model, as the build has it."""
    dag.params.pop(TELEMETRY, None)
    tests: dict[str, list[str]] = {}
    for name in BUILDS:
        task = dag.task_dict.pop(f"{group.group_id}.{name}")
        group.children.pop(task.task_id)
        if isinstance(task, DbtProducerWatcherOperator):
            tests = task.tests_per_model
    return tests


def node_tasks(dag: DAG) -> list[BaseOperator]:
    """The tasks that show how a node of the project went."""
    return [task for task in dag.task_dict.values() if getattr(task, "model_unique_id", None)]


def watched_nodes(task: BaseOperator, tests: dict[str, list[str]]) -> list[str]:
    """The nodes that such a task shows: a model, or the tests of one."""
    node: str = task.model_unique_id
    return sorted(tests.get(node, [])) if task.is_test_sensor else [node]
