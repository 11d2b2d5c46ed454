"""`<domain>_backfill`: the reviewed files of domains/<domain>/backfills/ as runs, part by part.

One run does one file, chosen when it is started. Its parts are mapped tasks of a pool of one, so
that a backfill never takes the warehouse from the daily runs; afterwards every product is checked
and published as always.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from airflow.sdk import DAG, Param, TaskGroup, task

from f1mesh.airflow.assets import product_asset
from f1mesh.airflow.domain_dag import default_args
from f1mesh.airflow.ending import end_run
from f1mesh.airflow.layout import display_name, pool_of
from f1mesh.airflow.operators import CheckOperator, PublishOperator, StepOperator
from f1mesh.orchestration.backfill import Backfill
from f1mesh.orchestration.graph import StepKind, step_id
from f1mesh.orchestration.plan import DomainPlan
from f1mesh.orchestration.policy import timeout_s

BACKFILL = "_backfill"


def backfill_dag(plan: DomainPlan) -> DAG:
    """The DAG of a domain that has backfills."""
    names = [backfill.name for backfill in plan.backfills]
    with DAG(
        dag_id=f"{plan.name}{BACKFILL}",
        dag_display_name=f"{plan.title}: backfills",
        description="Parts that are computed again, as reviewed files say.",
        doc_md=_doc(plan),
        schedule=None,
        catchup=False,
        max_active_runs=1,
        tags={f"tier-{plan.tier}", plan.name, "backfill"},
        default_args=default_args(plan),
        params={"backfill": Param(names[0], enum=names, title="Backfill")},
    ) as dag:
        name = plan.partition.name if plan.partition else "part"
        plans = {b.name: options_of(name, b) for b in plan.backfills}
        build = StepOperator.partial(
            task_id=name,
            task_display_name=f"compute a {name} again",
            step=step_id(plan.name, StepKind.TRANSFORM),
            pool="backfill",
            max_active_tis_per_dagrun=1,
            execution_timeout=timedelta(seconds=timeout_s(StepKind.TRANSFORM)),
            map_index_template="{{ task.options.get('partition', 'all') }}",
        ).expand(options=parts(plans))
        published = []
        for step in plan.steps:
            if step.kind is not StepKind.CHECK:
                continue
            with TaskGroup(step.subject):
                check = CheckOperator(
                    product=step.subject,
                    build=build.task_id,
                    task_id="check",
                    task_display_name=display_name(step),
                    step=step.id,
                    pool=pool_of(step.kind),
                )
                publish = PublishOperator(
                    task_id="publish",
                    task_display_name=f"publish {step.subject}",
                    step=step_id(plan.name, StepKind.PUBLISH, step.subject),
                    pool=pool_of(StepKind.PUBLISH),
                    product=product_asset(f"{plan.name}/{step.subject}"),
                )
            build >> check >> publish
            published.append(publish)
        end_run(plan.name, published, [build, *published])
    return dag


def options_of(name: str, backfill: Backfill) -> list[dict[str, str]]:
    """The options of each transform step; a full refresh needs one for all parts."""
    if backfill.full_refresh:
        return [{"full_refresh": "true"}]
    return [{"partition": f"{name}={part}"} for part in backfill.parts]


@task(task_display_name="parts of the backfill")
def parts(plans: dict[str, Any], params: Any = None) -> Any:
    """What is to be done for the backfill that the run asks for."""
    return plans[params["backfill"]]


def _doc(plan: DomainPlan) -> str:
    lines = [f"# {plan.title}: backfills", ""]
    for backfill in plan.backfills:
        lines.append(
            f"* **{backfill.name}** ({backfill.span}): {backfill.reason} Asked by {backfill.owner}"
        )
    return "\n".join([*lines, "", "Start it with the parameter `backfill`."])
