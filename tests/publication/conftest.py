"""A real warehouse, and the small domain of garage.py in it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from databricks.sql.client import Connection

from f1mesh.client import Target, connect, find_target, query
from f1mesh.contracts.model import load_contract
from f1mesh.warehouse import launch
from f1mesh.workspace import Workspace
from tests.publication.garage import CONTRACT, DOMAIN, NOW, Garage


@pytest.fixture(scope="session")
def workspace(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    home = tmp_path_factory.mktemp("f1home")
    return Workspace(root=Path(__file__).parents[2], home=home, dataset="publication")


@pytest.fixture(scope="session")
def target(workspace: Workspace) -> Iterator[Target]:
    launch.start(workspace)
    try:
        yield find_target(workspace)
    finally:
        launch.stop(workspace)


@pytest.fixture(scope="session")
def connection(target: Target) -> Iterator[Connection]:
    with connect(target) as opened:
        yield opened


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A checkout whose only domain is the garage."""
    folder = tmp_path / "domains" / "garage"
    (folder / "contracts").mkdir(parents=True)
    (folder / "domain.yaml").write_text(DOMAIN)
    (folder / "contracts" / CONTRACT.name).write_text(CONTRACT.read_text())
    return tmp_path


@pytest.fixture
def garage(connection: Connection, target: Target) -> Garage:
    """An empty domain: nothing built, nothing published, sources read an hour ago."""
    catalog = target.catalog
    for schema in ("garage_raw", "garage_marts", "garage"):
        query(connection, f"create schema if not exists {catalog}.{schema}")
    query(connection, f"drop view if exists {catalog}.garage.dim_car")
    query(connection, f"drop table if exists {catalog}.garage_marts.dim_car")
    query(connection, f"create schema if not exists {catalog}.mesh")
    query(connection, f"drop table if exists {catalog}.mesh.publications")
    shop = Garage(connection, target.schemas, load_contract(CONTRACT))
    shop.read_sources(NOW - timedelta(hours=1))
    return shop
