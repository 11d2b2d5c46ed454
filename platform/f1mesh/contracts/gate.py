"""The gate: a product passes if the exact table version that was built keeps its whole contract.

Two parts: the *surface* (physical schema, freshness: no row is read) and the *content* (every row
against every rule). Whoever knows that the content was checked before needs the surface only.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from f1mesh.contracts.content_check import any_row, check_content
from f1mesh.contracts.freshness import Freshness, freshness_findings
from f1mesh.contracts.model import Contract
from f1mesh.contracts.report import CheckReport, Finding, Verdict
from f1mesh.contracts.schema_check import nullability_warnings, schema_findings
from f1mesh.contracts.table_version import TableVersion, nullable_columns
from f1mesh.schemas import Schemas

if TYPE_CHECKING:
    from databricks.sql.client import Connection

NOTHING_LANDED = Freshness({})


@dataclass(frozen=True)
class Surface:
    """What can be told without reading rows."""

    schema: tuple[Finding, ...]
    freshness: tuple[Finding, ...]
    warnings: tuple[Finding, ...]
    verdicts: tuple[Verdict, ...]

    @property
    def checks(self) -> int:
        return len(self.verdicts)

    @property
    def broken(self) -> tuple[Finding, ...]:
        return self.schema + self.freshness


def check(
    connection: Connection,
    contract: Contract,
    schemas: Schemas,
    version: int,
    freshness: Freshness = NOTHING_LANDED,
    now: datetime | None = None,
) -> CheckReport:
    """Hold a version of the product's table against the whole contract. `freshness` is the age of
    the raw tables upstream, measured by the caller (see `measure_freshness`)."""
    at = TableVersion(schemas.table(contract.domain, contract.product), version)
    surface = check_surface(connection, contract, at, freshness, now)
    return check_rows(connection, contract, at, schemas, surface)


def check_surface(
    connection: Connection,
    contract: Contract,
    at: TableVersion,
    freshness: Freshness = NOTHING_LANDED,
    now: datetime | None = None,
) -> Surface:
    """Schema and freshness."""
    schema = tuple(schema_findings(contract, at.physical_columns(connection)))
    stale = tuple(freshness_findings(contract, freshness, now or datetime.now(UTC)))
    return Surface(
        schema=schema,
        freshness=stale,
        warnings=tuple(nullability_warnings(contract, nullable_columns(connection, at.table))),
        verdicts=(*_of_columns(contract, schema), *_of_freshness(contract, freshness, stale)),
    )


def check_freshness(contract: Contract, freshness: Freshness, now: datetime) -> Surface:
    """Freshness alone: of a version whose schema was looked at before."""
    stale = tuple(freshness_findings(contract, freshness, now))
    return Surface((), stale, (), tuple(_of_freshness(contract, freshness, stale)))


def _of_columns(contract: Contract, findings: tuple[Finding, ...]) -> Iterator[Verdict]:
    wrong = {found.column for found in findings}
    for column in contract.columns:
        result = "broken" if column.name in wrong else "holds"
        yield Verdict(f"is there as {column.physical_type}, in its place", column.name, result)


def _of_freshness(
    contract: Contract, freshness: Freshness, findings: tuple[Finding, ...]
) -> Iterator[Verdict]:
    if freshness.read_at:
        rule = f"freshness: its source was read within {contract.freshness_hours:g} h"
        yield Verdict(rule, None, "broken" if findings else "holds")


def check_rows(
    connection: Connection,
    contract: Contract,
    at: TableVersion,
    schemas: Schemas,
    surface: Surface,
    published_rows: int | None = None,
) -> CheckReport:
    """The whole report: the surface, and every row against every rule. `published_rows` is what
    the volume of this version is compared with; None compares nothing."""
    missing = {found.column for found in surface.schema if found.rule == "column_missing"}
    known = {column for column in missing if column}
    content = check_content(connection, contract, at, schemas, known, published_rows)
    return CheckReport(
        product=str(contract),
        version=at.version,
        contract_version=contract.version,
        contract_digest=contract.digest,
        rows=content.rows,
        checks=surface.checks + len(content.verdicts),
        broken=_shown(connection, contract, at, surface) + surface.freshness + content.broken,
        warnings=surface.warnings + content.warnings,
        verdicts=surface.verdicts + content.verdicts,
    )


def _shown(
    connection: Connection, contract: Contract, at: TableVersion, surface: Surface
) -> tuple[Finding, ...]:
    """The schema's findings with a row in which a wrong or undeclared column can be seen."""
    if not surface.schema:
        return ()
    row = any_row(connection, contract, at)
    return tuple(
        found if found.rule == "column_missing" else replace(found, example=row)
        for found in surface.schema
    )
