"""How a domain's run ends: what reads the domain is started, and the run is green or red."""

from __future__ import annotations

from collections.abc import Iterable

from airflow.providers.standard.operators.empty import EmptyOperator
from airflow.sdk import BaseOperator, TriggerRule

from f1mesh.airflow.assets import runs_asset
from f1mesh.airflow.layout import COMPLETE_TASK, ENDED_TASK


def end_run(domain: str, last: Iterable[BaseOperator], needed: Iterable[BaseOperator]) -> None:
    """Two tasks at the end of the DAG in whose context this is called.

    `ended` starts the domains that read this one, once all of `last` are over: a product that is
    held back keeps nobody from what else there is. `complete` is green only if all of `needed`
    are: Airflow judges a run by its last tasks, and what fails in the middle may be none of them.
    """
    ended = EmptyOperator(
        task_id=ENDED_TASK,
        task_display_name="the run has ended",
        trigger_rule=TriggerRule.ALL_DONE,
        outlets=[runs_asset(domain)],
    )
    complete = EmptyOperator(task_id=COMPLETE_TASK, task_display_name="everything is published")
    for task in last:
        task >> ended
    for task in needed:
        task >> complete
