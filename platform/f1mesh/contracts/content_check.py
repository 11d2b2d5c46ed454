"""The rows of one table version against the rules of its contract, measured by the warehouse.

Rules are run where the rows are and in the dialect that consumers use, so that a product is held to
its contract in the same way on Databricks and embedded, and no row is copied. Types, column order
and freshness are checked elsewhere.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from f1mesh.causes import is_transient
from f1mesh.client import query
from f1mesh.contracts.measures import Number, Rule, rules_of
from f1mesh.contracts.model import Contract
from f1mesh.contracts.report import Finding, Row, Verdict
from f1mesh.contracts.table_version import TableVersion
from f1mesh.schemas import Schemas
from f1mesh.sql_text import columns, quoted

if TYPE_CHECKING:
    from databricks.sql.client import Connection

MASKED = "***"


@dataclass(frozen=True)
class ContentResult:
    """How many rows there are, what came of each rule, and which do not hold."""

    rows: int
    verdicts: tuple[Verdict, ...]
    broken: tuple[Finding, ...]
    warnings: tuple[Finding, ...]


def check_content(
    connection: Connection,
    contract: Contract,
    at: TableVersion,
    schemas: Schemas,
    missing: Collection[str] = (),
    published_rows: int | None = None,
) -> ContentResult:
    """Measure every rule; `missing` are promised columns that the table lacks (already reported),
    `published_rows` is how many rows consumers see now (None: there is nothing to compare with).

    As many verdicts as rules: one that cannot be measured does not hold, and says why. Raises what
    the client raises when the warehouse is lost.
    """
    rules = [rule for rule in rules_of(contract, at, schemas) if (rule.column or "") not in missing]
    rows, measured = _measure_all(connection, at, rules)
    wholes = {"rows": rows, "published": published_rows}
    verdicts: list[Verdict] = []
    broken: list[Finding] = []
    warnings: list[Finding] = []
    for rule, value in zip(rules, measured, strict=True):
        verdict = _judge(rule, value, wholes)
        verdicts.append(verdict)
        if verdict.result == "holds":
            continue
        example = _example(connection, contract, at, rule, value)
        found = _finding(rule, verdict, value, example)
        (broken if verdict.result == "broken" else warnings).append(found)
    return ContentResult(rows, tuple(verdicts), tuple(broken), tuple(warnings))


def any_row(connection: Connection, contract: Contract, at: TableVersion) -> Row | None:
    """The first row in column order; None if there is none."""
    return _first(connection, contract, at, f"select * from {at}")


Measured = Number | str  # a number, or in words why there is none


def _measure_all(
    connection: Connection, at: TableVersion, rules: Sequence[Rule]
) -> tuple[int, list[Measured]]:
    """The number of rows, and the number of each rule; rules that count rows share one reading."""
    counts = [rule.measure.count for rule in rules if rule.measure.count]
    listed = ", ".join(f"{count} as m{index}" for index, count in enumerate(["count(*)", *counts]))
    together = _answer(connection, f"select {listed} from {at}")
    if isinstance(together, str):  # each by itself tells which it is that cannot be measured
        return _readable_rows(connection, at), [_alone(connection, rule) for rule in rules]
    found = iter(together[1:])
    measured = [
        _number([next(found)]) if rule.measure.count else _alone(connection, rule) for rule in rules
    ]
    return int(together[0]), measured


def _readable_rows(connection: Connection, at: TableVersion) -> int:
    """How many rows there are; raises what the client raises if their files cannot be read."""
    column = next(iter(at.physical_columns(connection)))
    found = query(
        connection, f"select count(*) as n, count_if({quoted(column)} is null) as e from {at}"
    )
    return int(found.column("n")[0].as_py())


def _alone(connection: Connection, rule: Rule) -> Measured:
    return rule.measure.why_not or _number(_answer(connection, rule.measure.query))


def _answer(connection: Connection, statement: str) -> list[Any] | str:
    """The one row that a query gives, or in words why there is none."""
    from databricks.sql.exc import DatabaseError

    try:
        table = query(connection, statement)
    except DatabaseError as error:
        if is_transient(error):
            raise  # the warehouse is lost: that says nothing of the rule
        return f"it could not be run: {str(error).strip() or type(error).__name__}"
    if table.num_rows != 1:
        return f"it gave {table.num_rows} rows instead of one number"
    return [column[0].as_py() for column in table.columns]


def _number(answer: list[Any] | str) -> Measured:
    if isinstance(answer, str):
        return answer
    if len(answer) != 1:
        return f"it gave {len(answer)} columns instead of one number"
    (value,) = answer
    if isinstance(value, bool) or not isinstance(value, int | float | Decimal):
        return f"it gave {value!r} instead of a number"
    number: Number = value
    return number


def _judge(rule: Rule, value: Measured, wholes: Mapping[str, int | None]) -> Verdict:
    name = rule.name if rule.says == rule.name else f"{rule.name}: {rule.says}"
    if isinstance(value, str):
        return Verdict(name, rule.column, "broken")
    number: Number = value
    if rule.share_of:
        whole = wholes[rule.share_of]
        if not whole and rule.share_of == "published":  # nothing that it could be held against
            return Verdict(name, rule.column, "holds")
        number = 100 * float(value) / whole if whole else 0.0
    broken = "broken" if rule.blocks else "warns"
    result = "holds" if rule.threshold.holds(number) else broken
    return Verdict(name, rule.column, result, float(number))


def _finding(rule: Rule, verdict: Verdict, value: Measured, example: Row | None) -> Finding:
    if isinstance(value, str):
        return Finding(rule.name, rule.column, f"{rule.says}: {value}")
    unit = {None: "", "rows": " % of the rows", "published": " % of the published rows"}
    seen = f"{verdict.measured:g}{unit[rule.share_of]}"
    return Finding(
        rule=rule.name,
        column=rule.column,
        message=f"{rule.says}: measured {seen}, {rule.threshold}",
        count=int(value) if value == int(value) else None,
        example=example,
    )


def _example(
    connection: Connection, contract: Contract, at: TableVersion, rule: Rule, value: Measured
) -> Row | None:
    """A row that breaks the rule; for a rule that counts no rows, the value it gave."""
    if isinstance(value, str):
        return None
    rows = rule.measure.rows
    found = _first(connection, contract, at, rows) if rows else None
    return found if found or rows else {"value": _plain(value)}


def _first(connection: Connection, contract: Contract, at: TableVersion, rows: str) -> Row | None:
    """The smallest row in column order, so that the same data gives the same example."""
    order = columns(at.physical_columns(connection))
    found = _table(connection, f"select * from ({rows}) as offending order by {order} limit 1")
    hidden = {column.name for column in contract.columns if column.sensitive}
    return next(
        (
            {name: MASKED if name in hidden else _plain(value) for name, value in row.items()}
            for row in found
        ),
        None,
    )


def _table(connection: Connection, statement: str) -> list[Row]:
    from databricks.sql.exc import DatabaseError

    try:
        rows: list[Row] = query(connection, statement).to_pylist()
    except DatabaseError as error:
        if is_transient(error):
            raise
        return []  # the rows cannot be shown: the finding stands without an example
    return rows


def _plain(value: Any) -> Any:
    return json.loads(json.dumps(value, default=str))
