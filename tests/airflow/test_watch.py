"""Watching a build: no question before there is a report, no answer of an earlier try."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

InAirflow = Callable[..., Any]
BAD, GOOD = {"model.d.a": "error"}, {"model.d.a": "success"}
EMPTY = {"over": True, "nodes": {}}  # what the task before the build leaves
FAILED = {"over": True, "nodes": BAD}
BEGUN = {"over": False, "nodes": {}}
GOING = {"over": False, "nodes": GOOD}
DONE = {"over": True, "nodes": GOOD}


def watched(in_airflow: InAirflow, *story: tuple[float, str | None, Any]) -> list[Any]:
    found: list[Any] = in_airflow("run_watch.py", json.dumps(story))
    return found


def test_the_report_is_asked_for_only_when_there_is_one(in_airflow: InAirflow) -> None:
    seen = watched(
        in_airflow,
        (2, None, None),
        (2, "scheduled", EMPTY),
        (2, "queued", EMPTY),
        (2, "running", EMPTY),  # however long its process takes to start
        (60, "running", EMPTY),
        (2, "running", BEGUN),
        (2, "running", GOING),
        (2, "success", DONE),
        (2, "upstream_failed", None),
    )

    assert [asked for asked, _ in seen] == [False] * 3 + [True] * 5 + [False]
    assert [report for _, report in seen] == [{}] * 6 + [GOOD, GOOD, {}]


def test_what_an_earlier_try_told_is_no_verdict(in_airflow: InAirflow) -> None:
    seen = watched(
        in_airflow,
        (2, "failed", FAILED),
        (2, None, FAILED),  # cleared: the old report is there until the build begins
        (2, "queued", FAILED),
        (2, "running", FAILED),
        (60, "running", FAILED),
        (2, "running", BEGUN),
        (2, "success", DONE),
    )

    assert [report for _, report in seen] == [BAD, {}, {}, {}, {}, {}, GOOD]
