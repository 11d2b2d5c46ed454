"""The rules of a contract as what the warehouse measures: a number, and the threshold it must keep.

A *counting* rule is one expression over the rows, so that all of them are answered by one reading
of the table; the others are queries of their own. Kinds, options and thresholds are those of ODCS
3.1 (quality, logicalTypeOptions, required, unique, primaryKey, relationships).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from f1mesh.contracts.model import Contract
from f1mesh.contracts.relationships import Reference, references_of
from f1mesh.contracts.rule_sql import NotAQuery, TableName, rows_behind, spelled_out, with_tables
from f1mesh.contracts.rules import PAIRS, SINGLE, minimum_volume
from f1mesh.contracts.table_version import TableVersion
from f1mesh.schemas import Schemas
from f1mesh.sql_text import columns, quoted, text

_LENIENT = ("info", "warning", "warn", "low", "minor", "trivial")
Number = int | float | Decimal


@dataclass(frozen=True)
class Threshold:
    """One of ODCS' `mustBe...` keys with its bound, or its pair of bounds (both inclusive)."""

    key: str
    bound: Any

    def holds(self, value: Number) -> bool:
        """Whether a measured number keeps it."""
        match self.key:
            case "mustBe":
                return bool(value == self.bound)
            case "mustNotBe":
                return bool(value != self.bound)
            case "mustBeGreaterThan":
                return bool(value > self.bound)
            case "mustBeGreaterOrEqualTo":
                return bool(value >= self.bound)
            case "mustBeLessThan":
                return bool(value < self.bound)
            case "mustBeLessOrEqualTo":
                return bool(value <= self.bound)
        low, high = self.bound
        return bool(low <= value <= high) is (self.key == "mustBeBetween")

    def __str__(self) -> str:
        return f"{self.key} {self.bound}"


NONE = Threshold("mustBe", 0)


@dataclass(frozen=True)
class Measure:
    """How the number is had. `count`: an aggregate over the table's rows, or None; `query`: a query
    that gives the number; `rows`: a query for the rows that it counts, where they can be told;
    `why_not`: why it cannot be measured at all, in words; `reads`: the tables that it asks beside
    the one that is checked, as `schema.table`."""

    count: str | None
    query: str
    rows: str | None = None
    why_not: str | None = None
    reads: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Rule:
    """One rule. `share_of`: the number is a percentage of the `rows` of this version, or of those
    that are `published`. A rule that does not block is only told."""

    name: str
    column: str | None
    says: str
    measure: Measure
    threshold: Threshold = NONE
    share_of: str | None = None
    blocks: bool = True


def rules_of(contract: Contract, at: TableVersion, schemas: Schemas) -> Iterator[Rule]:
    """Every rule on the rows of one version, those of the columns first, in file order."""
    table = contract.document.content["schema"][0]
    keys = [column.name for column in contract.columns if column.primary_key]
    for entry in table["properties"]:
        yield from _of_column(entry, at, sole_key=keys == [entry["name"]])
        for index, quality in enumerate(entry.get("quality") or ()):
            yield _quality(quality, contract, at, schemas, entry, f"{entry['name']}.{index}")
    one = keys[0] if len(keys) == 1 else None
    says = f"the primary key ({', '.join(keys)}) names one row"
    name = "field_primary_key_unique" if one else "primary_key_unique"
    yield Rule(name, one, says, _duplicates(at, keys))
    for index, quality in enumerate(table.get("quality") or ()):
        yield _quality(quality, contract, at, schemas, None, f"{contract.product}.{index}")
    if (least := minimum_volume(table)) is not None:
        says = "most of the rows that consumers see are still there"
        kept = Threshold("mustBeGreaterOrEqualTo", least)
        yield Rule("volume", None, says, _rows(at), kept, share_of="published")
    for reference in references_of(contract.document):
        yield _orphans(reference, at, schemas)


def _of_column(entry: dict[str, Any], at: TableVersion, *, sole_key: bool) -> Iterator[Rule]:
    name = entry["name"]
    column = quoted(name)
    if entry.get("required"):
        says = "there is a value in each row"
        yield Rule("field_required", name, says, _counted(at, f"{column} is null"))
    if entry.get("unique") and not sole_key:
        yield Rule("field_unique", name, "no value comes twice", _duplicates(at, [name]))
    for option, bound in (entry.get("logicalTypeOptions") or {}).items():
        bad = _breaks(option, bound, column, str(entry.get("logicalType") or ""))
        if bad:
            yield Rule(f"field_{_snake(option)}", name, f"{option} {bound}", _counted(at, bad))


def _quality(
    quality: dict[str, Any],
    contract: Contract,
    at: TableVersion,
    schemas: Schemas,
    entry: dict[str, Any] | None,
    fallback: str,
) -> Rule:
    column = entry["name"] if entry else None
    name = quality.get("id") or quality.get("name") or fallback
    if quality.get("type") == "sql":
        measure = _sql(quality["query"], contract, at, schemas, column)
    else:
        measure = _library(quality, at, entry)
    key = next(key for key in (*SINGLE, *PAIRS) if key in quality)
    percent = quality.get("unit") == "percent"
    said = quality.get("description") or quality.get("name") or quality.get("metric") or name
    return Rule(
        name=name,
        column=column,
        says=" ".join(str(said).split()),
        measure=measure,
        threshold=Threshold(key, quality[key]),
        share_of="rows" if percent else None,
        blocks=str(quality.get("severity") or "").lower() not in _LENIENT,
    )


def _library(quality: dict[str, Any], at: TableVersion, entry: dict[str, Any] | None) -> Measure:
    arguments = quality.get("arguments") or {}
    kind = str(entry.get("logicalType") or "") if entry else ""
    column = quoted(entry["name"]) if entry else ""
    match quality["metric"]:
        case "rowCount":
            return _rows(at)
        case "duplicateValues":
            own = [entry["name"]] if entry else []
            return _duplicates(at, arguments.get("properties") or own)
        case "nullValues":
            return _counted(at, f"{column} is null")
        case "missingValues":
            given = _one_of(column, arguments.get("missingValues") or (), kind)
            return _counted(at, f"({column} is null or {given})")
    broken = []
    if "validValues" in arguments:
        broken.append(f"not {_one_of(column, arguments['validValues'], kind)}")
    if "pattern" in arguments:
        broken.append(f"not {_matches(column, arguments['pattern'])}")
    return _counted(at, f"{column} is not null and ({' or '.join(broken)})")


def _sql(
    query: str, contract: Contract, at: TableVersion, schemas: Schemas, column: str | None
) -> Measure:
    """The contract's own query: on the checked version, and on what others have published."""

    beside: set[str] = set()

    def place(table: TableName) -> str:
        own = table.name == contract.product and table.schema in (None, contract.domain)
        if own and len(table.parts) < 3:
            return str(at)
        schema = schemas.published(table.schema or contract.domain)
        beside.add(f"{schema}.{table.name}")
        return f"{schemas.catalog}.{quoted(schema)}.{quoted(table.name)}"

    try:
        placed = with_tables(spelled_out(query, contract.product, column), place)
    except NotAQuery as error:
        return Measure(None, query, why_not=f"the query {error}")
    return Measure(None, placed, rows_behind(placed), reads=frozenset(beside))


def _counted(at: TableVersion, condition: str) -> Measure:
    """The rows for which a condition is true."""
    return Measure(
        count=f"count_if({condition})",
        query=f"select count_if({condition}) from {at}",
        rows=f"select * from {at} where {condition}",
    )


def _rows(at: TableVersion) -> Measure:
    return Measure("count(*)", f"select count(*) from {at}")


def _duplicates(at: TableVersion, names: list[str]) -> Measure:
    """The values (of several columns together) that stand in more than one row. As with UNIQUE in
    SQL, a null is not equal to a null."""
    keys = columns(names)
    filled = " and ".join(f"{quoted(name)} is not null" for name in names)
    doubled = f"select {keys} from {at} where {filled} group by {keys} having count(*) > 1"
    same = " and ".join(f"doubled.{quoted(name)} = checked.{quoted(name)}" for name in names)
    return Measure(
        count=None,
        query=f"select count(*) from ({doubled}) as doubled",
        rows=f"select checked.* from {_aliased(at)} left semi join ({doubled}) doubled on {same}",
    )


def _orphans(reference: Reference, at: TableVersion, schemas: Schemas) -> Rule:
    """Rows that name a row of another product which is not there."""
    pairs = list(zip(reference.columns, reference.target_columns, strict=True))
    same = " and ".join(f"checked.{quoted(own)} = target.{quoted(to)}" for own, to in pairs)
    filled = " and ".join(f"checked.{quoted(own)} is not null" for own, _ in pairs)
    other = str(at) if reference.own_table else reference.table(schemas)
    orphans = f"from {_aliased(at)} left anti join {other} as target on {same} where {filled}"
    one = reference.columns[0] if len(reference.columns) == 1 else None
    says = f"{', '.join(reference.columns)} is in {reference}"
    reads = () if reference.own_table else (other.partition(".")[2],)
    measure = Measure(
        None,
        f"select count(*) {orphans}",
        f"select checked.* {orphans}",
        reads=frozenset(reads),
    )
    return Rule("relationship", one, says, measure)


def _breaks(option: str, bound: Any, column: str, kind: str) -> str | None:
    """The condition of a row that breaks an option of a column; null breaks none."""
    length = f"length(cast({column} as string))"
    match option:
        case "minimum":
            return f"{column} < {_literal(bound, kind)}"
        case "maximum":
            return f"{column} > {_literal(bound, kind)}"
        case "exclusiveMinimum":
            return f"{column} <= {_literal(bound, kind)}"
        case "exclusiveMaximum":
            return f"{column} >= {_literal(bound, kind)}"
        case "minLength":
            return f"{length} < {bound}"
        case "maxLength":
            return f"{length} > {bound}"
        case "pattern":
            return f"not {_matches(column, bound)}"
        case "minItems":
            return f"{column} is not null and size({column}) < {bound}"  # of null it may be -1
        case "maxItems":
            return f"size({column}) > {bound}"
        case "uniqueItems":
            return f"size(array_distinct({column})) <> size({column})" if bound else None
    raise ValueError(option)  # the lint lets through those above only


def _matches(column: str, pattern: str) -> str:
    return f"cast({column} as string) rlike {text(pattern)}"


def _one_of(column: str, values: Any, kind: str) -> str:
    listed = ", ".join(_literal(value, kind) for value in values)
    return f"{column} in ({listed})" if listed else "false"


def _literal(value: Any, kind: str) -> str:
    """A value of a contract as the column's kind (ODCS' logical type) has it."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return str(value) if kind in ("integer", "number", "") else text(str(value))
    said = value.isoformat(sep=" ") if isinstance(value, datetime) else str(value)
    if kind in ("date", "timestamp") or isinstance(value, date):
        return f"{'timestamp' if kind == 'timestamp' else 'date'}{text(said)}"
    return said if kind in ("integer", "number") else text(said)


def _aliased(at: TableVersion) -> str:
    return f"(select * from {at}) as checked"


def _snake(option: str) -> str:
    return "".join(f"_{letter.lower()}" if letter.isupper() else letter for letter in option)
