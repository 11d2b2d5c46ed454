"""`./f1 run`: the whole mesh, from its sources to published products and answers."""

from __future__ import annotations

import threading
import time
import uuid
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer

from f1mesh.cli.output import command, emit_json, note
from f1mesh.workspace import Workspace

if TYPE_CHECKING:
    from f1mesh.cli.answers import Answers
    from f1mesh.cli.run_view import RunView
    from f1mesh.orchestration import Outcome
    from f1mesh.registry import Mesh
    from f1mesh.sources.history import HistoryInput


@command
def run(
    history: Annotated[
        str | None,
        typer.Option(
            help="An F1DB release zip (path or URL), a folder or zip of Ergast CSV files, "
            "`latest`, or `simulated`. Default: the latest F1DB release; without network, "
            "`simulated`."
        ),
    ] = None,
    seed: Annotated[int, typer.Option(help="Seed of `simulated`.")] = 1,
    scale: Annotated[int, typer.Option(min=1, help="Size of `simulated`; 1 is real size.")] = 1,
    domain: Annotated[
        list[str] | None, typer.Option(help="Only this domain (repeatable); default: all.")
    ] = None,
    full_refresh: Annotated[
        bool, typer.Option(help="Read everything again and rebuild incremental models.")
    ] = False,
    no_skip: Annotated[
        bool, typer.Option("--no-skip", help="Build and check what did not change, too.")
    ] = False,
    max_damage: Annotated[
        float, typer.Option(min=0, max=1, help="Share of a leaf file's rows that may be set aside.")
    ] = 0.05,
    keep: Annotated[bool, typer.Option(help="Leave the services running afterwards.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Summary and answers as JSON.")] = False,
) -> None:
    """Load, ingest, transform, check, publish and answer: everything, once, on this machine."""
    from f1mesh.answers import as_document
    from f1mesh.cli.answers import show
    from f1mesh.cli.run_view import RunView, print_summary, summarize
    from f1mesh.orchestration.session import sole_run, terminable
    from f1mesh.orchestration.walk import State
    from f1mesh.registry import load_mesh
    from f1mesh.sources.history import choose_history

    begin = time.monotonic()
    located = Workspace.locate()
    mesh = load_mesh(located.root)
    choice = choose_history(history, seed=seed, scale=scale, workspace=located)
    workspace = Workspace.locate(choice.dataset).activate()
    with terminable(), sole_run(workspace), RunView() as view:
        view.say(f"history: {choice.description}")
        outcomes, answers = _run_mesh(
            workspace,
            mesh,
            choice,
            view,
            tuple(domain or ()),
            full_refresh,
            no_skip,
            max_damage,
            keep,
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
            "failed": {o.step.id: str(o.error or "skipped") for o in failed},
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
    choice: HistoryInput,
    view: RunView,
    domains: tuple[str, ...],
    full_refresh: bool,
    no_skip: bool,
    max_damage: float,
    keep: bool,
) -> tuple[tuple[Outcome, ...], Answers]:
    from f1mesh.answers import questions
    from f1mesh.causes import is_transient
    from f1mesh.cli.answers import collect
    from f1mesh.orchestration import mesh_graph, walk
    from f1mesh.orchestration.session import sources, warehouse
    from f1mesh.orchestration.steps import StepRunner
    from f1mesh.sources.load import load
    from f1mesh.sources.postgres import url

    steps = mesh_graph(mesh, domains)
    with sources(workspace, keep=keep), warehouse(workspace, keep=keep) as target:
        runner = StepRunner(
            mesh=mesh,
            workspace=workspace,
            target=target,
            run_id=uuid.uuid4().hex,
            full_refresh=full_refresh,
            no_skip=no_skip,
            progress=view.progress,
        )
        threading.Thread(target=runner.prepare, args=[steps], name="parse", daemon=True).start()
        report = load(url(workspace), choice, max_damage=max_damage, progress=view.progress)
        view.say(str(report))
        outcomes = walk(steps, runner, observer=view)
        try:
            answers = collect(questions(mesh), target)
        except Exception as error:  # a warehouse that died: what was done is told all the same
            if not is_transient(error):
                raise
            view.say(f"no answers: {error}")
            return outcomes, []
    return outcomes, answers
