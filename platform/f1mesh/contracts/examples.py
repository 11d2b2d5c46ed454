"""One offending row for a broken rule, found by a query of our own on the rows that were tested."""

from __future__ import annotations

import json
from collections.abc import Iterator
from types import TracebackType
from typing import TYPE_CHECKING, Any

from f1mesh.contracts.model import Contract
from f1mesh.contracts.report import Row

if TYPE_CHECKING:
    import pyarrow as pa
    from datacontract.model.run import Check
    from duckdb import DuckDBPyConnection

MASKED = "***"


class Examples:
    """Answers `of(check)` from the rows of one product; the smallest such row in column order, so
    that the same data gives the same example."""

    def __init__(self, contract: Contract, rows: pa.Table) -> None:
        self._contract = contract
        self._rows = rows
        self._connection: DuckDBPyConnection | None = None

    def __enter__(self) -> Examples:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._connection is not None:
            self._connection.close()

    def of(self, check: Check) -> Row | None:
        """A row that breaks the check; for a rule in SQL that counts no rows, the value it gave."""
        import duckdb

        diagnostics: dict[str, Any] = check.diagnostics or {}
        try:
            query = self._query(check, diagnostics)
            found = self._first(query) if query else None
        except duckdb.Error:
            return None  # the check could not be run on these rows either, and says why
        if found is None and check.type.endswith("quality_sql") and "value" in diagnostics:
            return {"value": _plain(diagnostics["value"])}
        return found

    def any_row(self) -> Row | None:
        """The first row in column order; None if there is none."""
        return self._first(f"select * from {_quote(self._contract.product)}")

    def _query(self, check: Check, diagnostics: dict[str, Any]) -> str | None:
        table = _quote(self._contract.product)
        if check.type.endswith("quality_sql"):
            return _rows_behind_count(check.implementation or "")
        match diagnostics.get("metric"):
            case "missing_count":
                listed = [f"{_quote(check.field)} is null"]
                if values := diagnostics.get("missing_values"):
                    listed.append(_one_of(_quote(check.field), values))
                return f"select * from {table} where {' or '.join(listed)}"
            case "duplicate_count":
                keys = diagnostics.get("columns") or [check.field]
                named = ", ".join(_quote(key) for key in keys)
                filled = " and ".join(f"{_quote(key)} is not null" for key in keys)
                counted = f"count(*) over (partition by {named}) > 1"
                return f"select * from {table} where {filled} qualify {counted}"
            case "invalid_count":
                broken = list(_violations(_quote(check.field), diagnostics.get("constraint") or {}))
                return f"select * from {table} where {' or '.join(broken)}" if broken else None
        return None

    def _connected(self) -> DuckDBPyConnection:
        import duckdb

        if self._connection is None:
            self._connection = duckdb.connect()
            self._connection.register(self._contract.product, self._rows)
        return self._connection

    def _first(self, query: str) -> Row | None:
        cursor = self._connected().execute(f"from ({query}) order by all limit 1")
        names = [column[0] for column in cursor.description or ()]
        row = cursor.fetchone()
        if row is None:
            return None
        hidden = {column.name for column in self._contract.columns if column.sensitive}
        return {
            name: MASKED if name in hidden else _plain(value)
            for name, value in zip(names, row, strict=True)
        }


def _violations(column: str, constraint: dict[str, Any]) -> Iterator[str]:
    text = f"cast({column} as varchar)"
    for rule, bound in constraint.items():
        match rule:
            case "valid_values":
                yield f"({column} is not null and not {_one_of(column, bound)})"
            case "invalid_values":
                yield _one_of(column, bound)
            case "pattern":
                yield f"not regexp_matches({text}, {_literal(bound)})"
            case "minimum":
                yield f"{column} < {_literal(bound)}"
            case "maximum":
                yield f"{column} > {_literal(bound)}"
            case "min_length":
                yield f"length({text}) < {bound}"
            case "max_length":
                yield f"length({text}) > {bound}"


def _rows_behind_count(query: str) -> str | None:
    """`select count(*) from t where bad` -> `select * from t where bad`; None for other shapes."""
    import sqlglot
    from sqlglot import exp

    try:
        parsed = sqlglot.parse_one(query, read="duckdb")
    except sqlglot.errors.SqlglotError:
        return None
    if not isinstance(parsed, exp.Select) or len(parsed.selects) != 1:
        return None
    counted = parsed.selects[0].unalias()
    plain = isinstance(counted, exp.Count) and isinstance(counted.this, exp.Star)
    if not plain or parsed.args.get("group") or parsed.args.get("having"):
        return None
    return parsed.select("*", append=False).sql(dialect="duckdb")


def _one_of(column: str, values: list[Any]) -> str:
    return f"{column} in ({', '.join(_literal(value) for value in values)})"


def _literal(value: Any) -> str:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return "'" + str(value).replace("'", "''") + "'"
    return str(value)


def _quote(name: str | None) -> str:
    return '"' + (name or "").replace('"', '""') + '"'


def _plain(value: Any) -> Any:
    return json.loads(json.dumps(value, default=str))
