"""Run in Airflow's Python: which tasks and runs send lineage, and what OpenLineage complains of."""

from __future__ import annotations

import json
import os
import runpy
import warnings

from airflow.providers.openlineage.utils.emission_policy import (
    resolve_dag_emission_policy,
    resolve_task_emission_policy,
)
from airflow.sdk import DAG

from f1mesh.airflow.maintenance import count_statements, old_pull_request_schemas
from f1mesh.airflow.operators import StepOperator
from f1mesh.registry import load_mesh
from f1mesh.workspace import Workspace


def main() -> None:
    found = runpy.run_path(f"{os.environ['F1_ROOT']}/dags/mesh.py").values()
    dags = [dag for dag in found if isinstance(dag, DAG)]
    with warnings.catch_warnings(record=True) as complaints:
        warnings.simplefilter("always")
        tasks = {
            dag.dag_id: {
                task.task_id: resolve_task_emission_policy(task, dag.dag_id, task.task_id).emit
                for task in dag.tasks
            }
            for dag in dags
        }
        runs = {dag.dag_id: resolve_dag_emission_policy(dag.dag_id, dag).emit for dag in dags}
    told = [str(complaint.message) for complaint in complaints]
    every = [task for dag in dags for task in dag.tasks]
    lineages = [task.lineage for task in every if isinstance(task, StepOperator)]
    schemas = {table.split(".")[0] for one in lineages for table in (*one.reads, *one.writes)}
    assets = {outlet.uri for task in every for outlet in task.outlets}
    products = load_mesh(Workspace.locate().root).products
    by_hand = {
        "schemas": sorted(schemas),
        "assets": sorted(assets),
        "counts": count_statements(products),
        "expires": old_pull_request_schemas.function({"pull_request_days": 0})
        if os.environ.get("F1_SCHEMA_PREFIX")
        else None,
    }
    print(json.dumps({"tasks": tasks, "runs": runs, "complaints": told, **by_hand}))


if __name__ == "__main__":
    main()
