"""Have a step done in a process of its own. Needs Python's standard library only."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

from f1mesh.workers.client import Call, Ended, Line, Site, call

_LOADED = (
    "dbt.cli.main",
    "dbt.adapters.databricks",
    "databricks.sql",
    "deltalake",
    "psycopg",
    "pyarrow.compute",
    "sqlglot",
    "adbc_driver_postgresql.dbapi",
    "airbyte_cdk.sources.declarative.concurrent_declarative_source",
    "f1mesh.ingestion.run",
    "f1mesh.orchestration.execution",
    "f1mesh.orchestration.plan",
    "f1mesh.orchestration.steps",
    "f1mesh.publication.publish",
)


@dataclass(frozen=True)
class Order:
    """What is to be done: a step of the graph and how."""

    step: str
    run_id: str = ""
    full_refresh: bool = False
    no_skip: bool = False
    partition: str | None = None  # of the step's domain, as <name>=<value>
    as_json: bool = False
    dbt_log: str = "text"  # what of dbt's own output is shown: text, json, none


def steps_site(
    python: Path, code: Path, run_dir: Path, environment: Mapping[str, str], *, server: bool = True
) -> Site:
    """Where steps are done, with all loaded that one of them may need."""
    return Site(python, code, run_dir, "steps", _LOADED, environment, server)


def run_step(site: Site, order: Order, on_line: Line) -> Ended:
    """Have a step done as `f1 step run` does it; `on_line` gets each line of its stderr."""
    do = Call("f1mesh.orchestration.execution:do", asdict(order))
    return call(site, do, on_line)
