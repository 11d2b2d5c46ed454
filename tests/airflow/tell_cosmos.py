"""Run in Airflow's Python: what Cosmos' build does on a second try, and what it leaves in a DAG."""

from __future__ import annotations

import inspect
import json

import cosmos.converter
from cosmos.operators.watcher import DbtProducerWatcherOperator

from f1mesh.airflow.cosmos_ties import TELEMETRY


def main() -> None:
    source = inspect.getsource(DbtProducerWatcherOperator.execute)
    document = {
        "skips_second_try": "if try_number > 1:" in source and "skipping execution" in source,
        "leaves_telemetry": f'dag.params["{TELEMETRY}"]' in inspect.getsource(cosmos.converter),
    }
    print(json.dumps(document))


if __name__ == "__main__":
    main()
