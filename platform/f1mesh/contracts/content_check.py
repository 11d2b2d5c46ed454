"""The rows of one table version against the rules of its contract, by datacontract-cli.

The rows come through the standard client and are tested as a local DuckDB database (server type
`duckdb`: opened as it is, no extension, no network), so a product is held to its contract in the
same way on Databricks and embedded. Types, column order and freshness are checked elsewhere.
"""

from __future__ import annotations

import logging
import re
from collections import Counter
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from f1mesh.contracts.document import read_document
from f1mesh.contracts.examples import Examples
from f1mesh.contracts.model import Contract
from f1mesh.contracts.report import Finding

if TYPE_CHECKING:
    import pyarrow as pa
    from datacontract.model.run import Check, Run
    from open_data_contract_standard.model import DataQuality, OpenDataContractStandard

_PLACEHOLDER = re.compile(r"[\"'`]?\$?\{(table|model|object|column|field|property)\}[\"'`]?")
_OF_TABLE = ("table", "model", "object")
_SCHEMA_CHECKS = ("field_is_present", "field_type", "field_physical_type")


@dataclass(frozen=True)
class ContentResult:
    """How many rules were tried on the rows, and which do not hold."""

    checks: int
    broken: tuple[Finding, ...]
    warnings: tuple[Finding, ...]


def check_content(contract: Contract, rows: pa.Table, missing: Collection[str]) -> ContentResult:
    """Test every rule; `missing` are promised columns that the table lacks (already reported).

    A check that errors or has no result is broken: what could not be tested is not published.
    """
    with TemporaryDirectory(prefix="f1-contract-") as folder:
        run, declared = _run(contract, rows, Path(folder))
    checks = [
        check
        for check in run.checks or ()
        if check.type not in _SCHEMA_CHECKS and (check.field or "").lower() not in missing
    ]
    passed = [check for check in checks if check.result == "passed"]
    warned = [check for check in checks if check.result in ("warning", "info")]
    failed = [check for check in checks if check not in passed and check not in warned]
    with Examples(contract, rows) as examples:
        return ContentResult(
            checks=len(checks),
            broken=(
                *(_finding(check, examples) for check in failed),
                *_without_verdict(declared, run),
            ),
            warnings=tuple(_finding(check, examples) for check in warned),
        )


def _run(contract: Contract, rows: pa.Table, folder: Path) -> tuple[Run, Counter[str]]:
    """What came of the rules, and how often each is declared."""
    import duckdb
    from datacontract.config import Config
    from datacontract.data_contract import DataContract

    logging.getLogger("datacontract").addHandler(logging.NullHandler())  # its logs are in the run
    database = folder / "product.duckdb"
    with duckdb.connect(str(database)) as connection:
        connection.register("arrow_rows", rows)
        connection.execute(f'create table "{contract.product}" as select * from arrow_rows')
    standard, declared = _as_tested(contract, database)
    run = DataContract(
        data_contract=standard,
        inline_references=False,
        config=Config.model_construct(duckdb_database=str(database), duckdb_schema=None),
    ).test()
    return run, declared


def _as_tested(contract: Contract, database: Path) -> tuple[OpenDataContractStandard, Counter[str]]:
    """The contract with the copy of the rows as its server and its SQL in DuckDB's dialect; the
    names of its quality rules."""
    from open_data_contract_standard.model import OpenDataContractStandard, Server

    content = read_document(contract.path).content
    standard = OpenDataContractStandard.model_validate(content)
    standard.servers = [Server(server="copy", type="duckdb", database=str(database))]
    standard.slaProperties = None
    declared: Counter[str] = Counter()
    for table in standard.schema_ or ():
        for owner in (table, *(table.properties or ())):
            column = None if owner is table else owner.name
            for rule in owner.quality or ():
                rule.id = rule.id or rule.name or f"{column or contract.product}.{len(declared)}"
                declared[rule.id] += 1
                _prepare(rule, contract.product, column)
    return standard, declared


def _prepare(rule: DataQuality, table: str, column: str | None) -> None:
    """A rule's SQL is that of the warehouse; what does not parse is left for the check to complain
    about."""
    import sqlglot

    if rule.type != "sql" or not rule.query:
        return
    names = {name: table for name in _OF_TABLE}
    plain = _PLACEHOLDER.sub(lambda found: names.get(found[1], column or table), rule.query)
    try:
        rule.query = ";".join(sqlglot.transpile(plain, read="databricks", write="duckdb"))
    except sqlglot.errors.SqlglotError:
        rule.query = plain


def _finding(check: Check, examples: Examples) -> Finding:
    diagnostics: dict[str, Any] = check.diagnostics or {}
    value = diagnostics.get("value")
    rule_id = check.qualityId or check.type
    name = check.name or check.type
    reason = check.reason or f"{check.result or 'no result'}"
    return Finding(
        rule=rule_id,
        column=check.field,
        message=f"{name}: {reason}",
        count=value if isinstance(value, int) else None,
        example=examples.of(check),
    )


def _without_verdict(declared: Counter[str], run: Run) -> Iterator[Finding]:
    """As many verdicts as rules: one that was not run did not hold."""
    said = "; ".join(log.message for log in run.logs or () if log.level == "ERROR")
    if not run.checks:
        yield Finding("nothing_checked", None, said or "datacontract-cli ran no check")
        return
    judged = Counter(check.qualityId for check in run.checks if check.qualityId)
    for rule, times in declared.items():
        if judged[rule] < times:
            yield Finding(rule, None, f"the rule was not run{': ' + said if said else ''}")
