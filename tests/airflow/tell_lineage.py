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
    print(json.dumps({"tasks": tasks, "runs": runs, "complaints": told}))


if __name__ == "__main__":
    main()
