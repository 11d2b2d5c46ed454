"""`mesh_maintenance`: once a day, tables are compacted, tidied and counted, leftovers removed.

Everything goes through the Databricks provider's own operator and hook, unchanged, on Databricks
and on the embedded warehouse: the Airflow connection decides.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from airflow.sdk import DAG, Param, task

from f1mesh.airflow.domain_dag import by_cron
from f1mesh.airflow.layout import WAREHOUSE_CONNECTION
from f1mesh.registry import Mesh, ProductRef
from f1mesh.schemas import Schemas
from f1mesh.sql_text import text

MAINTENANCE = "mesh_maintenance"
PULL_REQUEST_DAYS = 14
OWNER = "platform"


def maintenance_dag(mesh: Mesh) -> DAG:
    """The DAG for all products of the mesh."""
    from airflow.providers.databricks.operators.databricks_sql import DatabricksSqlOperator

    with DAG(
        dag_id=MAINTENANCE,
        dag_display_name="Maintenance of the warehouse",
        description="OPTIMIZE, VACUUM within what is published, row counts, old schemas of PRs.",
        doc_md=__doc__,
        schedule=by_cron("30 2 * * *"),
        catchup=False,
        max_active_runs=1,
        tags={"platform"},
        params={
            "pull_request_days": Param(
                PULL_REQUEST_DAYS,
                type="integer",
                minimum=0,
                description="Schemas of pull requests are dropped after so many days.",
            )
        },
        default_args={
            "owner": OWNER,
            "retries": 2,
            "retry_delay": timedelta(minutes=1),
            "retry_exponential_backoff": True,
            "pool": "warehouse",
            "execution_timeout": timedelta(hours=2),
            "on_failure_callback": tell,
        },
    ) as dag:
        names = [str(ref) for ref in mesh.products]
        by_statement: dict[str, Any] = {
            "databricks_conn_id": WAREHOUSE_CONNECTION,
            "max_active_tis_per_dagrun": 2,
        }
        optimize = DatabricksSqlOperator.partial(
            task_id="optimize", task_display_name="compact tables", **by_statement
        ).expand(sql=optimize_statements(names))
        vacuum = DatabricksSqlOperator.partial(
            task_id="vacuum", task_display_name="remove old versions", **by_statement
        ).expand(sql=vacuum_statements(names))
        DatabricksSqlOperator(
            task_id="count_rows",
            task_display_name="snapshot of row counts",
            databricks_conn_id=WAREHOUSE_CONNECTION,
            sql=count_statements(mesh.products),
        )
        DatabricksSqlOperator.partial(
            task_id="expire", task_display_name="drop old schemas of pull requests", **by_statement
        ).expand(sql=old_pull_request_schemas())
        optimize >> vacuum
    return dag


def tell(context: Any) -> None:
    """The platform's failure callback."""
    from f1mesh.airflow.alerts import send

    ti = context["task_instance"]
    send(f"{ti.dag_id}.{ti.task_id} failed\nowner: {OWNER}\nerror: {context.get('exception')}")


@task(task_display_name="tables to compact")
def optimize_statements(products: list[str]) -> list[str]:
    """A statement for each product's table that there is."""
    return [f"optimize {table}" for table, _ in _built(products)]


@task(task_display_name="versions to keep")
def vacuum_statements(products: list[str]) -> list[str]:
    """A statement for each product's table, with a retention that spares every version that is
    published or that a rollback may go to."""
    return [f"vacuum {table} retain {hours} hours" for table, hours in _built(products)]


@task(task_display_name="old schemas of pull requests")
def old_pull_request_schemas(params: Any = None) -> list[str]:
    """A statement for each schema of a pull request (`pr_<number>_...`) in which nothing was
    altered for long."""
    if schemas().prefix:
        return []  # a pull request's own run leaves those of others alone
    days = int(params["pull_request_days"])
    catalog = schemas().catalog
    with connect() as connection:
        found = _rows(
            connection,
            "select schema_name, max(last_altered) as altered from "
            f"(select s.schema_name, t.last_altered from {catalog}.information_schema.schemata s"
            f" left join {catalog}.information_schema.tables t on s.schema_name = t.table_schema"
            ") as pull_requests where schema_name like 'pr\\_%' group by schema_name",
        )
    before = datetime.now(UTC) - timedelta(days=days)
    return [
        f"drop schema if exists {catalog}.{name} cascade"
        for name, altered in found
        if altered is None or _utc(altered) <= before
    ]


def count_statements(products: tuple[ProductRef, ...]) -> list[str]:
    """Append the number of rows of each product, as consumers see it, to `mesh.row_counts`."""
    own = schemas()
    counts = " union all ".join(
        f"select {text(str(ref))} as product, count(*) as row_count"
        f" from {own.view(ref.domain, ref.product)}"
        for ref in products
    )
    return [
        f"create schema if not exists {own.mesh}",
        f"create table if not exists {own.mesh}.row_counts "
        "(product string, row_count bigint, counted_at timestamp) using delta",
        f"insert into {own.mesh}.row_counts "
        f"select product, row_count, current_timestamp() from ({counts}) as counts",
    ]


def _built(products: list[str]) -> list[tuple[str, int]]:
    """The tables of the products that are built, and VACUUM's hours for each."""
    from f1mesh.contracts.model import contract_of
    from f1mesh.publication.pointer import is_missing, table_of
    from f1mesh.publication.retention import vacuum_hours, versions_to_keep
    from f1mesh.registry import load_mesh
    from f1mesh.workspace import Workspace

    mesh = load_mesh(Workspace.locate().root)
    found = []
    with connect() as connection:
        for name in products:
            contract = contract_of(mesh, mesh.product(name))
            table = table_of(schemas(), contract)
            try:
                history = _rows(connection, f"describe history {table}")
            except Exception as error:
                if is_missing(error):
                    continue
                raise
            keep = versions_to_keep(connection, schemas(), contract)
            made_at = {int(row[0]): _utc(row[1]) for row in history}
            found.append((table, vacuum_hours(made_at, keep, datetime.now(UTC))))
    return found


def connect() -> Any:
    from contextlib import closing

    from airflow.providers.databricks.hooks.databricks_sql import DatabricksSqlHook

    return closing(DatabricksSqlHook(databricks_conn_id=WAREHOUSE_CONNECTION).get_conn())


def _rows(connection: Any, statement: str) -> list[Any]:
    with connection.cursor() as cursor:
        cursor.execute(statement)
        return list(cursor.fetchall())


def schemas() -> Schemas:
    """The schemas of this Airflow's environment."""
    return Schemas.of_environment()


def _utc(at: datetime) -> datetime:
    return at.astimezone(UTC) if at.tzinfo else at.replace(tzinfo=UTC)
