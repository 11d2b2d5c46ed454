"""`./f1 build`: a model and what hangs on it, in schemas of the developer's own."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, replace
from typing import TYPE_CHECKING, Annotated, Any

import typer

from f1mesh.cli.options import AsJson, FullRefresh
from f1mesh.cli.output import command, emit_json, note, print_table
from f1mesh.errors import PermanentError, TransientError
from f1mesh.workspace import Workspace

if TYPE_CHECKING:
    from f1mesh.client import Target
    from f1mesh.transformation import DbtProject, TransformReport

_OWN = "dev_"


@command
def build(
    what: Annotated[
        str, typer.Argument(metavar="DOMAIN[.MODEL]", help="The model, e.g. sales.fct_order.")
    ],
    show: Annotated[
        int, typer.Option("--show", min=0, help="Print so many rows of the model, side by side.")
    ] = 0,
    prefix: Annotated[
        str,
        typer.Option(
            envvar="F1_SCHEMA_PREFIX", help="What the names of your own schemas begin with."
        ),
    ] = _OWN,
    full_refresh: FullRefresh = False,
    as_json: AsJson = False,
) -> None:
    """Build and test a model and what hangs on it, in schemas of your own.

    What it stands on is read from the last `./f1 run`; nothing is published, and nothing outside
    your own schemas changes. With --full-refresh incremental models are made from nothing.
    """
    from f1mesh.client import embedded_service
    from f1mesh.orchestration.session import warehouse
    from f1mesh.registry import load_mesh
    from f1mesh.transformation import DbtProject
    from f1mesh.transformation.site import dbt_site

    domain, _, model = what.partition(".")
    workspace = Workspace.locate()
    owner = load_mesh(workspace.root).domain(domain)
    keep = embedded_service(workspace).running() is not None  # dbt's process stays with it
    with warehouse(workspace, keep=keep) as found:
        shared = replace(found, schemas=replace(found.schemas, prefix=""))
        own = replace(found, schemas=replace(found.schemas, prefix=prefix, inputs=""))
        if not prefix:
            raise PermanentError("Your own schemas need a prefix, such as --prefix dev_.")
        project = DbtProject.of(owner, workspace, own, site=dbt_site(workspace))
        upstream = DbtProject.of(owner, workspace, shared)
        upstream.manifest()  # says what to do where the domain was never built
        node = _node(project, model)
        report = project.build(
            select=[f"{model}+"] if model else (),
            full_refresh=full_refresh,
            upstream=upstream,
            progress=note,
        )
        rows = _rows(own, node, show) if node and show and report.ok else []
        _tell(report, rows, node, as_json)
        _raise_if_failed(report, own, domain)


def _node(project: DbtProject, model: str) -> Mapping[str, Any] | None:
    """The node that is meant; raises PermanentError, with the names there are, for none."""
    nodes = project.current_manifest(progress=note)["nodes"].values()
    built = {n["name"]: n for n in nodes if n["resource_type"] in ("model", "snapshot", "seed")}
    if model and model not in built:
        raise PermanentError(
            f"The domain '{project.domain}' has no model '{model}'. It has: "
            f"{', '.join(sorted(built))}."
        )
    return built.get(model)


def _rows(target: Target, node: Mapping[str, Any], count: int) -> list[dict[str, Any]]:
    from f1mesh.client import connect, query

    with connect(target) as connection:
        statement = f"select * from {node['relation_name']} limit {count}"
        return list(query(connection, statement).to_pylist())


def _tell(
    report: TransformReport,
    rows: list[dict[str, Any]],
    node: Mapping[str, Any] | None,
    as_json: bool,
) -> None:
    if as_json:
        nodes = [{k: v for k, v in asdict(n).items() if k != "query"} for n in report.nodes]
        emit_json({"ok": report.ok, "nodes": nodes, "rows": rows})
        return
    columns = ["node", "kind", "status", "s", "message"]
    shown = ([n.name, n.kind, n.status, f"{n.seconds:.1f}", n.message] for n in report.nodes)
    print_table("Built", columns, shown)
    if node is not None and rows:
        title = str(node["relation_name"]).replace("`", "")
        numbers = [str(number) for number in range(1, len(rows) + 1)]
        by_column = ([name, *(row[name] for row in rows)] for name in rows[0])
        print_table(title, ["column", *numbers], by_column)


def _raise_if_failed(report: TransformReport, target: Target, domain: str) -> None:
    from f1mesh.transformation.failures import explained, is_lost

    if not report.ok:
        error = TransientError if is_lost(report) else PermanentError
        raise error(f"dbt failed in the domain '{domain}':\n{explained(report, target)}")
