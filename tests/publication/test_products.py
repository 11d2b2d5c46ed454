"""`products` tells how each product stands."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from f1mesh.errors import PermanentError
from f1mesh.publication.products import ProductStatus, product_statuses
from f1mesh.registry import Mesh, load_mesh
from tests.publication.garage import MANIFEST, NOW, Garage


@pytest.fixture
def mesh(checkout: Path) -> Mesh:
    return load_mesh(checkout)


def status_of(garage: Garage, mesh: Mesh, manifest: dict[str, Any] | None = None) -> ProductStatus:
    def manifests(_: str) -> dict[str, Any]:
        if manifest is None:
            raise PermanentError("dbt has not run")
        return manifest

    found = product_statuses(garage.connection, garage.schemas, mesh, mesh.products, manifests)
    assert len(found) == 1
    return found[0]


def test_a_product_that_was_never_built_is_listed(garage: Garage, mesh: Mesh) -> None:
    status = status_of(garage, mesh)

    assert (status.product, status.owner, status.contract_version) == (
        "garage/dim_car",
        "garage",
        "1.0.0",
    )
    assert (status.version, status.candidate, status.last_check) == (None, None, None)


def test_a_published_product_tells_version_rows_freshness_and_check(
    garage: Garage, mesh: Mesh
) -> None:
    garage.build({})
    done = garage.publish()

    status = status_of(garage, mesh, MANIFEST)

    assert (status.version, status.rows, status.candidate) == (done.version, 1, None)
    assert status.source_read_at == NOW - timedelta(hours=1)
    assert status.last_check == f"passed {done.check.checks} checks"
    assert (status.published_at, status.last_check_at) == (garage.now, garage.now)


def test_a_blocked_candidate_is_shown_beside_what_consumers_see(garage: Garage, mesh: Mesh) -> None:
    garage.build({})
    done = garage.publish()
    garage.build({"wheels": "9"})
    judged = garage.check()

    status = status_of(garage, mesh, MANIFEST)

    assert (status.version, status.candidate) == (done.version, judged.version)
    assert status.last_check == "failed: field_maximum"


def test_a_candidate_with_the_published_content_is_not_waiting(garage: Garage, mesh: Mesh) -> None:
    garage.build({})
    done = garage.publish()
    garage.build({})
    garage.publish()

    status = status_of(garage, mesh, MANIFEST)

    assert (status.version, status.candidate) == (done.version, None)
