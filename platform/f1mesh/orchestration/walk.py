"""Walking the graph in one process: each step once, in parallel where independent.

This is not a scheduler: no retries, no clock, no state. A failed step holds back what needs it and
nothing else: products that a failed build does not touch are checked and published, and another
domain goes on with what was last published.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from enum import StrEnum

from f1mesh.errors import PartlyFailed
from f1mesh.orchestration.graph import Step
from f1mesh.orchestration.report import StepResult


class State(StrEnum):
    """How a step ended."""

    DONE = "done"
    FAILED = "failed"
    SKIPPED = "skipped"  # something that it needs failed


@dataclass(frozen=True)
class Outcome:
    """One step's end: its result or its error, and how long it took."""

    step: Step
    state: State
    seconds: float = 0.0
    result: StepResult | None = None
    error: Exception | None = None


class Observer:
    """Is told what happens during a walk; does nothing by itself."""

    def started(self, step: Step) -> None: ...

    def ended(self, outcome: Outcome) -> None: ...


def walk(
    steps: Sequence[Step],
    execute: Callable[[Step], StepResult],
    *,
    observer: Observer | None = None,
    workers: int = 4,
) -> tuple[Outcome, ...]:
    """Execute every step after those that it needs; the outcomes, in the order in which they ended.

    An exception of a step is an outcome; KeyboardInterrupt ends the walk.
    """
    observer = observer or Observer()
    outcomes: dict[str, Outcome] = {}
    waiting = {step.id: step for step in steps}
    running: set[Future[Outcome]] = set()

    def record(outcome: Outcome) -> None:
        outcomes[outcome.step.id] = outcome
        observer.ended(outcome)

    def attempt(step: Step) -> Outcome:
        observer.started(step)
        begin = time.monotonic()
        try:
            result = execute(step)
        except Exception as error:
            return Outcome(step, State.FAILED, time.monotonic() - begin, error=error)
        return Outcome(step, State.DONE, time.monotonic() - begin, result=result)

    with ThreadPoolExecutor(workers, thread_name_prefix="step") as pool:
        while waiting or running:
            for step in [s for s in waiting.values() if s.needs <= outcomes.keys()]:
                del waiting[step.id]
                if all(_lets_through(outcomes[need], step) for need in step.needs):
                    running.add(pool.submit(attempt, step))
                else:
                    record(Outcome(step, State.SKIPPED))
            if running:
                done, running = wait(running, return_when=FIRST_COMPLETED)
                for future in done:
                    record(future.result())
    return tuple(outcomes.values())


def _lets_through(outcome: Outcome, step: Step) -> bool:
    """Whether a step may start after this end of one that it needs. What another domain publishes
    is waited for, and taken as it was last published where that failed."""
    if outcome.state is State.DONE or outcome.step.domain != step.domain:
        return True
    held = outcome.error.held if isinstance(outcome.error, PartlyFailed) else None
    return bool(step.subject) and not holds_back(held, step.subject)


def holds_back(held: Collection[str] | None, product: str) -> bool:
    """Whether a failed step holds back a product of its domain: it names those that it does, or, by
    None, all. Whoever runs the graph asks this."""
    return held is None or product in held
