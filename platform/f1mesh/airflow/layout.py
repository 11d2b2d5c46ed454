"""Names: how steps, products and connections are called in Airflow."""

from __future__ import annotations

from f1mesh.orchestration.graph import Step, StepKind

TRANSFORM = "transform"
PRODUCTS = "products"
INGEST = "ingest"
BUILD_TASK = f"{TRANSFORM}.build"
FRESHNESS_TASK = "freshness"
ENDED_TASK = "ended"
COMPLETE_TASK = "complete"

AIRBYTE_CONNECTION = "airbyte_cloud"
SLACK_CONNECTION = "slack_alerts"
SNS_CONNECTION = "sns_alerts"
WAREHOUSE_CONNECTION = "databricks_default"

POOLS = {
    "ingestion": (4, "Syncs at a time: sources are asked gently."),
    "dbt": (2, "dbt builds at a time: one domain keeps a small warehouse busy."),
    "warehouse": (4, "Contract checks and publications at a time."),
    "backfill": (1, "Parts that are computed again at a time, over all domains."),
}

_POOL_OF = {
    StepKind.SYNC: "ingestion",
    StepKind.FRESHNESS: "dbt",
    StepKind.TRANSFORM: "dbt",
    StepKind.CHECK: "warehouse",
    StepKind.PUBLISH: "warehouse",
}


def pool_of(kind: StepKind) -> str:
    """The pool that limits steps of this kind."""
    return _POOL_OF[kind]


def task_id(step: Step) -> str:
    """The task that a step becomes, with its groups; the transform step is a group of tasks, whose
    dbt build this names."""
    match step.kind:
        case StepKind.SYNC:
            return f"{INGEST}.{step.subject}"
        case StepKind.FRESHNESS:
            return FRESHNESS_TASK
        case StepKind.TRANSFORM:
            return BUILD_TASK
        case StepKind.CHECK | StepKind.PUBLISH:
            return f"{PRODUCTS}.{step.subject}.{step.kind.value}"


def display_name(step: Step) -> str:
    """What people read on the task."""
    match step.kind:
        case StepKind.SYNC:
            return f"sync {step.subject}"
        case StepKind.FRESHNESS:
            return "sources are fresh"
        case StepKind.TRANSFORM:
            return "dbt build"
        case StepKind.CHECK:
            return f"check contract of {step.subject}"
        case StepKind.PUBLISH:
            return f"publish {step.subject}"


def asset_uri(name: str) -> str:
    """The asset of a product, given as `domain/product`, or of a domain's runs."""
    return f"mesh://{name}" if "/" in name else f"mesh://{name}/"
