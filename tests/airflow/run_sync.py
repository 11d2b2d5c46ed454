"""Run in Airflow's Python: one sync task as a worker and the triggerer would run it."""

from __future__ import annotations

import asyncio
import json
import sys
from typing import Any

from airflow.sdk.exceptions import TaskDeferred

from f1mesh.airflow.airbyte import AirbyteJobTrigger, SyncOperator


async def first(trigger: AirbyteJobTrigger) -> Any:
    async for event in trigger.run():
        return event.payload
    return None


def main(connection_name: str, what: str) -> dict[str, Any]:
    task = SyncOperator(task_id="sync", step="d.sync.s", connection_name=connection_name)
    context = {"params": {}, "run_id": "r"}
    try:
        return {"result": task.execute(context)}
    except TaskDeferred as deferred:
        module, kwargs = deferred.trigger.serialize()
        trigger = AirbyteJobTrigger(**{**kwargs, "poll_s": 0.05})
        assert module == "f1mesh.airflow.airbyte.AirbyteJobTrigger"
    except Exception as error:
        return {"raised": type(error).__name__, "message": str(error)}
    if what == "kill worker":
        task.on_kill()
        return {"job": trigger.job}
    if what == "kill triggerer":
        asyncio.run(trigger.on_kill())
        return {"job": trigger.job}
    event = asyncio.run(first(trigger))
    try:
        return {"result": task.ended(context, event), "job": trigger.job}
    except Exception as error:
        return {"raised": type(error).__name__, "message": str(error), "job": trigger.job}


if __name__ == "__main__":
    print(json.dumps(main(*sys.argv[1:])))
