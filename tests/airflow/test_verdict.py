"""A dbt node's task ends green only if the build said so of that very node."""

from __future__ import annotations

import pytest

from f1mesh.airflow.verdict import verdict


def test_a_node_that_succeeded_is_good_while_the_build_goes_on() -> None:
    found = verdict({"model.d.a": "success"}, ("model.d.a",), "running")

    assert found is not None
    assert found[0]


@pytest.mark.parametrize("status", ["error", "fail", "runtime error", "skipped", "unheard of"])
def test_any_other_status_is_bad(status: str) -> None:
    found = verdict({"model.d.a": status}, ("model.d.a",), "running")

    assert found is not None
    assert not found[0]


def test_one_failed_test_of_many_is_bad_at_once() -> None:
    found = verdict({"test.d.a": "pass", "test.d.b": "fail"}, ("test.d.a", "test.d.b", "c"), None)

    assert found is not None
    assert not found[0]
    assert "test.d.b: fail" in found[1]


@pytest.mark.parametrize("state", [None, "queued", "running", "up_for_retry", "deferred"])
def test_nothing_is_said_while_the_build_may_still_come_to_it(state: str | None) -> None:
    assert verdict({}, ("model.d.a",), state) is None


@pytest.mark.parametrize("state", ["success", "failed", "skipped", "upstream_failed", "removed"])
def test_what_a_build_that_is_over_never_ran_is_bad(state: str) -> None:
    found = verdict({"model.d.b": "success"}, ("model.d.a",), state)

    assert found is not None
    assert not found[0]
    assert "model.d.a" in found[1]
