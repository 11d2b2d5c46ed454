"""`./f1 publish|rollback|products` and `./f1 contracts ...`: products and what they promise."""

from __future__ import annotations

import re
import uuid
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from itertools import groupby
from typing import TYPE_CHECKING, Annotated, Any

import typer

from f1mesh.cli.options import AsJson, CheckOnly, ProductNames
from f1mesh.cli.output import command, emit_json, note, print_table
from f1mesh.registry import ProductRef
from f1mesh.workspace import Workspace

if TYPE_CHECKING:
    from databricks.sql.client import Connection

    from f1mesh.client import Target
    from f1mesh.publication.products import Manifests, ProductStatus
    from f1mesh.publication.publish import Check, Publication
    from f1mesh.registry import Mesh
    from f1mesh.schemas import Schemas

contracts = typer.Typer(no_args_is_help=True)


@command
def publish(names: ProductNames = None, as_json: AsJson = False) -> None:
    """Check what was built against its contracts; move the views of what passes.

    Ends with 1 if a contract is broken: consumers keep the last good version."""
    with _connected() as (mesh, target, connection, manifests):
        results = [
            _publish(connection, target.schemas, mesh, ref, manifests)
            for ref in _chosen(mesh, names)
        ]
    blocked = [judged for judged, done in results if done is None]
    if as_json:
        emit_json([_told(judged, done) for judged, done in results])
    else:
        records = [_told(judged, done) for judged, done in results]
        columns = ["product", "action", "version", "rows", "checks"]
        print_table("Publications", columns, ([r[c] for c in columns] for r in records))
    for judged in blocked:
        note(judged.explain())
    if blocked:
        raise typer.Exit(1)


@command
def rollback(
    product: Annotated[str, typer.Argument(help="<domain>/<product>")],
    to: Annotated[
        int | None, typer.Option("--to", help="A version that passed; default: the one before.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Show consumers an earlier version that passed its contract, and name the others that did. The
    next good run goes forward again."""
    from f1mesh.contracts.model import contract_of
    from f1mesh.publication.rollback import choices
    from f1mesh.publication.rollback import rollback as go_back

    with _connected() as (mesh, target, connection, _):
        ref = mesh.product(product)
        contract = contract_of(mesh, ref)
        pointer = go_back(connection, target.schemas, contract, run_id=uuid.uuid4().hex, to=to)
        others = choices(connection, target.schemas, contract)
    if as_json:
        emit_json({"product": str(ref), "version": pointer.version, "rows": pointer.rows})
    else:
        note(f"{ref} shows version {pointer.version} ({pointer.rows:,} rows). {others}")


@command
def products(names: ProductNames = None, as_json: AsJson = False) -> None:
    """What is published: version, rows, freshness, owner, contract, last check."""
    from f1mesh.publication.products import product_statuses

    with _connected() as (mesh, target, connection, manifests):
        chosen = _chosen(mesh, names)
        found = product_statuses(connection, target.schemas, mesh, chosen, manifests)
    if as_json:
        emit_json([asdict(status) for status in found])
        return
    for domain, own in groupby(found, key=lambda status: ProductRef.parse(status.product).domain):
        rows = list(own)
        columns = ["product", "version", "rows", "source read", "last check"]
        print_table(f"{domain} ({rows[0].owner})", columns, map(_row, rows))


@contracts.command("check")
@command
def check() -> None:
    """Lint every contract, and what it says of its domain and of others; ends with 1 if anything is
    wrong."""
    from f1mesh.contracts.conformity import mesh_problems
    from f1mesh.registry import load_mesh

    mesh = load_mesh(Workspace.locate().root)
    problems = mesh_problems(mesh)
    for problem in problems:
        note(str(problem))
    if problems:
        raise typer.Exit(1)
    note(f"{len(mesh.products)} contracts are good")


@contracts.command("generate")
@command
def generate(
    check_only: CheckOnly = False,
) -> None:
    """Write what follows from contracts: dbt models, owners, the sources of who reads them."""
    from f1mesh.contracts.generate import drafts, write_generated
    from f1mesh.registry import load_mesh

    mesh = load_mesh(Workspace.locate().root)
    if not check_only:
        for draft in write_generated(mesh):
            note(f"written: {draft.path}")
    differences = [problem for draft in drafts(mesh) for problem in draft.differences]
    for problem in differences:
        note(str(problem))
    if differences:
        note("Run `./f1 contracts generate` and commit the result.")
        raise typer.Exit(1)
    note("what is generated from contracts is up to date")


@contextmanager
def _connected() -> Iterator[tuple[Mesh, Target, Connection, Manifests]]:
    from f1mesh.client import connect
    from f1mesh.orchestration.session import warehouse
    from f1mesh.registry import load_mesh
    from f1mesh.transformation import DbtProject

    workspace = Workspace.locate()
    mesh = load_mesh(workspace.root)
    kept: dict[str, dict[str, Any]] = {}
    with warehouse(workspace) as target, connect(target) as connection:

        def manifests(domain: str) -> dict[str, Any]:
            if domain not in kept:
                kept[domain] = DbtProject.of(mesh.domain(domain), workspace, target).manifest()
            return kept[domain]

        yield mesh, target, connection, manifests


def _chosen(mesh: Mesh, names: Sequence[str] | None) -> list[ProductRef]:
    if not names:
        return list(mesh.products)
    chosen: dict[ProductRef, None] = {}
    for name in names:
        found = [mesh.product(name)] if "/" in name else _products_of(mesh, name)
        chosen.update(dict.fromkeys(found))
    return list(chosen)


def _products_of(mesh: Mesh, domain: str) -> list[ProductRef]:
    own = mesh.domain(domain).name
    return [ref for ref in mesh.products if ref.domain == own]


def _publish(
    connection: Connection, schemas: Schemas, mesh: Mesh, ref: ProductRef, manifests: Manifests
) -> tuple[Check, Publication | None]:
    from f1mesh.contracts.model import contract_of
    from f1mesh.publication.publish import check
    from f1mesh.publication.publish import publish as move

    run_id = uuid.uuid4().hex
    contract = contract_of(mesh, ref)
    manifest = manifests(ref.domain)
    judged = check(connection, schemas, ref, contract, manifest=manifest, run_id=run_id)
    if not judged.report.passed:
        return judged, None
    return judged, move(connection, schemas, judged, run_id=run_id)


def _told(judged: Check, done: Publication | None) -> dict[str, Any]:
    seen = judged.published
    return {
        "product": str(judged.contract),
        "action": str(done.action) if done else "blocked",
        "version": done.version if done else seen.version if seen else None,
        "rows": done.rows if done else seen.rows if seen else None,
        "checks": judged.checks,
        "report": judged.report.as_json(),
    }


def _row(status: ProductStatus) -> list[Any]:
    return [
        ProductRef.parse(status.product).product,
        status.version,
        status.rows,
        _freshness(status),
        _last_check(status),
    ]


def _last_check(status: ProductStatus) -> str | None:
    """In a word or two; `--json` has the whole sentence."""
    said = re.fullmatch(r"passed (\d+) checks(?:, (\d+) warnings)?", status.last_check or "")
    if said is None:
        return status.last_check and "broken"
    return f"{said[1]} hold" + (f", {said[2]} warn" if said[2] else "")


def _freshness(status: ProductStatus) -> str | None:
    """The age of the sources beside the age that the contract allows."""
    from datetime import UTC, datetime, timedelta

    if status.source_read_at is None:
        return None
    age = (datetime.now(UTC) - status.source_read_at) / timedelta(hours=1)
    return f"{age:.1f} of {status.freshness_limit_hours:g} h"
