"""All DAGs of the mesh, made from the plans of its domains. `dags/mesh.py` calls this."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from airflow.sdk import DAG, get_parsing_context

from f1mesh.airflow.backfill_dag import BACKFILL, backfill_dag
from f1mesh.airflow.broken import broken_dag
from f1mesh.airflow.digest import DIGEST, digest_dag
from f1mesh.airflow.domain_dag import domain_dag
from f1mesh.airflow.maintenance import MAINTENANCE, maintenance_dag
from f1mesh.airflow.settings import Settings
from f1mesh.errors import MeshError
from f1mesh.orchestration.plan import domain_plan
from f1mesh.registry import Mesh, load_mesh


def mesh_dags() -> dict[str, DAG]:
    """The DAGs by id. A process that runs one task gets that task's DAG only.

    A domain that cannot be rendered does not take the others with it: its DAG has one task, which
    says what is wrong.
    """
    settings = Settings.read()
    mesh = load_mesh(settings.workspace.root)
    wanted = get_parsing_context()
    makers: dict[str, Callable[[], list[DAG]]] = {
        MAINTENANCE: lambda: [maintenance_dag(mesh)],
        DIGEST: lambda: [digest_dag(mesh)],
        **{
            name: partial(_domain_dags, mesh, name, settings, wanted.task_id)
            for name in mesh.domains
        },
    }
    chosen = [wanted.dag_id.removesuffix(BACKFILL)] if wanted.dag_id else []
    if not set(chosen) <= set(makers):
        chosen = []
    return {dag.dag_id: dag for key in chosen or makers for dag in makers[key]()}


def read_plans() -> None:
    """Read every domain's files once; processes forked from this one need not read contracts."""
    mesh = load_mesh(Settings.read().workspace.root)
    for name in mesh.domains:
        domain_plan(mesh, name)


def _domain_dags(mesh: Mesh, name: str, settings: Settings, task: str | None) -> list[DAG]:
    try:
        plan = domain_plan(mesh, name)
        dags = [domain_dag(plan, settings, only_task=task)]
        return [*dags, backfill_dag(plan)] if plan.backfills else dags
    except (MeshError, OSError, ValueError) as error:
        return [broken_dag(mesh.domain(name), error)]
