"""Deadlines: from when a run's time is counted, and what is said when it is over."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from f1mesh.orchestration.plan import domain_plan
from f1mesh.registry import load_mesh

InAirflow = Callable[..., Any]


@pytest.fixture(scope="module")
def told(in_airflow: InAirflow) -> dict[str, Any]:
    found: dict[str, Any] = in_airflow("tell_deadlines.py")
    return found


def test_a_runs_time_counts_from_when_it_was_queued_by_a_reference_of_our_own(
    told: dict[str, Any], root: Path
) -> None:
    mesh = load_mesh(root)
    promised = {name for name in mesh.domains if domain_plan(mesh, name).freshness_hours}

    assert promised
    assert promised <= set(told["deadlines"])
    for name, found in told["deadlines"].items():
        assert found["reference"] == {
            "reference_type": "RunQueuedAt",
            "__class_path": "mesh_deadline.RunQueuedAt",
        }
        assert found["after_s"] == found["allowed_s"] >= 15 * 60
        assert set(found["asked"]) == {name, "r"}


def test_a_consumer_has_as_long_as_its_producers_pace_leaves(
    told: dict[str, Any], root: Path
) -> None:
    mesh = load_mesh(root)
    consumers = [name for name, domain in mesh.domains.items() if domain.inputs]
    daily = {name for name in consumers if mesh.pace(name) == {"0 5 * * *"}}

    assert daily
    for name in daily:
        fresh_h = domain_plan(mesh, name).freshness_hours
        assert fresh_h
        assert told["deadlines"][name]["allowed_s"] == (fresh_h - 24) * 3600


def test_airflows_own_reference_still_cannot_be_cleared(told: dict[str, Any]) -> None:
    """When this fails, Airflow is mended: DeadlineReference.DAGRUN_QUEUED_AT may come back, and the
    plugin mesh_deadline.py may go."""
    assert told["own"] != "ok"
    assert "dict" in told["own"]


def test_a_missed_deadline_names_the_run_and_how_it_stands(told: dict[str, Any]) -> None:
    text = "\n".join(told["missed"])

    assert "run: manual__2026-03-01 (running, queued at 2026-03-01T10:00:00Z)" in text
    assert "a run has not succeeded in time" in text
