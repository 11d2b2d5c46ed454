"""Walking a graph: order, parallel work, and what a failure stops."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import pytest

from f1mesh.errors import PartlyFailed, PermanentError
from f1mesh.orchestration import Outcome, Step, StepKind, walk
from f1mesh.orchestration.walk import State


def step(name: str, *needs: str) -> Step:
    return Step("d", StepKind.SYNC, name, frozenset(f"d.sync.{need}" for need in needs))


class Done:
    """The result of a step that has nothing to tell."""

    def told(self) -> str:
        return ""

    def details(self) -> dict[str, Any]:
        return {}


def doing(act: Callable[[Step], object]) -> Callable[[Step], Done]:
    def execute(s: Step) -> Done:
        act(s)
        return Done()

    return execute


def states(outcomes: tuple[Outcome, ...]) -> dict[str, State]:
    return {outcome.step.subject: outcome.state for outcome in outcomes}


def test_a_step_runs_after_everything_that_it_needs() -> None:
    order: list[str] = []

    walk([step("c", "a", "b"), step("b", "a"), step("a")], doing(lambda s: order.append(s.subject)))

    assert order == ["a", "b", "c"]


def test_independent_steps_run_side_by_side() -> None:
    meeting = threading.Barrier(2, timeout=5)

    outcomes = walk([step("a"), step("b")], doing(lambda s: meeting.wait()))

    assert states(outcomes) == {"a": State.DONE, "b": State.DONE}


def test_a_failure_stops_only_what_needs_it_also_further_down() -> None:
    def execute(s: Step) -> Done:
        if s.subject == "a":
            raise ValueError("broken")
        return Done()

    outcomes = walk([step("a"), step("b", "a"), step("c", "b"), step("other")], execute)

    assert states(outcomes) == {
        "a": State.FAILED,
        "b": State.SKIPPED,
        "c": State.SKIPPED,
        "other": State.DONE,
    }
    assert str(next(o.error for o in outcomes if o.step.subject == "a")) == "broken"


def test_a_step_that_failed_in_part_holds_back_what_stands_on_it_and_nothing_else() -> None:
    build = Step("d", StepKind.TRANSFORM)
    steps = [build]
    for product in ("dim", "fact", "other"):
        check = Step("d", StepKind.CHECK, product, frozenset({build.id}))
        steps += [check, Step("d", StepKind.PUBLISH, product, frozenset({check.id}))]

    def execute(s: Step) -> Done:
        if s.kind is StepKind.TRANSFORM:
            raise PartlyFailed("a test of dim failed", frozenset({"dim", "fact"}))
        return Done()

    ended = {outcome.step.id: outcome.state for outcome in walk(steps, execute)}

    assert ended["d.transform"] is State.FAILED
    assert {i for i, state in ended.items() if state is State.DONE} == {
        "d.check.other",
        "d.publish.other",
    }


def test_a_domain_goes_on_with_what_another_published_last_and_waits_for_it() -> None:
    order: list[str] = []
    publish = Step("a", StepKind.PUBLISH, "dim")
    reader = Step("b", StepKind.TRANSFORM, needs=frozenset({publish.id}))

    def execute(s: Step) -> Done:
        order.append(s.id)
        if s.domain == "a":
            raise PermanentError("the contract is broken")
        return Done()

    ended = {outcome.step.id: outcome.state for outcome in walk([reader, publish], execute)}

    assert order == ["a.publish.dim", "b.transform"]
    assert ended == {"a.publish.dim": State.FAILED, "b.transform": State.DONE}


def test_an_interrupt_ends_the_walk() -> None:
    def execute(s: Step) -> Done:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        walk([step("a")], execute)
