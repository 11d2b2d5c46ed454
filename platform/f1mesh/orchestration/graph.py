"""The graph of steps, computed once from domain.yaml, sync files and contracts.

Whoever runs the mesh walks this graph: `./f1 run` in one process, an orchestrator as tasks.

    sync (one per sync file) -> freshness -> transform -> check -> publish (one each per product)
                                                ^
                     publish of each product of another domain that the domain reads
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from f1mesh.errors import PermanentError
from f1mesh.ingestion.sync import load_sync
from f1mesh.registry import Domain, Mesh, ProductRef


class StepKind(StrEnum):
    """What a step does."""

    SYNC = "sync"
    FRESHNESS = "freshness"
    TRANSFORM = "transform"
    CHECK = "check"
    PUBLISH = "publish"


@dataclass(frozen=True)
class Step:
    """One idempotent unit of work; `subject` is the sync or product that it is about."""

    domain: str
    kind: StepKind
    subject: str = ""
    needs: frozenset[str] = frozenset()

    @property
    def id(self) -> str:
        return step_id(self.domain, self.kind, self.subject)


def step_id(domain: str, kind: StepKind, subject: str = "") -> str:
    """`<domain>.<kind>` or `<domain>.<kind>.<subject>`."""
    return ".".join(part for part in (domain, kind.value, subject) if part)


def domain_steps(domain: Domain) -> tuple[Step, ...]:
    """The steps of one domain, in an order that respects what waits for what."""
    name = domain.name
    syncs = [Step(name, StepKind.SYNC, load_sync(file).name) for file in domain.sync_files]
    freshness = Step(name, StepKind.FRESHNESS, needs=frozenset(sync.id for sync in syncs))
    inputs = {published(ref) for ref in domain.inputs}
    transform = Step(name, StepKind.TRANSFORM, needs=frozenset({freshness.id} | inputs))
    steps = [*syncs, freshness, transform]
    for product in domain.products:
        check = Step(name, StepKind.CHECK, product, frozenset({transform.id}))
        publish = Step(name, StepKind.PUBLISH, product, frozenset({check.id}))
        steps += [check, publish]
    return tuple(steps)


def published(ref: ProductRef) -> str:
    """The id of the step that publishes a product."""
    return step_id(ref.domain, StepKind.PUBLISH, ref.product)


def mesh_graph(mesh: Mesh, domains: Iterable[str] = ()) -> tuple[Step, ...]:
    """The steps of the named domains (all, where none is named).

    What a domain reads of a domain that is not named is taken as it was last published.
    """
    chosen = tuple(domains) or tuple(mesh.domains)
    steps = [step for name in chosen for step in domain_steps(mesh.domain(name))]
    known = {step.id for step in steps}
    if len(known) != len(steps):
        raise PermanentError("Two steps of the graph have the same id: rename a sync or a product.")
    return tuple(
        Step(step.domain, step.kind, step.subject, frozenset(step.needs & known)) for step in steps
    )
