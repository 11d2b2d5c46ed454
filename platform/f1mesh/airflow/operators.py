"""Operators that have a step of the graph done, in the platform's Python."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from typing import Any

from airflow.sdk import Asset, BaseOperator
from airflow.sdk.exceptions import AirflowException, AirflowFailException

from f1mesh.airflow.lineage import Lineage, enable
from f1mesh.airflow.settings import Settings
from f1mesh.orchestration.client import Ended, run_step

Context = Mapping[str, Any]
_LEVELS = {"warning:": logging.WARNING, "error:": logging.ERROR}


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
        ended = run_step(
            Settings.read().site(),
            [*step_arguments(self.step, context, self.options), "--json"],
            self.hear,
        )
        return outcome(self.step, ended)

    def hear(self, line: str) -> None:
        """Log a line that the step says, at the level that its first word names."""
        self.log.log(_LEVELS.get(line.partition(" ")[0], logging.INFO), line)


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


def step_arguments(step: str, context: Context, options: Mapping[str, str]) -> list[str]:
    """The arguments of `f1 step run` for this task of this run."""
    params = {**context["params"], **options}
    arguments = [step, "--run-id", str(context["run_id"])]
    if str(params.get("full_refresh", "")).lower() == "true":
        arguments.append("--full-refresh")
    if partition := options.get("partition"):
        arguments += ["--partition", partition]
    return arguments


def outcome(step: str, ended: Ended) -> dict[str, Any]:
    """What a step told; raises AirflowFailException where trying again is of no use, and
    AirflowException where it may help."""
    said = ended.document()
    if ended.code == 0:
        return said
    told = str(said.get("told") or f"{step} ended without a word (exit code {ended.code}).")
    if ended.code == 1:
        raise AirflowFailException(told)
    raise AirflowException(told)
