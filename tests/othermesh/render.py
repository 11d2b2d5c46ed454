"""Run in Airflow's Python: what its DagBag makes of a DAG folder, as one JSON document."""

from __future__ import annotations

import json
import sys

from airflow.dag_processing.dagbag import DagBag

bag = DagBag(sys.argv[1])
dags = {
    name: {
        "tasks": sorted(dag.task_dict),
        "params": sorted(dag.params),
        "schedule": type(dag.timetable).__name__,
        "doc": dag.doc_md,
        "options": {name: getattr(task, "options", None) for name, task in dag.task_dict.items()},
    }
    for name, dag in bag.dags.items()
}
print(json.dumps({"errors": bag.import_errors, "dags": dags}))
