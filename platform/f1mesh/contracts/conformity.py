"""The contracts of the mesh: each by itself, and with what its domain and others declare."""

from __future__ import annotations

from collections.abc import Iterator

from f1mesh.contracts.lint import governance_problems, standard_problems
from f1mesh.contracts.model import to_contract
from f1mesh.contracts.rule_sql import NotAQuery, spelled_out, tables_of
from f1mesh.contracts.rules import sql_rules
from f1mesh.document import Problem, read_document
from f1mesh.registry import Domain, Mesh


def mesh_problems(mesh: Mesh) -> list[Problem]:
    """Every problem of every contract: ODCS, governance, owner, what its rules read, its model."""
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
    if not any((domain.dbt_project / "models").rglob(f"{product}.sql")):
        message = f"no dbt model makes it: add {product}.sql to {domain.dbt_project / 'models'}"
        problems.append(document.problem(("schema", 0, "name"), message))
    return problems


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
