"""What people are told: of a failure, of the day, and what VACUUM must spare."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace

import pytest

from f1mesh.airflow.alerts import FailureAlert
from f1mesh.orchestration.plan import domain_plan
from f1mesh.publication.digest import digest_text
from f1mesh.publication.products import ProductStatus
from f1mesh.publication.retention import VACUUM_HOURS, vacuum_hours
from f1mesh.registry import load_mesh

NOW = datetime(2024, 8, 25, 7, tzinfo=UTC)
FRESH = ProductStatus(
    product="d/x",
    owner="team-d",
    contract_version="1.0.0",
    version=4,
    rows=100,
    published_at=NOW,
    source_read_at=NOW - timedelta(hours=2),
    freshness_limit_hours=26,
    last_check="passed 12 checks",
    last_check_at=NOW,
    candidate=None,
)


def alert_of(root: Path, task: str, error: object = "boom") -> str:
    mesh = load_mesh(root)
    read = next(ref for domain in mesh.domains.values() for ref in domain.inputs)
    alert = FailureAlert.of(domain_plan(mesh, read.domain))
    ti = SimpleNamespace(
        task_id=task.format(product=read.product), try_number=2, run_id="r", log_url="http://log"
    )
    return alert.message({"task_instance": ti, "run_id": "r", "exception": error})


def test_an_alert_names_product_owner_consumers_error_and_place(root: Path) -> None:
    mesh = load_mesh(root)
    consumer = next(domain for domain in mesh.domains.values() if domain.inputs)
    read = consumer.inputs[0]

    told = alert_of(root, "products.{product}.check", "the contract is broken")

    assert f"held back: {read}\n" in told
    assert mesh.domain(read.domain).owner.email in told
    assert consumer.name in told
    assert "the contract is broken" in told
    assert "http://log" in told


def test_a_task_of_the_whole_domain_hits_all_its_consumers(root: Path) -> None:
    told = alert_of(root, "transform.build")

    assert "held back: all of the domain" in told
    assert "consumers hit: none" not in told


@pytest.mark.parametrize("held", [True, False])
def test_a_build_that_failed_in_part_names_what_it_holds_back_and_who_is_hit(
    root: Path, held: bool
) -> None:
    mesh = load_mesh(root)
    consumer = next(domain for domain in mesh.domains.values() if domain.inputs)
    read = consumer.inputs[0]
    failed = SimpleNamespace(held=(read.product,) if held else ())

    told = alert_of(root, "transform.build", failed)

    assert f"held back: {read if held else 'no product'}\n" in told
    assert f"consumers hit: {consumer.name if held else 'none'} (" in told


def test_a_long_error_is_cut(root: Path) -> None:
    told = alert_of(root, "freshness", "\n".join(f"line {i}" for i in range(500)))

    assert len(told.splitlines()) < 30


@pytest.mark.parametrize(
    "bad",
    [
        replace(FRESH, source_read_at=NOW - timedelta(hours=27)),
        replace(FRESH, last_check="failed: unique"),
        replace(FRESH, version=None, rows=None),
    ],
)
def test_the_digest_begins_with_what_needs_a_look(bad: ProductStatus) -> None:
    told = digest_text([FRESH, replace(bad, product="d/y")], NOW)

    assert told.splitlines()[0] == "2 products, 1 need a look: d/y (team-d)"
    assert len(told.splitlines()) == 3


def test_vacuum_keeps_at_least_a_week() -> None:
    assert vacuum_hours({}, {3}, NOW) == VACUUM_HOURS
    assert vacuum_hours({4: NOW - timedelta(hours=1)}, {3}, NOW) == VACUUM_HOURS


def test_vacuum_spares_a_published_version_that_was_superseded_long_ago() -> None:
    made_at = {version: NOW - timedelta(days=40 - version) for version in range(30)}

    hours = vacuum_hours(made_at, {5, 20}, NOW)

    assert hours > (NOW - made_at[6]) / timedelta(hours=1)
