"""Watching a build: no question before there is an answer, no answer of an earlier try."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

InAirflow = Callable[..., Any]
OLD, NEW = {"model.d.a": "error"}, {"model.d.a": "success"}


def watched(in_airflow: InAirflow, *story: tuple[float, str | None, Any]) -> list[Any]:
    found: list[Any] = in_airflow("run_watch.py", json.dumps(story))
    return found


def test_the_report_is_asked_for_only_when_the_build_has_told_something(
    in_airflow: InAirflow,
) -> None:
    seen = watched(
        in_airflow,
        (2, None, None),
        (2, "scheduled", None),
        (2, "queued", None),
        (2, "running", None),  # its process starts, Airflow has taken away what was told before
        (2, "running", None),
        (2, "running", {}),
        (2, "running", NEW),
        (2, "success", NEW),
        (2, "upstream_failed", None),
    )

    assert [asked for asked, _ in seen] == [False] * 5 + [False, True, True, False]
    assert [report for _, report in seen] == [{}] * 6 + [NEW, NEW, {}]


def test_what_a_try_told_that_was_cleared_is_no_verdict(in_airflow: InAirflow) -> None:
    seen = watched(
        in_airflow,
        (2, "failed", OLD),
        (2, None, OLD),  # cleared: Airflow keeps the old report until the build begins
        (2, "queued", OLD),
        (2, "running", OLD),
        (6, "running", {}),
        (2, "success", NEW),
    )

    assert [report for _, report in seen] == [OLD, {}, {}, {}, {}, NEW]
