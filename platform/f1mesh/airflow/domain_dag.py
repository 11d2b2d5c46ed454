"""A domain's plan as a DAG: ingest -> sources are fresh -> dbt -> check -> publish."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any

from airflow.sdk import (
    DAG,
    AssetAny,
    AssetOrTimeSchedule,
    BaseOperator,
    CronTriggerTimetable,
    Param,
    TaskGroup,
)
from airflow.sdk.definitions.callback import AsyncCallback
from airflow.sdk.definitions.deadline import DeadlineAlert

from f1mesh.airflow.airbyte import SyncOperator
from f1mesh.airflow.alerts import FailureAlert
from f1mesh.airflow.assets import product_asset, runs_asset
from f1mesh.airflow.documentation import domain_doc
from f1mesh.airflow.ending import end_run
from f1mesh.airflow.layout import (
    BUILD_TASK,
    INGEST,
    PRODUCTS,
    TRANSFORM,
    display_name,
    pool_of,
    task_id,
)
from f1mesh.airflow.lineage import lineage_of
from f1mesh.airflow.operators import CheckOperator, FreshnessOperator, PublishOperator
from f1mesh.airflow.partitions import partition_param
from f1mesh.airflow.settings import Settings
from f1mesh.errors import PermanentError
from f1mesh.orchestration.graph import Step, StepKind
from f1mesh.orchestration.plan import DomainPlan
from f1mesh.orchestration.policy import retries, timeout_s

START = datetime(2024, 1, 1)


def domain_dag(plan: DomainPlan, settings: Settings, *, only_task: str | None = None) -> DAG:
    """The DAG of a domain. `only_task`: a worker that runs this task is content without the tasks
    of dbt's models, unless it is one of them.

    Raises PermanentError where dbt's manifest is missing.
    """
    with empty_dag(plan, settings) as dag:
        made: dict[str, BaseOperator | TaskGroup] = {}
        syncs = TaskGroup(INGEST, tooltip="Sources are read into raw tables.")
        products = TaskGroup(PRODUCTS, tooltip="Contracts are checked, products published.")
        for step in plan.steps:
            if step.kind is StepKind.TRANSFORM:
                if only_task is None or only_task.startswith(f"{TRANSFORM}."):
                    made[step.id] = _transform(dag, plan, step, settings)
                continue
            group = syncs if step.kind is StepKind.SYNC else products
            made[step.id] = _task(plan, step, group, products)
        _connect(dag, plan, made)
    in_order = sorted(dag.task_dict.items())  # Cosmos goes through a set
    dag.task_dict.clear()
    dag.task_dict.update(in_order)
    return dag


def empty_dag(plan: DomainPlan, settings: Settings) -> DAG:
    """The DAG without tasks: when it runs, what people read, how its tasks fail."""
    return DAG(
        dag_id=plan.name,
        dag_display_name=plan.title,
        description=plan.description,
        doc_md=domain_doc(plan, settings.repository),
        schedule=schedule(plan.cron, plan.producers),
        catchup=False,
        max_active_runs=1,
        tags={f"tier-{plan.tier}", plan.name, "data-product"},
        owner_links={plan.owner.team: f"mailto:{plan.owner.email}"},
        default_args=default_args(plan),
        params=run_params(plan),
        deadline=deadline(plan, settings.shortest_deadline),
    )


def run_params(plan: DomainPlan) -> dict[str, Param]:
    """What a person may ask of a run that is started by hand."""
    params = {
        "full_refresh": Param(
            False,
            type="boolean",
            title="Full refresh",
            description="Read every source from scratch and rebuild incremental models.",
        ),
    }
    return params | (partition_param(plan.partition) if plan.partition else {})


def schedule(cron: str | None, producers: Sequence[str]) -> Any:
    """By cron, by the end of each run of a producer, or by either. It is the run that counts and
    not what it published: a product that is held back keeps nobody from the others."""
    ends = AssetAny(*map(runs_asset, producers)) if producers else None
    times = by_cron(cron) if cron else None
    if ends is not None and times is not None:
        return AssetOrTimeSchedule(assets=ends, timetable=times)
    return ends if ends is not None else times


def by_cron(cron: str) -> CronTriggerTimetable:
    """At these times (UTC). A DAG that is new waits for the next one."""
    return CronTriggerTimetable(cron, timezone="UTC", run_immediately=timedelta())


def default_args(plan: DomainPlan) -> dict[str, Any]:
    """How the domain's tasks are tried and who is told, by its tier."""
    policy = retries(plan.tier)
    return {
        "owner": plan.owner.team,
        "retries": policy.count,
        "retry_delay": timedelta(seconds=policy.first_wait_s),
        "retry_exponential_backoff": True,
        "max_retry_delay": timedelta(seconds=policy.longest_wait_s),
        "on_failure_callback": FailureAlert.of(plan),
    }


def deadline(plan: DomainPlan, shortest: timedelta) -> DeadlineAlert | None:
    """A run must end before its products are older than their contracts allow, when the data of
    the run before it is as old as the time between two runs. It has the `shortest` time at least:
    no promise is kept by an alert about every run."""
    if plan.freshness_hours is None:
        return None
    fresh = timedelta(hours=plan.freshness_hours)
    between = min(map(_period, plan.pace), default=timedelta())  # each of them starts runs
    allowed = max(fresh - between, shortest)
    about = {
        "domain": plan.name,
        "tier": str(plan.tier),
        "owner": f"{plan.owner.team} <{plan.owner.email}>",
        "freshness": f"{plan.freshness_hours:g}",
        "allowed": str(allowed),
    }
    return DeadlineAlert(
        name=f"{plan.name} is fresh",
        reference=_queued_at(),
        interval=allowed,
        callback=AsyncCallback("f1mesh.airflow.alerts.deadline_missed", kwargs=about),
    )


def _queued_at() -> Any:
    """The plugin's reference; raises PermanentError where Airflow's plugins lack it."""
    try:
        from mesh_deadline import RunQueuedAt
    except ModuleNotFoundError as error:
        raise PermanentError(
            "Airflow's plugins folder has no mesh_deadline.py. On one machine `./f1 up` points to "
            "platform/airflow/plugins; on MWAA plugins.zip is of another checkout than dags/: "
            "upload both of one `./f1 airflow bundle`."
        ) from error
    return RunQueuedAt()


def _period(cron: str) -> timedelta:
    """The longest time between two of the next runs; a week's worth shows weekends."""
    from croniter import croniter

    times = croniter(cron, START)
    ticks: list[datetime] = [times.get_next(datetime) for _ in range(9)]
    return max(later - earlier for earlier, later in pairwise(ticks))


def _task(plan: DomainPlan, step: Step, group: TaskGroup, products: TaskGroup) -> BaseOperator:
    name = task_id(step).rsplit(".", 1)[-1]
    common: Mapping[str, Any] = {
        "step": step.id,
        "lineage": lineage_of(plan, step),
        "task_id": name,
        "task_display_name": display_name(step),
        "pool": pool_of(step.kind),
        "priority_weight": 1000,  # before tasks that only show something
        "execution_timeout": timedelta(seconds=timeout_s(step.kind)),
    }
    match step.kind:
        case StepKind.SYNC:
            wanted = f"{plan.name}.{step.subject}"
            return SyncOperator(connection_name=wanted, task_group=group, **common)
        case StepKind.FRESHNESS:
            return FreshnessOperator(**common)
    product = products.children.get(f"{PRODUCTS}.{step.subject}") or TaskGroup(
        step.subject, parent_group=products, tooltip=_about(plan, step.subject)
    )
    if step.kind is StepKind.CHECK:
        return CheckOperator(product=step.subject, build=BUILD_TASK, task_group=product, **common)
    ref = f"{plan.name}/{step.subject}"
    return PublishOperator(product=product_asset(ref), task_group=product, **common)


def _transform(dag: DAG, plan: DomainPlan, step: Step, settings: Settings) -> TaskGroup:
    from f1mesh.airflow.transform import transform_group  # Cosmos costs seconds to import

    return transform_group(dag, plan, step, settings)


def _connect(dag: DAG, plan: DomainPlan, made: Mapping[str, BaseOperator | TaskGroup]) -> None:
    """The graph's edges within the domain. What it needs of others is in the schedule. A contract
    check waits for the build itself and not for the tasks that show how its nodes went."""
    build = dag.task_dict.get(BUILD_TASK)
    for step in plan.steps:
        for need in sorted(step.needs):
            if need in made and step.id in made:
                before = build if isinstance(made[need], TaskGroup) else made[need]
                before >> made[step.id]
    published = [made[step.id] for step in plan.steps if step.kind is StepKind.PUBLISH]
    end_run(plan.name, published, [*([build] if build else []), *published])


def _about(plan: DomainPlan, product: str) -> str:
    return next(p.description for p in plan.products if p.product == product)
