"""Operators that have a step of the graph done, in the platform's Python."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from typing import Any

from airflow.sdk import Asset, BaseOperator, TriggerRule
from airflow.sdk.exceptions import (
    AirflowException,
    AirflowFailException,
    AirflowSkipException,
)

from f1mesh.airflow.build_report import empty_report
from f1mesh.airflow.lineage import Lineage, enable
from f1mesh.airflow.settings import Settings
from f1mesh.orchestration.order import Order, run_step
from f1mesh.orchestration.walk import holds_back
from f1mesh.workers.client import Ended

Context = Mapping[str, Any]
HELD = "held"  # the XCom of a failed build: the products that it holds back
_LEVELS = {"warning:": logging.WARNING, "error:": logging.ERROR}


class StepFailed(AirflowFailException):
    """A step failed for good. `held` names the products that it holds back; None: all."""

    def __init__(self, told: str, held: tuple[str, ...] | None = None):
        super().__init__(told)
        self.held = held


class StepOperator(BaseOperator):
    """Does one step; its JSON document is the task's result.

    A permanent failure (exit code 1) is not retried; a transient one (75) is.
    """

    ui_color = "#e8f1f8"
    template_fields: Sequence[str] = ("options",)

    def __init__(
        self,
        *,
        step: str,
        options: Mapping[str, str] | None = None,
        lineage: Lineage | None = None,
        **kwargs: Any,
    ):
        super().__init__(**kwargs)
        self.step = step
        self.options = dict(options or {})
        self.lineage = lineage or Lineage()
        if lineage and (lineage.reads or lineage.writes):
            enable(self)

    def get_openlineage_facets_on_start(self) -> Any:
        """What the OpenLineage provider asks every operator."""
        return self.lineage.facets()

    def execute(self, context: Context) -> Any:
        order = order_of(self.step, context, self.options)
        return self.judge(context, run_step(Settings.read().site(), order, self.hear))

    def judge(self, context: Context, ended: Ended) -> dict[str, Any]:
        """What the step told; of a failure, the products that it holds back are kept for those who
        check them."""
        try:
            return outcome(self.step, ended)
        except StepFailed as failed:
            if failed.held is not None:
                context["ti"].xcom_push(key=HELD, value=list(failed.held))
            raise

    def hear(self, line: str) -> None:
        """Log a line that the step says, at the level that its first word names."""
        self.log.log(_LEVELS.get(line.partition(" ")[0], logging.INFO), line)


class FreshnessOperator(StepOperator):
    """Looks at how fresh the sources are, and makes room for the report of the build that comes."""

    def execute(self, context: Context) -> Any:
        said = super().execute(context)
        empty_report(context["ti"])
        return said


class CheckOperator(StepOperator):
    """Checks the contract of a product, unless what failed in the build holds the product back."""

    def __init__(self, *, product: str, build: str, **kwargs: Any):
        super().__init__(trigger_rule=TriggerRule.ALL_DONE, **kwargs)
        self.product = product
        self.build = build

    def execute(self, context: Context) -> Any:
        for held in failures(context["ti"], self.build):
            if holds_back(held, self.product):
                raise AirflowSkipException(
                    f"{self.product} is held back: '{self.build}' failed, its log says why. "
                    "Consumers keep the last good version."
                )
        return super().execute(context)


class PublishOperator(StepOperator):
    """Publishes a product; its asset's event says which version, how many rows, which contract."""

    ui_color = "#e3f4e3"

    def __init__(self, *, product: Asset, **kwargs: Any):
        super().__init__(outlets=[product], **kwargs)
        self.product = product

    def execute(self, context: Context) -> Any:
        said = super().execute(context)
        context["outlet_events"][self.product].extra = {
            key: said.get(key) for key in ("version", "rows", "contract", "moved", "run_id")
        }
        return said


def order_of(
    step: str, context: Context, options: Mapping[str, str], *, dbt_log: str = "text"
) -> Order:
    """What this task of this run has to have done; the step tells its result as JSON."""
    params = {**context["params"], **options}
    return Order(
        step=step,
        run_id=str(context["run_id"]),
        full_refresh=str(params.get("full_refresh", "")).lower() == "true",
        partition=options.get("partition") or None,
        as_json=True,
        dbt_log=dbt_log,
    )


def outcome(step: str, ended: Ended) -> dict[str, Any]:
    """What a step told; raises AirflowFailException where trying again is of no use, and
    AirflowException where it may help."""
    said = ended.document()
    if ended.code == 0:
        return said
    told = str(said.get("told") or f"{step} ended without a word (exit code {ended.code}).")
    if ended.code == 1:
        held = said.get("held")
        raise StepFailed(told, tuple(held) if isinstance(held, list) else None)
    raise AirflowException(told)


def failures(ti: Any, build: str) -> list[list[str] | None]:
    """What each failure of a build task (or of its mapped parts) holds back; None: all products."""
    from airflow.sdk.execution_time.xcom import XCom

    found = ti.get_task_states(dag_id=ti.dag_id, task_ids=[build], run_ids=[ti.run_id])
    states = [str(getattr(s, "value", s)) for s in found.get(ti.run_id, {}).values()]
    bad = [state for state in states if state != "success"]
    if states and not bad:
        return []
    told = XCom.get_all(key=HELD, dag_id=ti.dag_id, task_id=build, run_id=ti.run_id) or []
    return list(told) if set(bad) == {"failed"} and len(told) == len(bad) else [None]
