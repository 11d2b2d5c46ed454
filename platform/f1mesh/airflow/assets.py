"""The assets of the mesh, declared here only: of two declarations of one asset, that of its
publisher and that of its reader, Airflow keeps the one that it read last."""

from __future__ import annotations

from airflow.sdk import Asset

from f1mesh.airflow.layout import asset_uri
from f1mesh.schemas import Schemas

PRODUCTS = "data-product"
RUNS = "domain-runs"


def product_asset(product: str) -> Asset:
    """The asset of a product, given as `domain/product`: it has an event when it is published."""
    return _asset(product, PRODUCTS)


def runs_asset(domain: str) -> Asset:
    """The asset of a domain's runs: it has an event when one has ended, well or not."""
    return _asset(domain, RUNS)


def _asset(name: str, group: str) -> Asset:
    """What is published with a prefix is another one, so that it starts nobody who reads what is
    published without."""
    named = f"{Schemas.of_environment().prefix}{name}"
    return Asset(name=named, uri=asset_uri(named), group=group)
