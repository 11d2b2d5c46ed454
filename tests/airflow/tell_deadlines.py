"""Run in Airflow's Python: the deadlines of the DAGs, as Airflow stores them and reads them again,
and what Airflow does with a deadline of its own when a task is cleared."""

from __future__ import annotations

import asyncio
import json
import logging
import os
import runpy
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

from airflow.api_fastapi.core_api.datamodels.dag_run import DAGRunResponse
from airflow.models.taskinstance import _recalculate_dagrun_queued_at_deadlines
from airflow.sdk import DAG
from airflow.serialization.decoders import decode_deadline_alert
from airflow.serialization.encoders import encode_deadline_alert
from airflow.triggers.callback import CallbackTrigger

QUEUED_AT = datetime(2026, 3, 1, 10, tzinfo=UTC)
RUN: Any = SimpleNamespace(id=1, dag_id="d", run_id="r")
SHOWN: dict[str, Any] = {
    **dict.fromkeys(DAGRunResponse.model_fields),
    "run_id": "manual__2026-03-01",
    "dag_id": "d",
    "dag_model": {"dag_display_name": "d"},
    "queued_at": QUEUED_AT,
    "run_after": QUEUED_AT,
    "run_type": "manual",
    "state": "running",
    "dag_versions": [],
}


class Session:
    """Answers every query with one thing, and remembers what was asked."""

    def __init__(self, answer: Any):
        self.answer = answer
        self.asked: dict[str, Any] = {}

    def scalar(self, statement: Any) -> Any:
        self.asked = statement.compile().params
        return self.answer

    def execute(self, statement: Any) -> Any:
        return SimpleNamespace(all=lambda: [self.answer])


def told(dag: DAG) -> dict[str, Any]:
    """The deadline of a DAG, as the scheduler evaluates it for a run that was queued then."""
    [alert] = dag.deadline
    stored = json.loads(json.dumps(encode_deadline_alert(alert)))
    read = decode_deadline_alert(stored)
    session = Session(QUEUED_AT)
    at = read.reference.evaluate_with(
        session=session, interval=read.interval, dag_id=dag.dag_id, run_id="r"
    )
    return {
        "reference": stored["reference"],
        "allowed_s": read.interval.total_seconds(),
        "after_s": (at - QUEUED_AT).total_seconds(),
        "asked": sorted(session.asked.values()),
    }


def clearing(stored: dict[str, Any]) -> str:
    """What becomes of a deadline of Airflow's own with this interval when a task is cleared."""
    alert = SimpleNamespace(interval=stored["interval"])
    session: Any = Session((SimpleNamespace(id=1, deadline_time=QUEUED_AT), alert))
    try:
        _recalculate_dagrun_queued_at_deadlines(RUN, QUEUED_AT, session)
    except TypeError as error:
        return str(error)
    return "ok"


def missed(stored: dict[str, Any]) -> list[str]:
    """What the triggerer makes of a deadline that was missed: the lines of the message."""
    heard: list[str] = []

    def hear(record: logging.LogRecord) -> bool:
        heard.extend(record.getMessage().splitlines())
        return True

    logging.getLogger("f1mesh.alerts").addFilter(hear)
    run = DAGRunResponse.model_validate(SHOWN).model_dump(mode="json")
    kwargs = stored["callback"]["__data__"]["kwargs"]
    trigger = CallbackTrigger(
        stored["callback"]["__data__"]["path"], {**kwargs, "context": {"dag_run": run}}
    )
    asyncio.run(all_of(trigger))
    return heard


async def all_of(trigger: CallbackTrigger) -> list[Any]:
    return [event.payload async for event in trigger.run()]


def main() -> None:
    dags = [
        value
        for value in runpy.run_path(f"{os.environ['F1_ROOT']}/dags/mesh.py").values()
        if isinstance(value, DAG) and value.deadline
    ]
    stored = json.loads(json.dumps(encode_deadline_alert(dags[0].deadline[0])))
    document = {
        "deadlines": {dag.dag_id: told(dag) for dag in dags},
        "own": clearing(stored),
        "missed": missed(stored),
    }
    print(json.dumps(document))


if __name__ == "__main__":
    main()
