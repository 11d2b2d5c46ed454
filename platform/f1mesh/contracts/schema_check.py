"""The physical schema of a table version against its contract: names, order, types.

datacontract-cli compares logical types only when it reads a copy (measured: it passed `bigint` for
`int`, `decimal(12,3)` for `decimal(10,2)`, `float` for `double`, an undeclared column), so this is
the platform's own.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping

from f1mesh.contracts.model import Contract
from f1mesh.contracts.report import Finding


def schema_findings(contract: Contract, physical: Mapping[str, str]) -> list[Finding]:
    """Every difference that a consumer would notice; `physical` maps names to types in order."""
    promised = {column.name: column.physical_type for column in contract.columns}
    found: list[Finding] = []
    for name, kind in promised.items():
        if name not in physical:
            found.append(Finding("column_missing", name, f"the contract promises {kind}"))
        elif physical[name] != kind:
            message = f"the contract says {kind}, the table has {physical[name]}"
            found.append(Finding("column_type", name, message))
    for name, kind in physical.items():
        if name not in promised:
            found.append(Finding("column_undeclared", name, f"the contract has no such {kind}"))
    return found or _order_findings(list(promised), list(physical))


def nullability_warnings(contract: Contract, nullable: Collection[str]) -> list[Finding]:
    """Required columns that the table itself would let be null. A warning: the check of the rows
    decides for this version, a NOT NULL constraint would already stop the next bad build."""
    return [
        Finding("column_nullable", column.name, "required, but the table allows null")
        for column in contract.columns
        if column.required and column.name in nullable
    ]


def _order_findings(promised: list[str], physical: list[str]) -> list[Finding]:
    if promised == physical:
        return []
    first = next(i for i, (a, b) in enumerate(zip(promised, physical, strict=True)) if a != b)
    message = f"column {first + 1} should be {promised[first]}, the table has {physical[first]}"
    return [Finding("column_order", promised[first], message)]
