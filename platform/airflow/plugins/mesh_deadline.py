"""The moment from which a run's time is counted: when it was queued.

Airflow's own `DeadlineReference.DAGRUN_QUEUED_AT` cannot be used from 3.3.0 on: for a run that has
such a deadline and did not succeed, every clearing of a task ends in HTTP 500. It takes
`timedelta(seconds=...)` of an interval that is stored as a dictionary by now, in
`models/taskinstance.py::_recalculate_dagrun_queued_at_deadlines`, which finds that reference by its
class's name. Clearing leaves a deadline of this one where it is: what consumers were promised does
not move. tests/airflow/test_deadline.py says when Airflow's own may be used again.

Here and not in the mesh's library, since every component has the plugins: the web server of MWAA,
which makes runs too, has nothing else.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any, ClassVar

from airflow.plugins_manager import AirflowPlugin
from airflow.sdk.definitions.deadline import BaseDeadlineReference


class RunQueuedAt(BaseDeadlineReference):
    """When the run was queued; Airflow looks at it as it makes the run."""

    required_kwargs: ClassVar[set[str]] = {"dag_id", "run_id"}

    def _evaluate_with(self, *, session: Any, dag_id: str, run_id: str) -> datetime | None:
        from airflow.models import DagRun
        from sqlalchemy import select

        of_the_run = (DagRun.dag_id == dag_id, DagRun.run_id == run_id)
        found: datetime | None = session.scalar(select(DagRun.queued_at).where(*of_the_run))
        return found


class MeshDeadline(AirflowPlugin):
    """Makes the reference known to Airflow."""

    name = "mesh_deadline"
    deadline_references: ClassVar[list[type]] = [RunQueuedAt]
