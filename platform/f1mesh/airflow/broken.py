"""The DAG of a domain whose files cannot be used: one task, which says why."""

from __future__ import annotations

from airflow.sdk import DAG, BaseOperator
from airflow.sdk.exceptions import AirflowFailException

from f1mesh.airflow.alerts import FailureAlert
from f1mesh.airflow.domain_dag import schedule
from f1mesh.airflow.ending import end_run
from f1mesh.airflow.operators import Context
from f1mesh.registry import Domain


class CannotBeRendered(BaseOperator):
    """Fails with the reason for which the domain's DAG could not be made."""

    def __init__(self, *, reason: str, **kwargs: object):
        super().__init__(**kwargs)
        self.reason = reason

    def execute(self, context: Context) -> None:
        raise AirflowFailException(self.reason)


def broken_dag(domain: Domain, error: Exception) -> DAG:
    """In the place of the domain's DAG, so that people see it where they look, and are told at the
    times of its runs. What reads the domain runs on."""
    with DAG(
        dag_id=domain.name,
        dag_display_name=f"{domain.title} (cannot be rendered)",
        description=f"Cannot be rendered: {str(error).splitlines()[0]}",
        doc_md=f"# {domain.title}\n\nThis DAG cannot be rendered:\n\n```\n{error}\n```\n",
        schedule=schedule(domain.schedule, sorted({ref.domain for ref in domain.inputs})),
        catchup=False,
        max_active_runs=1,
        tags={f"tier-{domain.tier}", domain.name, "cannot-be-rendered"},
        default_args={
            "owner": domain.owner.team,
            "retries": 0,
            "on_failure_callback": FailureAlert.without_plan(domain),
        },
    ) as dag:
        broken = CannotBeRendered(task_id="cannot_be_rendered", reason=str(error))
        end_run(domain.name, [broken], [broken])
    return dag
