"""Which raw tables feed a product."""

from __future__ import annotations

from typing import Any

import pytest

from f1mesh.contracts.lineage import raw_tables_upstream, snapshots_upstream, stands_on
from f1mesh.errors import PermanentError

MANIFEST: dict[str, Any] = {
    "nodes": {
        "model.g.dim_car": {"resource_type": "model", "name": "dim_car"},
        "snapshot.g.snap_car": {"resource_type": "snapshot", "name": "snap_car"},
        "model.g.dim_date": {"resource_type": "model", "name": "dim_date"},
        "test.g.dim_date": {"resource_type": "test", "name": "dim_date"},
        "model.g.stg_car": {"resource_type": "model", "name": "stg_car"},
        "test.g.range": {"resource_type": "test", "attached_node": "model.g.stg_car"},
        "test.g.keys": {"resource_type": "test", "attached_node": "model.g.dim_car"},
        "test.g.both": {"resource_type": "test", "attached_node": None},
    },
    "sources": {
        "source.g.raw.cars": {"schema": "garage_raw", "name": "car", "identifier": "cars"},
        "source.g.raw.parts": {"schema": "garage_raw", "name": "parts"},
        "source.g.drivers.dim_driver": {"schema": "drivers", "name": "dim_driver"},
    },
    "parent_map": {
        "model.g.dim_car": ["snapshot.g.snap_car", "source.g.drivers.dim_driver"],
        "snapshot.g.snap_car": ["model.g.stg_car"],
        "model.g.stg_car": ["source.g.raw.cars", "source.g.raw.parts"],
        "model.g.dim_date": [],
        "test.g.range": ["model.g.stg_car"],
        "test.g.keys": ["model.g.dim_car", "model.g.dim_date"],
        "test.g.both": ["model.g.dim_car", "model.g.dim_date"],
    },
}


def test_raw_tables_are_found_through_every_layer_and_published_inputs_are_not() -> None:
    assert raw_tables_upstream(MANIFEST, "dim_car") == ["garage_raw.cars", "garage_raw.parts"]
    assert raw_tables_upstream(MANIFEST, "dim_date") == []


def test_a_model_that_dbt_does_not_know_is_an_error() -> None:
    with pytest.raises(PermanentError, match="no model 'dim_tyre'"):
        raw_tables_upstream(MANIFEST, "dim_tyre")


@pytest.mark.parametrize(
    ("node", "held"),
    [
        ("test.g.range", {"dim_car"}),  # of staging, which the product stands on
        ("model.g.dim_date", {"dim_date"}),
        ("test.g.keys", {"dim_car"}),  # reads dim_date, but is about dim_car
        ("test.g.both", {"dim_car", "dim_date"}),  # of no model: about all that it reads
        ("snapshot.g.snap_car", {"dim_car"}),
        ("test.g.of_nothing", {"dim_car", "dim_date"}),  # nobody knows what it is about
    ],
)
def test_a_failed_node_holds_back_the_products_that_stand_on_it(node: str, held: set[str]) -> None:
    found = {name for name in ("dim_car", "dim_date") if stands_on(MANIFEST, name, {node})}

    assert found == held


def test_snapshots_behind_a_failure_are_named() -> None:
    assert snapshots_upstream(MANIFEST, "test.g.keys") == {"snap_car"}
    assert snapshots_upstream(MANIFEST, "model.g.dim_date") == set()
