"""`./f1 up`: the mesh under Airflow, on this machine."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from f1mesh.cli.declared import declared_options
from f1mesh.cli.options import AsJson, FullRefresh
from f1mesh.cli.output import command, emit_json, note, print_table
from f1mesh.workspace import Workspace

if TYPE_CHECKING:
    from f1mesh.airflow_local.assembly import Assembly
    from f1mesh.airflow_local.follow import DomainRun
    from f1mesh.cli.answers import Answers
    from f1mesh.cli.run_view import RunView
    from f1mesh.registry import Mesh
    from f1mesh.sources.loading import Input


@dataclass(frozen=True)
class Wish:
    """What was asked for."""

    chosen: Input
    once: bool
    full_refresh: bool
    limit_s: float


@dataclass(frozen=True)
class Result:
    """What `--once` did: the domains' runs, the answers, and how long Airflow took to be ready."""

    runs: tuple[DomainRun, ...]
    answers: Answers
    ready_s: float
    runs_s: float


@command
def up(
    ctx: typer.Context,
    once: Annotated[
        bool, typer.Option("--once", help="Run every domain once, show the answers, stop.")
    ] = False,
    full_refresh: FullRefresh = False,
    limit: Annotated[
        float, typer.Option("--limit", min=1, help="Give up after this many minutes.")
    ] = 60.0,
    as_json: AsJson = False,
) -> None:
    """Start warehouse, sources and Airflow, and keep them running until `./f1 down`; print where
    they are and what to do next. `--once` ends what it started; --full-refresh and --limit go with
    it."""
    from f1mesh.airflow_local import components, keeper
    from f1mesh.cli.run_view import RunView
    from f1mesh.orchestration.session import sole_run, terminable
    from f1mesh.registry import load_mesh
    from f1mesh.sources.loading import choose_input

    begin = time.monotonic()
    located = Workspace.locate()
    mesh = load_mesh(located.root)
    chosen = choose_input(declared_options(ctx), located)
    workspace = chosen.workspace.activate()
    wish = Wish(chosen, once, full_refresh, limit * 60)
    was_up = bool(components.running(workspace))
    with terminable(), sole_run(workspace), RunView() as view:
        for line in chosen.descriptions:
            view.say(line)
        keeper.stop(workspace)  # two that start things would be in each other's way
        try:
            assembly, result = _raise(workspace, mesh, wish, view, keep=was_up or not once)
        except BaseException:
            if not was_up:
                components.stop(workspace)
            raise
        finally:
            if components.running(workspace):
                keeper.start(workspace)
    seconds = time.monotonic() - begin
    if result is None:
        _tell_addresses(assembly, as_json)
    else:
        _tell_result(result, seconds, as_json)


def _raise(
    workspace: Workspace, mesh: Mesh, wish: Wish, view: RunView, *, keep: bool
) -> tuple[Assembly, Result | None]:
    """Start everything; with `--once`, run the domains, collect the answers, stop again."""
    from f1mesh.airflow_local import components
    from f1mesh.airflow_local.assembly import Assembly
    from f1mesh.answers import questions
    from f1mesh.cli.answers import collect
    from f1mesh.orchestration.session import sources, warehouse

    begin = time.monotonic()
    assembly = Assembly(mesh, workspace, view.say)
    assembly.settle()
    address = assembly.installation.warehouse
    with sources(workspace, keep=keep), warehouse(workspace, keep=keep, at=address) as target:
        with ThreadPoolExecutor(1) as aside:  # Airflow starts while the sources are loaded
            starting = aside.submit(assembly.start)
            wish.chosen.load(view.progress, view.say)
            if started := starting.result():
                view.say(f"Airflow starts: {', '.join(started)}")
        assembly.wait()
        ready = time.monotonic()
        view.say(f"Airflow is ready after {ready - begin:.1f} s: {assembly.installation.url}")
        if not wish.once:
            return assembly, None
        runs = _follow(assembly, wish, view)
        runs_s = time.monotonic() - ready
        answers = collect(questions(mesh), target)
        if not keep:
            components.stop(workspace)
    return assembly, Result(runs, answers, ready - begin, runs_s)


def _follow(assembly: Assembly, wish: Wish, view: RunView) -> tuple[DomainRun, ...]:
    from f1mesh.airflow_local.follow import run_domains
    from f1mesh.airflow_local.rest import Rest
    from f1mesh.cli.up_view import UpView

    conf: dict[str, Any] = {"full_refresh": True} if wish.full_refresh else {}
    watcher = UpView(view, assembly.tend)
    rest = Rest.of(assembly.installation, meanwhile=watcher.between)
    return run_domains(rest, assembly.mesh, watcher, conf=conf, limit_s=wish.limit_s)


def _tell_addresses(assembly: Assembly, as_json: bool) -> None:
    from f1mesh.airflow_local import components
    from f1mesh.airflow_local.installation import USER
    from f1mesh.airflow_local.rest import Rest

    installation = assembly.installation
    health = Rest.of(installation).health()
    parts = {name: (part or {}).get("status") for name, part in health.items()}
    if as_json:
        login = {"user": USER, "password": installation.secrets.password}
        emit_json({"airflow": {"url": installation.url, **login, "health": parts}})
        return
    rows = [
        ["Airflow", installation.url],
        ["user", USER],
        ["password", installation.secrets.password],
        ["warehouse", assembly.variables()["DATABRICKS_CONNECTION_URI"] or "(remote)"],
        *([name, str(status)] for name, status in parts.items() if status),
    ]
    log = components.service(installation.workspace, components.KEEPER).log_file
    print_table("The mesh is up", ["part", "where / how"], rows)
    for line in what_next(assembly.mesh, installation.url, USER, log):
        note(line)


def what_next(mesh: Mesh, url: str, user: str, keeper_log: Path) -> list[str]:
    """What a person does with a mesh that is up."""
    begin = [domain for domain in mesh.domains.values() if not domain.inputs]
    follow = [domain for domain in mesh.domains.values() if domain.inputs]
    lines = ["What next:", f"  open {url} and log in as {user} with the password above;"]
    for domain in begin:
        times = f"; by itself it runs at {domain.schedule} (cron, UTC)" if domain.schedule else ""
        lines.append(f"  press Trigger on the DAG '{domain.title}' ({domain.name}){times};")
    lines += [
        f"  '{domain.title}' ({domain.name}) follows when a run of what it reads has ended;"
        for domain in follow
    ]
    return [
        *lines,
        "  `./f1 status` shows runs and products, `./f1 answers` what they answer;",
        f"  what dies is started again (log: {keeper_log});",
        "  `./f1 down` stops everything.",
    ]


def _tell_result(result: Result, seconds: float, as_json: bool) -> None:
    from f1mesh.answers import as_document
    from f1mesh.cli.answers import show
    from f1mesh.cli.up_view import as_record, print_runs

    failed = [run for run in result.runs if not run.ok]
    if as_json:
        emit_json(
            {
                "seconds": round(seconds, 2),
                "ready_seconds": round(result.ready_s, 2),
                "runs_seconds": round(result.runs_s, 2),
                "ok": not failed,
                "domains": [as_record(run) for run in result.runs],
                "answers": as_document(result.answers),
            }
        )
    else:
        print_runs(result.runs)
        show(result.answers)
    note(f"{len(result.runs)} domains in {result.runs_s:.1f} s, {seconds:.1f} s with the start")
    if failed:
        raise typer.Exit(1)
