"""How a dbt model went, as a task: waits for the build's report of that model.

Such a task starts in the triggerer and ends there. It holds no worker, and however many there are,
the report of a run is read once for all of them.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any, ClassVar

from airflow.triggers.base import BaseTrigger, TaskFailedEvent, TaskSuccessEvent, TriggerEvent

from f1mesh.airflow.build_report import nodes_of, read_report
from f1mesh.airflow.verdict import verdict

WATCH_S = 2.0
_TOLD = frozenset({"running", "success", "failed"})  # of a build, which has a report then


@dataclass
class Reading:
    """The report of one build, read at most once in a while, whoever asks."""

    dag_id: str
    run_id: str
    build_task: str
    read_at: float = float("-inf")
    report: dict[str, str] = field(default_factory=dict)
    build_state: str | None = None
    lock: asyncio.Lock = field(default_factory=asyncio.Lock)

    all: ClassVar[dict[tuple[str, str, str], Reading]] = {}

    @classmethod
    def of(cls, dag_id: str, run_id: str, build_task: str) -> Reading:
        """The one reading of this build; old ones are forgotten."""
        before = time.monotonic() - 600
        for key, known in list(cls.all.items()):
            if known.read_at < before and known.read_at > 0:
                del cls.all[key]
        key = (dag_id, run_id, build_task)
        return cls.all.setdefault(key, cls(*key))

    async def latest(self) -> Reading:
        async with self.lock:
            if time.monotonic() - self.read_at >= WATCH_S:
                # The state first: what was reported before the build ended is then complete.
                self.build_state = await asyncio.to_thread(self._state)
                there = self.build_state in _TOLD
                report = await asyncio.to_thread(self._report) if there else None
                self.report = nodes_of(report, self.build_state)
                self.read_at = time.monotonic()
        return self

    def _state(self) -> str | None:
        from airflow.sdk.execution_time.task_runner import RuntimeTaskInstance

        states = RuntimeTaskInstance.get_task_states(
            dag_id=self.dag_id, task_ids=[self.build_task], run_ids=[self.run_id]
        )
        found = states.get(self.run_id, {}).get(self.build_task)
        return None if found is None else str(getattr(found, "value", found))

    def _report(self) -> Any:
        return read_report(self.dag_id, self.run_id)


class NodeWatch(BaseTrigger):
    """Ends its task when the build has told how the nodes went: a model, or a model's tests."""

    def __init__(self, nodes: list[str], build_task: str):
        super().__init__()
        self.nodes = nodes
        self.build_task = build_task

    def serialize(self) -> tuple[str, dict[str, Any]]:
        return (
            f"{type(self).__module__}.{type(self).__qualname__}",
            {"nodes": self.nodes, "build_task": self.build_task},
        )

    async def run(self) -> AsyncIterator[TriggerEvent]:
        ti = self.task_instance
        assert ti is not None
        reading = Reading.of(ti.dag_id, ti.run_id, self.build_task)
        while True:
            now = await reading.latest()
            found = verdict(now.report, tuple(self.nodes), now.build_state)
            if found is not None:
                good, why = found
                self.log.info(why) if good else self.log.error(
                    "%s. The log of '%s' has dbt's output; to build again, clear that task with "
                    "what is downstream of it.",
                    why,
                    self.build_task,
                )
                yield TaskSuccessEvent() if good else TaskFailedEvent()
                return
            await asyncio.sleep(WATCH_S)
