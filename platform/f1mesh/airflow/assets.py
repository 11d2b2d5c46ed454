"""A product as an Airflow asset, declared here only: of two declarations of one asset, that of its
publisher and that of its reader, Airflow keeps the one that it read last."""

from __future__ import annotations

from airflow.sdk import Asset

from f1mesh.airflow.layout import asset_uri

GROUP = "data-product"


def product_asset(product: str) -> Asset:
    """The asset of a product, given as `domain/product`."""
    return Asset(name=product, uri=asset_uri(product), group=GROUP)
