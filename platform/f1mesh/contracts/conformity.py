"""Contracts against the dbt models that have to keep them, before anything is built."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from f1mesh.contracts.document import Document, Place, Problem, read_document
from f1mesh.contracts.lint import governance_problems, standard_problems
from f1mesh.contracts.model import Column, Contract, to_contract
from f1mesh.contracts.physical_types import canonical
from f1mesh.contracts.rule_sql import NotAQuery, spelled_out, tables_of
from f1mesh.contracts.rules import sql_rules
from f1mesh.registry import Domain, Mesh


def mesh_problems(mesh: Mesh) -> list[Problem]:
    """Every problem of every contract: ODCS, governance, and where its dbt model differs."""
    return [
        problem
        for domain in mesh.domains.values()
        for product in domain.products
        for problem in (*product_problems(domain, product), *_foreign_tables(mesh, domain, product))
    ]


def product_problems(domain: Domain, product: str) -> list[Problem]:
    """The problems of one product's contract."""
    path = domain.contract_path(product)
    if not path.is_file():
        return [Problem(path, 1, "(file)", f"{domain.name} publishes {product} without a contract")]
    document = read_document(path)
    problems = [*standard_problems(path), *governance_problems(document)]
    if problems:
        return problems
    contract = to_contract(document)
    if contract.domain != domain.name:
        message = f"'{contract.domain}' must be '{domain.name}', the folder it is in"
        problems.append(document.problem(("domain",), message))
    if contract.owner != domain.owner.team:
        message = f"'{contract.owner}' is not the owner in domain.yaml, '{domain.owner.team}'"
        problems.append(document.problem(("team",), message))
    return [*problems, *_model_problems(domain, contract)]


def _foreign_tables(mesh: Mesh, domain: Domain, product: str) -> Iterator[Problem]:
    """SQL rules read the product itself and what the mesh publishes, and nothing else: raw and
    built tables of a domain are its own, and nobody says when they change."""
    path = domain.contract_path(product)
    if not path.is_file():
        return
    document = read_document(path)
    published = {(ref.domain, ref.product) for ref in mesh.products}
    for place, query in sql_rules(document):
        try:
            tables = tables_of(spelled_out(query, product, "column"))
        except NotAQuery:
            continue  # the lint of the contract tells it
        for table in tables:
            if len(table.parts) > 2 or (table.schema or domain.name, table.name) not in published:
                message = f"reads {table}, which is no product of the mesh (domain.product)"
                yield document.problem((*place, "query"), message)


def _model_problems(domain: Domain, contract: Contract) -> list[Problem]:
    found = _find_model(domain.dbt_project / "models", contract.product)
    if found is None:
        message = f"no dbt model '{contract.product}' is described in {domain.dbt_project}"
        return [Problem(contract.path, 1, "schema[0]", message)]
    return list(_differences(*found, contract))


def _find_model(folder: Path, name: str) -> tuple[Document, Place] | None:
    for path in sorted(folder.rglob("*.yml")):
        document = read_document(path)
        for index, model in enumerate(document.content.get("models") or ()):
            if model.get("name") == name:
                return document, ("models", index)
    return None


def _differences(document: Document, place: Place, contract: Contract) -> Iterator[Problem]:
    model = document.content["models"][place[1]]
    if not _words(model.get("description")).startswith(contract.grain):
        message = f"must start with the grain of the contract: {contract.grain}"
        yield document.problem((*place, "description"), message)
    declared: list[dict[str, Any]] = model.get("columns") or []
    named = [str(entry.get("name")) for entry in declared]
    if named != list(contract.names):
        yield document.problem((*place, "columns"), _order_message(named, list(contract.names)))
    promised = {column.name: column for column in contract.columns}
    for index, entry in enumerate(declared):
        if column := promised.get(named[index]):
            yield from _column(document, (*place, "columns", index), entry, column)


def _column(
    document: Document, at: Place, entry: dict[str, Any], column: Column
) -> Iterator[Problem]:
    kind = canonical(str(entry.get("data_type") or ""))
    if kind != column.physical_type:
        message = f"{column.name} is {kind or 'untyped'}, the contract says {column.physical_type}"
        yield document.problem((*at, "data_type"), message)
    if _words(entry.get("description")) != column.description:
        message = f"{column.name}: the contract says: {column.description}"
        yield document.problem((*at, "description"), message)
    constraints = {c.get("type") for c in entry.get("constraints") or ()}
    if column.required and not constraints & {"not_null", "primary_key"}:
        message = f"{column.name} is required in the contract: add {{type: not_null}}"
        yield document.problem((*at, "constraints"), message)


def _order_message(named: list[str], promised: list[str]) -> str:
    absent = [name for name in promised if name not in named]
    extra = [name for name in named if name not in promised]
    if not absent and not extra:
        return f"the contract's order is {', '.join(promised)}"
    parts = [f"lacks {', '.join(absent)}"] if absent else []
    parts += [f"the contract does not have {', '.join(extra)}"] if extra else []
    return "; ".join(parts)


def _words(text: object) -> str:
    return " ".join(str(text or "").split())
