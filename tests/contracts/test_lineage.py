"""Which raw tables feed a product."""

from __future__ import annotations

from typing import Any

import pytest

from f1mesh.contracts.lineage import raw_tables_upstream
from f1mesh.errors import PermanentError

MANIFEST: dict[str, Any] = {
    "nodes": {
        "model.g.dim_car": {"resource_type": "model", "name": "dim_car"},
        "snapshot.g.snap_car": {"resource_type": "snapshot", "name": "snap_car"},
        "model.g.dim_date": {"resource_type": "model", "name": "dim_date"},
        "test.g.dim_date": {"resource_type": "test", "name": "dim_date"},
    },
    "sources": {
        "source.g.raw.cars": {"schema": "garage_raw", "name": "car", "identifier": "cars"},
        "source.g.raw.parts": {"schema": "garage_raw", "name": "parts"},
        "source.g.drivers.dim_driver": {"schema": "drivers", "name": "dim_driver"},
    },
    "parent_map": {
        "model.g.dim_car": ["snapshot.g.snap_car", "source.g.drivers.dim_driver"],
        "snapshot.g.snap_car": ["source.g.raw.cars", "source.g.raw.parts"],
        "model.g.dim_date": [],
    },
}


def test_raw_tables_are_found_through_every_layer_and_published_inputs_are_not() -> None:
    assert raw_tables_upstream(MANIFEST, "dim_car") == ["garage_raw.cars", "garage_raw.parts"]
    assert raw_tables_upstream(MANIFEST, "dim_date") == []


def test_a_model_that_dbt_does_not_know_is_an_error() -> None:
    with pytest.raises(PermanentError, match="no model 'dim_tyre'"):
        raw_tables_upstream(MANIFEST, "dim_tyre")
