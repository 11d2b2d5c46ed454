"""The one client of both warehouses: databricks-sql-connector.

`DATABRICKS_HOST`, `DATABRICKS_HTTP_PATH` and `DATABRICKS_TOKEN` decide which warehouse is meant;
where they are not set, the embedded one of the dataset in use is.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from f1mesh.connector_ties import local_options
from f1mesh.errors import PermanentError, TransientError
from f1mesh.schemas import Schemas
from f1mesh.services import Service
from f1mesh.settings import Settings
from f1mesh.workspace import Workspace

if TYPE_CHECKING:
    import pyarrow as pa
    from databricks.sql.client import Connection

HTTP_PATH = "/sql/1.0/warehouses/local"


@dataclass(frozen=True)
class Target:
    """A SQL warehouse and the environment (catalog, schemas) to work in."""

    host: str
    http_path: str
    token: str
    schemas: Schemas
    uri: str | None = None  # plain HTTP address of an embedded warehouse

    @property
    def catalog(self) -> str:
        return self.schemas.catalog

    @property
    def embedded(self) -> bool:
        return self.uri is not None

    def environment(self) -> dict[str, str]:
        """The variables that tell dbt (platform/dbt/profiles.yml) of this warehouse."""
        return {
            "DATABRICKS_HOST": self.host,
            "DATABRICKS_HTTP_PATH": self.http_path,
            "DATABRICKS_TOKEN": self.token,
            "DATABRICKS_CONNECTION_URI": self.uri or "",
            "F1_CATALOG": self.catalog,
            "F1_SCHEMA_PREFIX": self.schemas.prefix,
            "F1_INPUT_PREFIX": self.schemas.input_prefix,
            "F1_TARGET": "local" if self.embedded else Settings.read().target or "dev",
        }


def embedded_service(workspace: Workspace) -> Service:
    """The embedded warehouse of the dataset in use, running or not."""
    return Service("warehouse", workspace.run_dir, workspace.logs)


def named_host() -> str | None:
    """The host of the warehouse that the environment names; None if the embedded one is meant.

    The variables that tell dbt of an embedded warehouse name none: they also say its plain address.
    """
    settings = Settings.read()
    return None if settings.databricks_connection_uri else settings.databricks_host


def find_target(workspace: Workspace) -> Target:
    """The warehouse that the environment names, else the running embedded one.

    Raises PermanentError if the environment names one by halves, TransientError if none is there.
    """
    if host := named_host():
        return _named_target(host, Settings.read())
    found = embedded_service(workspace).running()
    if found is None:
        raise TransientError(
            f"No warehouse runs for the dataset '{workspace.dataset}'. "
            "Start it with `./f1 warehouse start`, or set DATABRICKS_HOST."
        )
    port = int(found.endpoint["port"])
    return Target(
        host="127.0.0.1",
        http_path=HTTP_PATH,
        token=str(found.endpoint["token"]),
        schemas=Schemas.of_environment(),
        uri=f"http://127.0.0.1:{port}{HTTP_PATH}",
    )


def _named_target(host: str, settings: Settings) -> Target:
    path, token = settings.databricks_http_path, settings.databricks_token
    if path is None or token is None:
        absent = Settings.databricks_token if path else Settings.databricks_http_path
        raise PermanentError(
            f"DATABRICKS_HOST is set, but {absent.name} is not. Set DATABRICKS_HOST, "
            "DATABRICKS_HTTP_PATH and DATABRICKS_TOKEN together, or none of them."
        )
    return Target(host, path, token, Schemas.of_environment("f1_dev"))


@contextmanager
def connect(target: Target, schema: str = "default") -> Iterator[Connection]:
    """A connection whose unqualified names are `<target.catalog>.<schema>`."""
    from databricks import sql

    extra = local_options(target.uri) if target.uri else {}
    connection = sql.connect(
        server_hostname=target.host,
        http_path=target.http_path,
        access_token=target.token,
        catalog=target.catalog,
        schema=schema,
        enable_telemetry=False,
        **extra,
    )
    try:
        yield connection
    finally:
        connection.close()


def query(
    connection: Connection, statement: str, parameters: Mapping[str, Any] | None = None
) -> pa.Table:
    """The whole result of one statement."""
    with connection.cursor() as cursor:
        cursor.execute(statement, dict(parameters) if parameters else None)
        return cursor.fetchall_arrow()
