"""A small domain, `garage`, that publishes `dim_car`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from databricks.sql.client import Connection

from f1mesh.client import query
from f1mesh.contracts.model import Contract
from f1mesh.publication.journal import Journal
from f1mesh.publication.pointer import Pointer, read_pointer, table_of
from f1mesh.publication.publish import Check, Publication, check, publish
from f1mesh.publication.recall import Recall
from f1mesh.publication.rollback import rollback
from f1mesh.registry import ProductRef
from f1mesh.schemas import Schemas

CONTRACT = Path(__file__).parents[1] / "contracts" / "garage" / "dim_car.odcs.yaml"
NOW = datetime(2025, 6, 1, 12, tzinfo=UTC)
CAR = {
    "car_id": "'c1'",
    "nationality": "'British'",
    "wheels": "4",
    "points": "cast(1.5 as decimal(10,2))",
    "mechanic": "'Ada'",
    "built_at": "timestamp'2024-03-02 15:00:00'",
}
MANIFEST: dict[str, Any] = {
    "nodes": {"model.garage.dim_car": {"resource_type": "model", "name": "dim_car"}},
    "sources": {"source.garage.raw.cars": {"schema": "garage_raw", "name": "cars"}},
    "parent_map": {"model.garage.dim_car": ["source.garage.raw.cars"]},
}

DOMAIN = """
name: garage
title: Garage
description: A domain for tests.
owner: {team: garage, email: garage@f1mesh.example}
tier: 3
products: [dim_car]
"""


@dataclass
class Garage:
    """What dbt, the runner and consumers do, for the tests."""

    connection: Connection
    schemas: Schemas
    contract: Contract
    now: datetime = NOW
    runs: int = field(default=0)

    @property
    def catalog(self) -> str:
        return self.schemas.catalog

    def sql(self, statement: str) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = query(self.connection, statement).to_pylist()
        return found

    def build(self, *cars: dict[str, str]) -> None:
        """As dbt does: the whole table anew, from cars that differ from a good one as given."""
        rows = [{**CAR, **car} for car in cars]
        selects = (
            "select " + ", ".join(f"{value} as {name}" for name, value in row.items())
            for row in rows
        )
        self.sql(
            f"create or replace table {self.table} using delta as {' union all '.join(selects)}"
        )

    def read_sources(self, at: datetime) -> None:
        """As a sync does: the raw table says when it was read."""
        self.sql(
            f"create or replace table {self.catalog}.garage_raw.cars using delta as"
            f" select 'c1' as id, timestamp'{at:%Y-%m-%d %H:%M:%S}+00:00' as _airbyte_extracted_at"
        )

    def check(self, recall: Recall | None = None) -> Check:
        self.runs += 1
        self.now += timedelta(minutes=1)
        return check(
            self.connection,
            self.schemas,
            ProductRef(domain="garage", product="dim_car"),
            self.contract,
            manifest=MANIFEST,
            run_id=f"run{self.runs}",
            now=self.now,
            recall=recall,
        )

    def publish(self) -> Publication:
        judged = self.check()
        run_id = f"run{self.runs}"
        return publish(self.connection, self.schemas, judged, run_id=run_id, now=self.now)

    def rollback(self, to: int | None = None) -> Pointer:
        self.now += timedelta(minutes=1)
        return rollback(
            self.connection, self.schemas, self.contract, run_id="by hand", to=to, now=self.now
        )

    @property
    def table(self) -> str:
        return table_of(self.schemas, self.contract)

    @property
    def pointer(self) -> Pointer | None:
        return read_pointer(self.connection, self.schemas, self.contract)

    @property
    def journal(self) -> Journal:
        return Journal(self.connection, self.schemas)

    def actions(self) -> list[tuple[str, int]]:
        """The log, oldest first."""
        rows = self.sql(f"select action, version from {self.journal.table} order by logged_at")
        return [(row["action"], row["version"]) for row in rows]

    def consumers_see(self) -> Sequence[str]:
        """The cars in the published view."""
        rows = self.sql(f"select car_id from {self.catalog}.garage.dim_car order by car_id")
        return [row["car_id"] for row in rows]
