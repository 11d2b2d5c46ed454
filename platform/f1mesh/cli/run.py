"""`./f1 run`: the whole mesh, from its sources to published products and answers."""

from __future__ import annotations

import threading
import time
import uuid
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer

from f1mesh.cli.declared import declared_options
from f1mesh.cli.options import AsJson, Domains, FullRefresh, NoSkip
from f1mesh.cli.output import command, emit_json, note
from f1mesh.telling import told
from f1mesh.workspace import Workspace

if TYPE_CHECKING:
    from f1mesh.cli.answers import Answers
    from f1mesh.cli.run_view import RunView
    from f1mesh.orchestration import Outcome, Step
    from f1mesh.registry import Mesh
    from f1mesh.sources.loading import Input


@command
def run(
    ctx: typer.Context,
    domain: Domains = None,
    full_refresh: FullRefresh = False,
    no_skip: NoSkip = False,
    no_load: Annotated[
        bool,
        typer.Option("--no-load", help="Leave the sources as they are: nothing is loaded first."),
    ] = False,
    keep: Annotated[
        bool, typer.Option("--keep", help="Leave the services running afterwards.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Load, ingest, transform, check, publish and answer: everything, once, on this machine."""
    from f1mesh.answers import as_document
    from f1mesh.cli.answers import show
    from f1mesh.cli.run_view import RunView, print_summary, summarize
    from f1mesh.orchestration.session import sole_run, terminable
    from f1mesh.orchestration.walk import State
    from f1mesh.registry import load_mesh
    from f1mesh.sources.loading import choose_input, no_input

    begin = time.monotonic()
    located = Workspace.locate()
    mesh = load_mesh(located.root)
    chosen = (no_input if no_load else choose_input)(declared_options(ctx), located)
    workspace = chosen.workspace.activate()
    with terminable(), sole_run(workspace), RunView() as view:
        for line in chosen.descriptions:
            view.say(line)
        outcomes, answers = _run_mesh(
            workspace, mesh, chosen, view, tuple(domain or ()), full_refresh, no_skip, keep
        )
    seconds = time.monotonic() - begin
    failed = [outcome for outcome in outcomes if outcome.state is not State.DONE]
    summaries = summarize(outcomes)
    if as_json:
        document = {
            "seconds": round(seconds, 2),
            "ok": not failed,
            "domains": [asdict(summary) for summary in summaries],
            "steps": {o.step.id: round(o.seconds, 3) for o in outcomes},
            "failed": {o.step.id: told(o.error) if o.error else "skipped" for o in failed},
            "answers": as_document(answers),
        }
        emit_json(document)
    else:
        print_summary(summaries)
        show(answers)
    note(f"{len(outcomes)} steps in {seconds:.1f} s" + (f", {len(failed)} not done" * bool(failed)))
    if failed:
        raise typer.Exit(1)


def _run_mesh(
    workspace: Workspace,
    mesh: Mesh,
    chosen: Input,
    view: RunView,
    domains: tuple[str, ...],
    full_refresh: bool,
    no_skip: bool,
    keep: bool,
) -> tuple[tuple[Outcome, ...], Answers]:
    from f1mesh.answers import questions
    from f1mesh.causes import is_transient
    from f1mesh.cli.answers import collect
    from f1mesh.orchestration import mesh_graph, walk
    from f1mesh.orchestration.session import sources, warehouse
    from f1mesh.orchestration.steps import StepRunner
    from f1mesh.transformation.site import dbt_site

    steps = mesh_graph(mesh, domains)
    with sources(workspace, keep=keep), warehouse(workspace, keep=keep) as target:
        runner = StepRunner(
            mesh=mesh,
            workspace=workspace,
            target=target,
            run_id=uuid.uuid4().hex,
            full_refresh=full_refresh,
            no_skip=no_skip,
            dbt_site=dbt_site(workspace),
            progress=view.progress,
        )
        with _beside(runner.prepare, steps):
            chosen.load(view.progress, view.say)
            outcomes = walk(steps, runner, observer=view)
        try:
            answers = collect(questions(mesh), target)
        except Exception as error:  # a warehouse that died: what was done is told all the same
            if not is_transient(error):
                raise
            view.say(f"no answers: {error}")
            return outcomes, []
    return outcomes, answers


@contextmanager
def _beside(
    prepare: Callable[[Iterable[Step], threading.Event], None], steps: Iterable[Step]
) -> Iterator[None]:
    """Let it prepare the steps meanwhile; it is over when this is, so that nothing that it starts
    is left behind."""
    enough = threading.Event()
    work = threading.Thread(target=prepare, args=[steps, enough], name="prepare")
    work.start()
    try:
        yield
    finally:
        enough.set()
        work.join()
