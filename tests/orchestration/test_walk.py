"""Walking a graph: order, parallel work, and what a failure stops."""

from __future__ import annotations

import threading

import pytest

from f1mesh.orchestration import Outcome, Step, StepKind, walk
from f1mesh.orchestration.walk import State


def step(name: str, *needs: str) -> Step:
    return Step("d", StepKind.SYNC, name, frozenset(f"d.sync.{need}" for need in needs))


def states(outcomes: tuple[Outcome, ...]) -> dict[str, State]:
    return {outcome.step.subject: outcome.state for outcome in outcomes}


def test_a_step_runs_after_everything_that_it_needs() -> None:
    order: list[str] = []

    walk([step("c", "a", "b"), step("b", "a"), step("a")], lambda s: order.append(s.subject))

    assert order == ["a", "b", "c"]


def test_independent_steps_run_side_by_side() -> None:
    meeting = threading.Barrier(2, timeout=5)

    outcomes = walk([step("a"), step("b")], lambda s: meeting.wait())

    assert states(outcomes) == {"a": State.DONE, "b": State.DONE}


def test_a_failure_stops_only_what_needs_it_also_further_down() -> None:
    def execute(s: Step) -> str:
        if s.subject == "a":
            raise ValueError("broken")
        return s.subject

    outcomes = walk([step("a"), step("b", "a"), step("c", "b"), step("other")], execute)

    assert states(outcomes) == {
        "a": State.FAILED,
        "b": State.SKIPPED,
        "c": State.SKIPPED,
        "other": State.DONE,
    }
    assert str(next(o.error for o in outcomes if o.step.subject == "a")) == "broken"


def test_an_interrupt_ends_the_walk() -> None:
    def execute(s: Step) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        walk([step("a")], execute)
