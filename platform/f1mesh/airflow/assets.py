"""A product as an Airflow asset, declared here only: of two declarations of one asset, that of its
publisher and that of its reader, Airflow keeps the one that it read last."""

from __future__ import annotations

from airflow.sdk import Asset

from f1mesh.airflow.layout import asset_uri
from f1mesh.schemas import Schemas

GROUP = "data-product"


def product_asset(product: str) -> Asset:
    """The asset of a product, given as `domain/product`. What is published with a prefix is another
    one, so that it starts nobody who reads the product without."""
    named = f"{Schemas.of_environment().prefix}{product}"
    return Asset(name=named, uri=asset_uri(named), group=GROUP)
