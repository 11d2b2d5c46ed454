"""What an orchestrator must know of a domain beside its steps: when it runs, who answers for it.

Plain data, computed from domain.yaml, sync files and contracts alone; nothing is imported that an
orchestrator's own environment lacks.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from f1mesh.contracts.model import contract_of
from f1mesh.ingestion.sync import load_sync
from f1mesh.orchestration.backfill import Backfill, load_backfills
from f1mesh.orchestration.graph import Step, domain_steps
from f1mesh.registry import Domain, Mesh, Owner, ProductRef
from f1mesh.registry.partition import Partition


@dataclass(frozen=True)
class ProductPlan:
    """A product as its contract promises it, and who is hit when it fails."""

    product: str
    contract_version: str
    freshness_hours: float | None
    description: str
    consumers: tuple[str, ...]
    contract_path: Path


@dataclass(frozen=True)
class DomainPlan:
    """One domain's run. It starts when a run of one of its `producers` has ended, however, and by
    `cron`: its own times if it reads nothing, else further ones. `pace` has the crons of whatever
    starts it in the end."""

    name: str
    title: str
    description: str
    owner: Owner
    tier: int
    cron: str | None
    pace: frozenset[str]
    reads: tuple[str, ...]  # products of other domains
    steps: tuple[Step, ...]
    streams: Mapping[str, tuple[str, ...]]  # by sync
    products: tuple[ProductPlan, ...]
    partition: Partition | None
    backfills: tuple[Backfill, ...]
    path: Path

    @property
    def producers(self) -> tuple[str, ...]:
        """The other domains whose products it reads."""
        return tuple(sorted({ref.partition("/")[0] for ref in self.reads}))

    @property
    def freshness_hours(self) -> float | None:
        """The strictest freshness that one of the domain's products promises."""
        known = [p.freshness_hours for p in self.products if p.freshness_hours is not None]
        return min(known, default=None)


def domain_plan(mesh: Mesh, name: str) -> DomainPlan:
    """The plan of one domain; raises PermanentError for a file that cannot be used."""
    domain = mesh.domain(name)
    return DomainPlan(
        name=domain.name,
        title=domain.title,
        description=domain.description,
        owner=domain.owner,
        tier=domain.tier,
        cron=domain.schedule,
        pace=mesh.pace(name),
        reads=tuple(sorted(map(str, domain.inputs))),
        steps=domain_steps(domain),
        streams={
            sync.name: tuple(stream.name for stream in sync.streams)
            for sync in map(load_sync, domain.sync_files)
        },
        products=tuple(_product(mesh, domain, product) for product in domain.products),
        partition=domain.partition,
        backfills=load_backfills(domain),
        path=domain.path,
    )


def plan_document(plan: DomainPlan) -> dict[str, Any]:
    """A plan as a JSON document, for people and tests."""
    steps = [
        {
            "id": step.id,
            "domain": step.domain,
            "kind": step.kind.value,
            "subject": step.subject,
            "needs": sorted(step.needs),
        }
        for step in plan.steps
    ]
    return {
        "domain": plan.name,
        "title": plan.title,
        "owner": plan.owner.model_dump(),
        "tier": plan.tier,
        "cron": plan.cron,
        "reads": list(plan.reads),
        "producers": list(plan.producers),
        "freshness_hours": plan.freshness_hours,
        "steps": steps,
        "products": [
            {
                "product": p.product,
                "contract_version": p.contract_version,
                "freshness_hours": p.freshness_hours,
                "consumers": list(p.consumers),
            }
            for p in plan.products
        ],
        "partition": plan.partition.model_dump(mode="json") if plan.partition else None,
        "backfills": [b.model_dump(mode="json", exclude={"path", "parts"}) for b in plan.backfills],
    }


def _product(mesh: Mesh, domain: Domain, product: str) -> ProductPlan:
    ref = ProductRef(domain=domain.name, product=product)
    contract = contract_of(mesh, ref)
    return ProductPlan(
        product=product,
        contract_version=contract.version,
        freshness_hours=contract.freshness_hours,
        description=contract.description,
        consumers=tuple(consumer.name for consumer in mesh.consumers(ref)),
        contract_path=contract.path,
    )
