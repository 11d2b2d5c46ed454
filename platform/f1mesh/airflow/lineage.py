"""What a step reads and writes, for OpenLineage: tables by the names that the warehouse has."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import Any

from airflow.sdk import BaseOperator

from f1mesh.orchestration.graph import Step, StepKind
from f1mesh.orchestration.plan import DomainPlan


@dataclass(frozen=True)
class Lineage:
    """Tables as `schema.table`."""

    reads: tuple[str, ...] = ()
    writes: tuple[str, ...] = ()

    def facets(self) -> Any:
        """For the OpenLineage provider."""
        from airflow.providers.common.compat.openlineage.facet import Dataset
        from airflow.providers.openlineage.extractors import OperatorLineage

        host = os.environ.get("DATABRICKS_HOST", "127.0.0.1")
        catalog = os.environ.get("F1_CATALOG", "f1_local")

        def named(tables: tuple[str, ...]) -> list[Any]:
            namespace = f"databricks://{host}"
            return [Dataset(namespace=namespace, name=f"{catalog}.{table}") for table in tables]

        return OperatorLineage(inputs=named(self.reads), outputs=named(self.writes))


def lineage_of(plan: DomainPlan, step: Step) -> Lineage:
    """Of a step that moves data; a check or a look at freshness moves none."""
    match step.kind:
        case StepKind.SYNC:
            streams = plan.streams[step.subject]
            return Lineage(writes=tuple(f"{plan.name}_raw.{stream}" for stream in streams))
        case StepKind.TRANSFORM:
            raw = [f"{plan.name}_raw.{s}" for streams in plan.streams.values() for s in streams]
            read = [ref.replace("/", ".") for group in plan.triggers for ref in group]
            marts = tuple(f"{plan.name}_marts.{p.product}" for p in plan.products)
            return Lineage(reads=(*raw, *read), writes=marts)
        case StepKind.PUBLISH:
            return Lineage(
                reads=(f"{plan.name}_marts.{step.subject}",),
                writes=(f"{plan.name}.{step.subject}",),
            )
    return Lineage()


def enable(task: BaseOperator) -> None:
    """Have events sent of this task. By airflow.env tasks send none: each event costs a process."""
    from airflow.providers.openlineage.api.emission_policy import (
        extend_global_openlineage_emission_policy,
    )

    extend_global_openlineage_emission_policy(task, emit_task_events=True)
