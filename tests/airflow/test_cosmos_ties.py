"""What is bent of Cosmos, and whether it still has to be."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any


def test_cosmos_own_build_still_skips_its_second_try(in_airflow: Callable[..., Any]) -> None:
    """airflow/cosmos_ties.py may go when it builds again, with every test."""
    assert in_airflow("tell_cosmos.py") == {"skips_second_try": True, "leaves_telemetry": True}


def test_nothing_of_it_is_left_in_the_dags(dags: dict[str, Any]) -> None:
    tasks = [name for dag in dags["dags"].values() for name in dag["tasks"]]

    assert any(name.startswith("transform.") for name in tasks)
    assert [name for name in tasks if "producer_watcher" in name] == []
