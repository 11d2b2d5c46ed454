"""What a step reads and writes, for OpenLineage: tables by the names that the warehouse has."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from airflow.sdk import BaseOperator

from f1mesh.orchestration.graph import Step, StepKind
from f1mesh.orchestration.plan import DomainPlan
from f1mesh.registry import ProductRef
from f1mesh.schemas import Schemas
from f1mesh.settings import Settings


@dataclass(frozen=True)
class Lineage:
    """Tables as `schema.table`."""

    reads: tuple[str, ...] = ()
    writes: tuple[str, ...] = ()

    def facets(self) -> Any:
        """For the OpenLineage provider."""
        from airflow.providers.common.compat.openlineage.facet import Dataset
        from airflow.providers.openlineage.extractors import OperatorLineage

        host = Settings.read().databricks_host or "127.0.0.1"
        catalog = Schemas.of_environment().catalog

        def named(tables: tuple[str, ...]) -> list[Any]:
            namespace = f"databricks://{host}"
            return [Dataset(namespace=namespace, name=f"{catalog}.{table}") for table in tables]

        return OperatorLineage(inputs=named(self.reads), outputs=named(self.writes))


def lineage_of(plan: DomainPlan, step: Step) -> Lineage:
    """Of a step that moves data; a check or a look at freshness moves none."""
    schemas = Schemas.of_environment()
    raw, marts = schemas.raw(plan.name), schemas.marts(plan.name)
    match step.kind:
        case StepKind.SYNC:
            return Lineage(writes=tuple(f"{raw}.{s}" for s in plan.streams[step.subject]))
        case StepKind.TRANSFORM:
            landed = [f"{raw}.{s}" for streams in plan.streams.values() for s in streams]
            refs = map(ProductRef.parse, plan.reads)
            read = [f"{schemas.published(ref.domain)}.{ref.product}" for ref in refs]
            built = tuple(f"{marts}.{p.product}" for p in plan.products)
            return Lineage(reads=(*landed, *read), writes=built)
        case StepKind.PUBLISH:
            view = f"{schemas.published(plan.name)}.{step.subject}"
            return Lineage(reads=(f"{marts}.{step.subject}",), writes=(view,))
    return Lineage()


def enable(task: BaseOperator) -> None:
    """Have events sent of this task. By airflow.env tasks send none: each event costs a process."""
    from airflow.providers.openlineage.api.emission_policy import (
        extend_global_openlineage_emission_policy,
    )

    extend_global_openlineage_emission_policy(task, emit_task_events=True)
