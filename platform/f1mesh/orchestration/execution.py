"""One step as a process of its own: what it says, and the exit code that it ends with.

Result on stdout (the last line, a JSON document where asked), everything else on stderr, dbt's own
output included; a line that begins with `warning:` or `error:` is one. The exit code is 0: done; 1:
failed, trying again gives the same; 75: failed, trying again may help.
"""

from __future__ import annotations

import contextlib
import json
import signal
import sys
import time
from types import FrameType
from typing import TYPE_CHECKING, Any

from f1mesh.causes import exit_code
from f1mesh.errors import PermanentError, TransientError
from f1mesh.orchestration.graph import Step, mesh_graph
from f1mesh.orchestration.order import Order
from f1mesh.orchestration.report import StepResult, document, failure
from f1mesh.telling import debugging, trace
from f1mesh.workspace import Workspace

if TYPE_CHECKING:
    from f1mesh.registry import Mesh


class Interrupted(TransientError):
    """The step was told to end before it was done."""


def execute(order: Order) -> int:
    """Do the step of this checkout; the exit code."""
    out = sys.stdout
    with contextlib.redirect_stdout(sys.stderr), _interruptible():
        code, said = _attempt(order)
    text = json.dumps(said, default=str) if order.as_json else said["told"] if said["ok"] else ""
    if text:
        out.write(text + "\n")
        out.flush()
    return code


def do(**order: Any) -> int:
    """Do the step of an order that came as plain values; the exit code."""
    return execute(Order(**order))


def find_step(mesh: Mesh, step_id: str) -> Step:
    """The step of this id; raises PermanentError, with what there is, for an unknown one."""
    steps = {step.id: step for step in mesh_graph(mesh)}
    if step_id not in steps:
        near = [known for known in steps if known.split(".")[0] == step_id.split(".")[0]]
        raise PermanentError(
            f"There is no step '{step_id}'. Steps: {', '.join(near or sorted(steps))}."
        )
    return steps[step_id]


def _attempt(order: Order) -> tuple[int, dict[str, Any]]:
    begin = time.monotonic()
    try:
        result = _run(order)
        seconds = time.monotonic() - begin
        said = document(order.step, result, run_id=order.run_id, seconds=seconds)
        for warning in said.get("warnings", ()):
            _say(f"warning: {warning}")
        return 0, said
    except (Exception, KeyboardInterrupt) as problem:
        error = (
            Interrupted(f"{order.step} was interrupted.")
            if isinstance(problem, KeyboardInterrupt)
            else problem
        )
        if debugging():
            _say(trace(error))
        code = exit_code(error)
        said = failure(order.step, error, run_id=order.run_id, code=code)
        print(f"error: {said['told']}", file=sys.stderr, flush=True)
        return code, said


def _run(order: Order) -> StepResult:
    from f1mesh.client import find_target
    from f1mesh.orchestration.steps import StepRunner
    from f1mesh.registry import load_mesh
    from f1mesh.registry.partition import asked_variables

    workspace = Workspace.locate()
    mesh = load_mesh(workspace.root)
    step = find_step(mesh, order.step)
    variables = asked_variables(mesh.domain(step.domain), order.partition)
    runner = StepRunner(
        mesh=mesh,
        workspace=workspace,
        target=find_target(workspace),
        run_id=order.run_id,
        full_refresh=order.full_refresh,
        no_skip=order.no_skip,
        variables=variables,
        dbt_log=order.dbt_log,
        progress=_say if order.dbt_log != "json" else _silent,
    )
    return runner(step)


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


def _silent(_: str) -> None: ...


@contextlib.contextmanager
def _interruptible() -> Any:
    """SIGTERM ends the step as Ctrl-C does: it tidies up and says so."""

    def interrupt(_signal: int, _frame: FrameType | None) -> None:
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGTERM, interrupt)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)
