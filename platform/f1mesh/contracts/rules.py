"""Which rules of a contract this platform runs.

A rule that was not run did not hold, so whatever is declared and cannot be run is a problem of the
contract, at its line.

Kinds, thresholds and options are those of ODCS (quality, logicalTypeOptions, slaProperties).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from f1mesh.contracts.relationships import reference_problems
from f1mesh.contracts.rule_sql import NotAQuery, spelled_out, tables_of
from f1mesh.document import Document, Place, Problem

SINGLE = (
    "mustBe", "mustNotBe", "mustBeGreaterThan", "mustBeGreaterOrEqualTo", "mustBeLessThan",
    "mustBeLessOrEqualTo",
)  # fmt: skip
PAIRS = ("mustBeBetween", "mustNotBeBetween")
THRESHOLDS = (*SINGLE, *PAIRS)
TEXTS = (
    "id", "name", "description", "type", "dimension", "severity", "businessImpact", "method",
    "tags", "customProperties", "authoritativeDefinitions",
)  # fmt: skip
METRICS = {  # where each means something, and its arguments
    "rowCount": (("table",), ()),
    "duplicateValues": (("table", "column"), ("properties",)),
    "nullValues": (("column",), ()),
    "missingValues": (("column",), ("missingValues",)),
    "invalidValues": (("column",), ("validValues", "pattern")),
}
SHARES = ("nullValues", "missingValues", "invalidValues")  # a share of rows has a meaning
UNITS = ("rows", "percent")
OPTIONS = (
    "minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "minLength", "maxLength",
    "pattern", "minItems", "maxItems", "uniqueItems",
)  # fmt: skip
VOLUME = "minimumPercentOfPublishedRows"
VOLUME_NOT_HELD = "volumeNotHeld"
SERVICE_LEVELS = ("freshness", "frequency")  # measured; said of the schedule, for people
NOT_RUN = "is not run by this platform"


def rule_problems(document: Document, table: dict[str, Any]) -> Iterator[Problem]:
    """Every declared rule that would not be run as it is written, in file order."""
    place: Place = ("schema", 0)
    yield from reference_problems(document)
    yield from _qualities(document, place, table, "table")
    yield from _volume(document, place, table)
    for index, column in enumerate(_list(table.get("properties"))):
        if isinstance(column, dict):
            yield from _of_column(document, (*place, "properties", index), column)


def sql_rules(document: Document) -> Iterator[tuple[Place, str]]:
    """The queries of a contract's rules in SQL, with their places."""
    for table_index, table in enumerate(_list(document.content.get("schema"))):
        place: Place = ("schema", table_index)
        columns = _list(table.get("properties")) if isinstance(table, dict) else []
        owners = [(place, table), *(((*place, "properties", i), c) for i, c in enumerate(columns))]
        for at, owner in owners:
            rules = _list(owner.get("quality")) if isinstance(owner, dict) else []
            for index, rule in enumerate(rules):
                query = rule.get("query") if isinstance(rule, dict) else None
                if isinstance(query, str) and query.strip():
                    yield (*at, "quality", index), query


def query_problems(document: Document) -> Iterator[Problem]:
    """The queries that are none."""
    for place, query in sql_rules(document):
        try:
            tables_of(spelled_out(query, "checked", "column"))
        except NotAQuery as error:
            yield document.problem((*place, "query"), str(error))


def service_problems(document: Document) -> Iterator[Problem]:
    """Service levels that nothing measures, and a freshness that is said twice."""
    seen = 0
    for index, entry in enumerate(_list(document.content.get("slaProperties"))):
        place = ("slaProperties", index)
        name = entry.get("property") if isinstance(entry, dict) else None
        if name not in SERVICE_LEVELS:
            yield document.problem((*place, "property"), f"'{name}' {NOT_RUN}: leave it out")
        seen += name == "freshness"
        if name == "freshness" and seen > 1:
            yield document.problem(place, "freshness is declared twice: remove one")


def _of_column(document: Document, at: Place, column: dict[str, Any]) -> Iterator[Problem]:
    if "enum" in column:
        message = f"{NOT_RUN}: state it as a rule (metric: invalidValues, validValues: [...])"
        yield document.problem((*at, "enum"), message)
    options = column.get("logicalTypeOptions")
    if options is not None and not isinstance(options, dict):
        yield document.problem((*at, "logicalTypeOptions"), "is not a mapping: give its keys")
    for name in options if isinstance(options, dict) else ():
        if name not in OPTIONS:
            message = f"{NOT_RUN}; it runs {', '.join(OPTIONS)}"
            yield document.problem((*at, "logicalTypeOptions", name), message)
    yield from _qualities(document, at, column, "column")
    for key in ("items", "properties"):
        if key in column and _holds_rules(column[key]):
            yield document.problem((*at, key), f"a rule on fields of a column {NOT_RUN}")


def minimum_volume(table: dict[str, Any]) -> float | None:
    """The share (percent) of the rows that consumers see which a new version must have at least."""
    value = _property(table, VOLUME)
    return float(value) if _number(value) else None


def _volume(document: Document, at: Place, table: dict[str, Any]) -> Iterator[Problem]:
    """No rule on the rows themselves sees that half of them are gone."""
    place = (*at, "customProperties")
    value = _property(table, VOLUME)
    if value is None and not _property(table, VOLUME_NOT_HELD):
        message = (
            "nothing holds its volume against what is published: add {property: "
            f"{VOLUME}, value: 90}}, or {{property: {VOLUME_NOT_HELD}, value: <the reason>}}"
        )
        yield document.problem(place, message)
    elif value is not None and not (_number(value) and 0 <= value <= 100):
        yield document.problem(place, f"{VOLUME} is a percentage from 0 to 100, not '{value}'")


def _property(table: dict[str, Any], name: str) -> Any:
    """The value of a custom property of a table; None if it has none."""
    for entry in _list(table.get("customProperties")):
        if isinstance(entry, dict) and entry.get("property") == name:
            return entry.get("value")
    return None


def _holds_rules(node: Any) -> bool:
    if isinstance(node, dict):
        return any(
            key in ("quality", "logicalTypeOptions", "required", "unique") or _holds_rules(value)
            for key, value in node.items()
        )
    return any(map(_holds_rules, node)) if isinstance(node, list) else False


def _qualities(
    document: Document, at: Place, owner: dict[str, Any], level: str
) -> Iterator[Problem]:
    if owner.get("quality") is not None and not isinstance(owner["quality"], list):
        yield document.problem((*at, "quality"), "is not a list of rules: write one")
    for index, rule in enumerate(_list(owner.get("quality"))):
        place = (*at, "quality", index)
        if not isinstance(rule, dict):
            yield document.problem(place, "is not a mapping: give its keys")
            continue
        kind = rule.get("type") or "library"
        match kind:
            case "sql":
                yield from _sql(document, place, rule)
            case "library":
                yield from _library(document, place, rule, level)
            case _:
                message = f"a rule of type '{kind}' {NOT_RUN}; it runs sql and library"
                yield document.problem((*place, "type"), message)


def _sql(document: Document, at: Place, rule: dict[str, Any]) -> Iterator[Problem]:
    yield from _keys(document, at, rule, ("query", "unit"))
    if not isinstance(rule.get("query"), str) or not rule["query"].strip():
        yield document.problem((*at, "query"), "is missing: add it")
    if rule.get("unit") not in (None, "rows"):
        message = f"'{rule['unit']}' has no meaning for SQL: let the query compute it"
        yield document.problem((*at, "unit"), message)
    yield from _threshold(document, at, rule)


def _library(document: Document, at: Place, rule: dict[str, Any], level: str) -> Iterator[Problem]:
    yield from _keys(document, at, rule, ("metric", "unit", "arguments"))
    metric = rule.get("metric")
    if not isinstance(metric, str) or metric not in METRICS:
        message = f"'{metric}' {NOT_RUN}; it runs {', '.join(METRICS)}"
        yield document.problem((*at, "metric"), message)
        return
    levels, arguments = METRICS[metric]
    if level not in levels:
        yield document.problem((*at, "metric"), f"'{metric}' is a rule of a {levels[0]}")
    yield from _arguments(document, at, rule, metric, arguments)
    unit = rule.get("unit")
    if unit is not None and unit not in UNITS:
        yield document.problem((*at, "unit"), f"'{unit}' is neither {' nor '.join(UNITS)}")
    if unit == "percent" and metric not in SHARES:
        yield document.problem((*at, "unit"), f"percent is for {', '.join(SHARES)}")
    yield from _threshold(document, at, rule)


def _arguments(
    document: Document, at: Place, rule: dict[str, Any], metric: str, known: tuple[str, ...]
) -> Iterator[Problem]:
    given = rule.get("arguments") or {}
    if not isinstance(given, dict):
        yield document.problem((*at, "arguments"), "is not a mapping: give its keys")
        return
    for name in given:
        if name not in known:
            place = (*at, "arguments", name)
            yield document.problem(place, f"'{metric}' has {' and '.join(known) or 'none'}")
    if metric == "invalidValues" and not given:
        yield document.problem((*at, "arguments"), "needs validValues or pattern")


def _keys(
    document: Document, at: Place, rule: dict[str, Any], own: tuple[str, ...]
) -> Iterator[Problem]:
    for key in rule:
        if key not in (*TEXTS, *own, *THRESHOLDS):
            message = f"unknown here; thresholds are {', '.join(THRESHOLDS)}"
            yield document.problem((*at, key), message)


def _threshold(document: Document, at: Place, rule: dict[str, Any]) -> Iterator[Problem]:
    given = [name for name in THRESHOLDS if name in rule]
    if len(given) != 1:
        found = " and ".join(given) or "none"
        yield document.problem(at, f"needs one threshold ({', '.join(THRESHOLDS)}), has {found}")
        return
    (name,) = given
    value = rule[name]
    if name in SINGLE and not _number(value):
        yield document.problem((*at, name), f"'{value}' is no number")
    if name in PAIRS and not _range(value):
        yield document.problem((*at, name), f"'{value}' is no pair of numbers, the lower one first")


def _number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _range(value: Any) -> bool:
    pair = isinstance(value, list) and len(value) == 2 and all(map(_number, value))
    return pair and value[0] <= value[1]


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []
