"""What the mesh publishes, and how it stands."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from f1mesh.contracts.freshness import Freshness, measure_freshness
from f1mesh.contracts.lineage import raw_tables_upstream
from f1mesh.contracts.model import Contract, contract_of
from f1mesh.contracts.table_version import current_version
from f1mesh.errors import PermanentError
from f1mesh.publication.journal import Entry, Journal
from f1mesh.publication.pointer import Pointer, is_missing, read_pointer, table_of
from f1mesh.registry import Mesh, ProductRef
from f1mesh.schemas import Schemas

if TYPE_CHECKING:
    from databricks.sql.client import Connection

Manifests = Callable[[str], dict[str, Any]]


@dataclass(frozen=True)
class ProductStatus:
    """One product: what consumers see, how fresh its sources are, what waits. None: not known yet
    (never built, never published)."""

    product: str
    owner: str
    contract_version: str
    version: int | None
    rows: int | None
    published_at: datetime | None
    source_read_at: datetime | None
    freshness_limit_hours: float
    last_check: str | None
    last_check_at: datetime | None
    candidate: int | None  # a version that was built and is not what consumers see


def product_statuses(
    connection: Connection,
    schemas: Schemas,
    mesh: Mesh,
    refs: Iterable[ProductRef],
    manifests: Manifests,
) -> list[ProductStatus]:
    """The products in the order given; `manifests` gives dbt's manifest of a domain, or raises
    PermanentError where dbt has not run yet."""
    latest = Journal(connection, schemas).latest()
    contracts = {ref: contract_of(mesh, ref) for ref in refs}
    upstream = _upstream(contracts, manifests)
    tables = sorted({table for found in upstream.values() for table in found})
    freshness = _freshness(connection, schemas, tables)
    return [
        _status(connection, schemas, contract, freshness.of(upstream[ref]), latest.get(str(ref)))
        for ref, contract in contracts.items()
    ]


def _status(
    connection: Connection,
    schemas: Schemas,
    contract: Contract,
    freshness: Freshness,
    last: Entry | None,
) -> ProductStatus:
    pointer = read_pointer(connection, schemas, contract)
    built = _built(connection, schemas, contract)
    return ProductStatus(
        product=str(contract),
        owner=contract.owner,
        contract_version=contract.version,
        version=pointer.version if pointer else None,
        rows=pointer.rows if pointer else None,
        published_at=pointer.published_at if pointer else None,
        source_read_at=freshness.stalest[1] if freshness.stalest else None,
        freshness_limit_hours=contract.freshness_hours,
        last_check=_last_check(last),
        last_check_at=last.logged_at if last else None,
        candidate=_waiting(built, pointer, last),
    )


def _last_check(last: Entry | None) -> str | None:
    if last is None:
        return None
    broken = last.report.get("broken") or []
    if broken:
        return "failed: " + ", ".join(sorted({finding["rule"] for finding in broken}))
    return f"passed {last.report.get('checks', 0)} checks"


def _waiting(built: int | None, pointer: Pointer | None, last: Entry | None) -> int | None:
    """The built version, unless consumers see it or it was found to hold the same content."""
    if built is None or (pointer and pointer.version == built):
        return None
    same = last is not None and last.action == "unchanged" and last.version == built
    return None if same else built


def _built(connection: Connection, schemas: Schemas, contract: Contract) -> int | None:
    try:
        return current_version(connection, table_of(schemas, contract))
    except Exception as error:
        if is_missing(error):
            return None
        raise


def _upstream(
    contracts: dict[ProductRef, Contract], manifests: Manifests
) -> dict[ProductRef, list[str]]:
    found: dict[ProductRef, list[str]] = {}
    for ref in contracts:
        try:
            found[ref] = raw_tables_upstream(manifests(ref.domain), ref.product)
        except PermanentError:  # dbt has not run: nothing can be said of the sources
            found[ref] = []
    return found


def _freshness(connection: Connection, schemas: Schemas, tables: list[str]) -> Freshness:
    try:
        return measure_freshness(connection, schemas.catalog, tables)
    except Exception as error:
        if is_missing(error):
            return Freshness({table: None for table in tables})
        raise
