"""`./f1 step list|run`: the steps of the graph, one by one, as an orchestrator runs them."""

from __future__ import annotations

import uuid
from typing import Annotated

import typer

from f1mesh.cli.declared import PartitionCommand, asked_partition
from f1mesh.cli.options import AsJson, Domains, FullRefresh, NoSkip
from f1mesh.cli.output import command, emit_json, print_table
from f1mesh.workspace import Workspace

app = typer.Typer(no_args_is_help=True)


@app.command("list")
@command
def list_steps(
    domain: Domains = None,
    as_json: AsJson = False,
) -> None:
    """The steps of each domain, what each one waits for, and what starts the domain."""
    from f1mesh.orchestration.plan import domain_plan, plan_document
    from f1mesh.registry import load_mesh

    mesh = load_mesh(Workspace.locate().root)
    plans = [domain_plan(mesh, name) for name in domain or mesh.domains]
    if as_json:
        emit_json([plan_document(plan) for plan in plans])
        return
    for plan in plans:
        starts = [f"at {plan.cron}"] if plan.cron else []
        starts += [f"after each run of {producer}" for producer in plan.producers]
        rows = ([step.id, ", ".join(sorted(step.needs)) or None] for step in plan.steps)
        title = f"{plan.name}: tier {plan.tier}, runs {' or '.join(starts) or 'by hand'}"
        print_table(title, ["step", "after"], rows)


@app.command("run", cls=PartitionCommand)
def run_step(
    ctx: typer.Context,
    step: Annotated[str, typer.Argument(help="The step's id, see `./f1 step list`.")],
    run_id: Annotated[
        str | None, typer.Option(help="Name of the run that the step belongs to.")
    ] = None,
    full_refresh: FullRefresh = False,
    no_skip: NoSkip = False,
    partition: Annotated[
        str | None,
        typer.Option(
            help="Compute this part again, changed or not: NAME=VALUE of the domain's partition. "
            "`--NAME VALUE` is the same."
        ),
    ] = None,
    dbt_log: Annotated[
        str, typer.Option(help="dbt's own output on stderr: text, json or none.")
    ] = "text",
    as_json: AsJson = False,
) -> None:
    """Do one step. Can be repeated. Exit code 0: done; 1: will fail again; 75: try again."""
    from f1mesh.orchestration.execution import execute
    from f1mesh.orchestration.order import Order

    order = Order(
        step=step,
        run_id=run_id or uuid.uuid4().hex,
        full_refresh=full_refresh,
        no_skip=no_skip,
        partition=asked_partition(ctx, partition),
        dbt_log=dbt_log,
        as_json=as_json,
    )
    raise typer.Exit(execute(order))
