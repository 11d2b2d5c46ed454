"""`mesh_digest`: once a day, how every product stands, in one message."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from airflow.sdk import DAG, task

from f1mesh.airflow.domain_dag import by_cron
from f1mesh.airflow.maintenance import OWNER, tell
from f1mesh.registry import Mesh

DIGEST = "mesh_digest"


def digest_dag(mesh: Mesh) -> DAG:
    """The DAG: one task, which reads the warehouse and sends the message."""
    with DAG(
        dag_id=DIGEST,
        dag_display_name="Daily digest of the mesh",
        description=f"How the {len(mesh.products)} products stand, once a day.",
        doc_md=__doc__,
        schedule=by_cron("0 7 * * *"),
        catchup=False,
        max_active_runs=1,
        tags={"platform"},
        default_args={
            "owner": OWNER,
            "retries": 2,
            "retry_delay": timedelta(minutes=1),
            "pool": "warehouse",
            "on_failure_callback": tell,
        },
    ) as dag:
        digest()
    return dag


@task(task_display_name="send the digest")
def digest() -> str:
    """Ask the warehouse, write the message, send it."""
    import json

    from f1mesh.airflow.alerts import send
    from f1mesh.airflow.maintenance import connect, schemas
    from f1mesh.airflow.settings import Settings
    from f1mesh.publication.digest import digest_text
    from f1mesh.publication.products import product_statuses
    from f1mesh.registry import load_mesh

    settings = Settings.read()
    mesh = load_mesh(settings.workspace.root)
    with connect() as connection:
        statuses = product_statuses(
            connection,
            schemas(),
            mesh,
            mesh.products,
            lambda domain: json.loads(settings.manifest(domain).read_text()),
        )
    text = digest_text(statuses, datetime.now(UTC))
    send(text, subject="F1 data mesh: daily digest")
    return text
