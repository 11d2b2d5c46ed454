"""What a person sees of a run: a line when a step ends, what works now, the summary."""

from __future__ import annotations

import sys
import threading
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from types import TracebackType

from rich.console import Console
from rich.text import Text

from f1mesh import telling
from f1mesh.cli.output import print_table, visible
from f1mesh.orchestration import Outcome, Step
from f1mesh.orchestration.walk import Observer, State
from f1mesh.registry import ProductRef

MARKS = {State.DONE: "[green]✓[/]", State.FAILED: "[red]✗[/]"}


class RunView(Observer):
    """Progress on stderr: lines everywhere, and a status line on a terminal."""

    def __init__(self) -> None:
        self.console = Console(stderr=True, highlight=False, soft_wrap=True)
        self._status = self.console.status("starting")
        self._running: dict[str, str] = {}
        self._lock = threading.Lock()

    def __enter__(self) -> RunView:
        if self.console.is_terminal:
            self._status.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._status.stop()

    def say(self, text: str) -> None:
        self.console.print(visible(text), markup=False)

    def progress(self, text: str) -> None:
        """What a long step does at the moment (terminal only)."""
        with self._lock:
            names = ", ".join(self._running)
            self._status.update(Text(visible(f"{names}: {text}" if names else text)))

    def started(self, step: Step) -> None:
        with self._lock:
            self._running[step.id] = step.id
        self.progress("")

    def ended(self, outcome: Outcome) -> None:
        with self._lock:
            self._running.pop(outcome.step.id, None)
        if outcome.state is State.SKIPPED:
            return  # the summary counts them; the failure before them is what matters
        told = describe(outcome)
        self.console.print(f"{MARKS[outcome.state]} {outcome.step.id:<48}", end="")
        self.console.print(f" {outcome.seconds:6.1f} s  {visible(told)}", markup=False)
        if outcome.error is not None and telling.debugging():
            self.say(telling.trace(outcome.error))


def describe(outcome: Outcome) -> str:
    """One line on what a step did."""
    if outcome.error is not None:
        return telling.told(outcome.error)
    return outcome.result.told() if outcome.result is not None else ""


@dataclass(frozen=True)
class DomainSummary:
    """A run's numbers for one domain."""

    domain: str
    rows_in: int
    models: int
    tests: int
    warnings: int
    contract_checks: int
    published: dict[str, int]
    moved: int
    failed: int
    seconds: float


def summarize(outcomes: Iterable[Outcome]) -> tuple[DomainSummary, ...]:
    """The outcomes of a run, domain by domain."""
    by_domain: dict[str, list[Outcome]] = {}
    for outcome in outcomes:
        by_domain.setdefault(outcome.step.domain, []).append(outcome)
    return tuple(_summary(name, own) for name, own in by_domain.items())


def _summary(domain: str, outcomes: Sequence[Outcome]) -> DomainSummary:
    said = [outcome.result.details() for outcome in outcomes if outcome.result is not None]

    def total(key: str) -> int:
        return sum(details.get(key, 0) for details in said)

    return DomainSummary(
        domain=domain,
        rows_in=total("records_read"),
        models=total("models"),
        tests=total("tests"),
        warnings=sum(len(details.get("warnings", ())) for details in said),
        contract_checks=total("checks"),
        published={
            ProductRef.parse(details["product"]).product: details["version"]
            for details in said
            if "product" in details
        },
        moved=total("moved"),
        failed=sum(o.state is not State.DONE for o in outcomes),
        seconds=sum(o.seconds for o in outcomes),
    )


def print_summary(summaries: Sequence[DomainSummary]) -> None:
    """The table at the end of a run, on stdout."""
    columns = ["domain", "rows in", "models", "tests", "warnings", "contract checks"]
    columns += ["products", "moved", "not done", "seconds"]
    print_table(
        "What the run did",
        columns,
        (
            [
                s.domain,
                s.rows_in,
                s.models,
                s.tests,
                s.warnings,
                s.contract_checks,
                len(s.published),
                s.moved,
                s.failed,
                round(s.seconds, 1),
            ]
            for s in summaries
        ),
    )
    sys.stdout.flush()
