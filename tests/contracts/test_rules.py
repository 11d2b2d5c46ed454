"""As many verdicts as rules: what is not run is a problem at its line, and nothing is dropped."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
import yaml

from f1mesh.contracts.content_check import ContentResult
from f1mesh.contracts.lint import governance_problems
from f1mesh.contracts.model import load_contract
from f1mesh.contracts.rules import OPTIONS
from f1mesh.document import read_document
from f1mesh.errors import PermanentError

CONTRACT = Path(__file__).parent / "garage" / "dim_car.odcs.yaml"
Cars = Callable[..., pa.Table]
Check = Callable[..., ContentResult]
Rule = dict[str, Any]
SQL = {"type": "sql", "query": "select count(*) from ${table} where wheels < 4"}
NULLS = {"metric": "nullValues", "mustBe": 0}


@pytest.fixture
def with_rules(tmp_path: Path) -> Callable[..., Path]:
    """The contract with other rules: of the table, or of the column `wheels`."""

    def write(*rules: Rule, column: bool = False, **keys: Any) -> Path:
        content = yaml.safe_load(CONTRACT.read_text())
        table = content["schema"][0]
        for entry in (table, *table["properties"]):
            entry.pop("quality", None)
            entry.pop("logicalTypeOptions", None)
        table["customProperties"] = [{"property": "volumeNotHeld", "value": "a test"}]
        owner = next(p for p in table["properties"] if p["name"] == "wheels") if column else table
        owner.update({"quality": list(rules)} if rules else {}, **keys)
        path = tmp_path / CONTRACT.name
        path.write_text(yaml.safe_dump(content, sort_keys=False))
        return path

    return write


@pytest.mark.parametrize(
    ("rule", "column", "key", "message"),
    [
        ({**SQL, "unit": "percent", "mustBeLessOrEqualTo": 1}, False, "unit", "no meaning for SQL"),
        ({**SQL, "mustBeLesOrEqualTo": 1}, False, "mustBeLesOrEqualTo", "unknown"),
        (SQL, False, "quality[0]", "needs one threshold"),
        ({**SQL, "mustBe": 0, "mustNotBe": 1}, False, "quality[0]", "has mustBe and mustNotBe"),
        ({**SQL, "mustBe": "none"}, False, "mustBe", "no number"),
        ({**SQL, "mustBe": True}, False, "mustBe", "no number"),
        ({**SQL, "mustBeBetween": [1]}, False, "mustBeBetween", "no pair"),
        ({**SQL, "mustBeBetween": [5, 1]}, False, "mustBeBetween", "no pair"),
        ({**SQL, "mustNotBeBetween": 3}, False, "mustNotBeBetween", "no pair"),
        ({"type": "sql", "mustBe": 0}, False, "query", "is missing"),
        ({**SQL, "mustBe": 0, "schedule": "0 1 * * *"}, False, "schedule", "unknown"),
        ({"type": "text", "description": "Wheels are round."}, False, "type", "not run"),
        ({"type": "custom", "engine": "soda", "implementation": "x"}, False, "type", "not run"),
        ({"metric": "nullvalues", "mustBe": 0}, True, "metric", "not run"),
        ({"metric": "freshness", "mustBe": 0}, True, "metric", "not run"),
        ({"rule": "nullCheck", "mustBe": 0}, True, "metric", "not run"),
        (NULLS, False, "metric", "is a rule of a column"),
        ({"metric": "rowCount", "mustBe": 2}, True, "metric", "is a rule of a table"),
        ({**NULLS, "unit": "promille"}, True, "unit", "neither rows nor percent"),
        ({"metric": "duplicateValues", "unit": "percent", "mustBe": 0}, True, "unit", "percent"),
        ({**NULLS, "arguments": {"validValues": [1]}}, True, "validValues", "has none"),
        ({"metric": "invalidValues", "mustBe": 0}, True, "arguments", "needs validValues"),
        ("wheels are round", True, "quality[0]", "is not a mapping"),
    ],
)
def test_a_rule_that_would_not_be_run_is_a_problem_at_its_line(
    with_rules: Callable[..., Path], rule: Any, column: bool, key: str, message: str
) -> None:
    path = with_rules(rule, column=column)

    problems = governance_problems(read_document(path))

    hits = [p for p in problems if p.key.endswith(key) and message in p.message]
    assert hits, [str(problem) for problem in problems]
    assert path.read_text().splitlines()[hits[0].line - 1].strip()
    with pytest.raises(PermanentError):
        load_contract(path)


@pytest.mark.parametrize(
    ("keys", "key"),
    [
        ({"logicalTypeOptions": {"multipleOf": 2}}, "multipleOf"),
        ({"logicalTypeOptions": {"minimun": 2}}, "minimun"),
        ({"logicalTypeOptions": [1]}, "logicalTypeOptions"),
        ({"quality": {"metric": "nullValues"}}, "quality"),
        ({"relationships": [{"to": "dim_team.team_id"}]}, "relationships[0]"),
        ({"items": {"logicalType": "string", "quality": [NULLS]}}, "items"),
    ],
)
def test_an_option_that_would_not_be_run_is_a_problem(
    with_rules: Callable[..., Path], keys: dict[str, Any], key: str
) -> None:
    problems = governance_problems(read_document(with_rules(column=True, **keys)))

    assert [p for p in problems if p.key.endswith(key)], [str(problem) for problem in problems]


@pytest.mark.parametrize(
    ("unit", "hours"),
    [("h", 26), ("hours", 26), ("d", 624), ("days", 624), ("min", 26 / 60), (None, 624)],
)
def test_units_of_freshness_are_read_by_name(
    tmp_path: Path, unit: str | None, hours: float
) -> None:
    assert load_contract(_fresh(tmp_path, unit)).freshness_hours == pytest.approx(hours)


@pytest.mark.parametrize("unit", ["months", "milliseconds", "decades", "hz", "dozen", "y"])
def test_a_unit_of_freshness_that_is_not_known_is_refused(tmp_path: Path, unit: str) -> None:
    with pytest.raises(PermanentError, match="freshness"):
        load_contract(_fresh(tmp_path, unit))


@pytest.mark.parametrize("extra", ["latency", "retention", "availability", "freshnes", "freshness"])
def test_a_service_level_that_nothing_measures_is_a_problem(tmp_path: Path, extra: str) -> None:
    path = _fresh(tmp_path, "h", {"property": extra, "value": 1, "unit": "d"})

    problems = governance_problems(read_document(path))

    assert [p.line for p in problems if p.key.startswith("slaProperties[1]")]


DUPLICATES: Rule = {"metric": "duplicateValues", "mustBe": 0}
KEPT_AND_BROKEN = [  # rule, of the column `wheels`?, does it hold for wheels 4, 4, 6 and one null
    ({**SQL, "mustBe": 0}, False, True),
    ({**SQL, "mustNotBe": 0}, False, False),
    ({**SQL, "mustBeGreaterThan": 0}, False, False),
    ({**SQL, "mustBeGreaterOrEqualTo": 0}, False, True),
    ({**SQL, "mustBeLessThan": 0}, False, False),
    ({**SQL, "mustBeLessOrEqualTo": 0}, False, True),
    ({**SQL, "mustBeBetween": [0, 1]}, False, True),
    ({**SQL, "mustBeBetween": [1, 2]}, False, False),
    ({**SQL, "mustNotBeBetween": [1, 2]}, False, True),
    ({**SQL, "mustNotBeBetween": [0, 1]}, False, False),
    ({**SQL, "mustBe": 0, "unit": "rows"}, False, True),
    ({"metric": "rowCount", "mustBe": 4}, False, True),
    ({"metric": "rowCount", "mustBe": 5}, False, False),
    ({**DUPLICATES, "arguments": {"properties": ["car_id"]}}, False, True),
    ({**DUPLICATES, "arguments": {"properties": ["wheels"]}}, False, False),
    (DUPLICATES, True, False),
    (NULLS, True, False),
    ({**NULLS, "mustBe": 1}, True, True),
    ({"metric": "nullValues", "unit": "percent", "mustBe": 25}, True, True),
    ({"metric": "nullValues", "unit": "percent", "mustBeLessThan": 25}, True, False),
    ({"metric": "missingValues", "mustBe": 2, "arguments": {"missingValues": [6]}}, True, True),
    ({"metric": "missingValues", "mustBe": 1, "arguments": {"missingValues": [6]}}, True, False),
    ({"metric": "invalidValues", "mustBe": 0, "arguments": {"validValues": [4, 6]}}, True, True),
    ({"metric": "invalidValues", "mustBe": 0, "arguments": {"validValues": [4]}}, True, False),
]  # fmt: skip


@pytest.mark.parametrize(("rule", "column", "holds"), KEPT_AND_BROKEN)
def test_every_kind_of_rule_and_threshold_gives_its_verdict(
    with_rules: Callable[..., Path], cars: Cars, check: Check, rule: Rule, column: bool, holds: bool
) -> None:
    contract = load_contract(with_rules({**rule, "name": "the_rule"}, column=column))
    rows = cars({"car_id": "c3", "wheels": 6}, {"car_id": "c4", "wheels": None})

    result = check(contract, rows)

    broken = {finding.rule for finding in result.broken} - {"field_required"}
    assert broken == (set() if holds else {"the_rule"}), [str(f) for f in result.broken]


OPTION_CASES = {  # of a column: an option that holds for the value, and one that does not
    "minimum": ("wheels", 6, 4, 5),
    "maximum": ("wheels", 6, 6, 5),
    "exclusiveMinimum": ("wheels", 6, 3, 6),
    "exclusiveMaximum": ("wheels", 6, 7, 6),
    "minLength": ("mechanic", "Grace", 3, 6),
    "maxLength": ("mechanic", "Grace", 5, 4),
    "pattern": ("mechanic", "Grace", "^[A-Z][a-z]+$", "^[a-z]+$"),
}


@pytest.mark.parametrize("option", OPTION_CASES)
@pytest.mark.parametrize("holds", [True, False])
def test_every_option_of_a_column_gives_its_verdict(
    tmp_path: Path, cars: Cars, check: Check, option: str, holds: bool
) -> None:
    column, value, good, bad = OPTION_CASES[option]
    content = yaml.safe_load(CONTRACT.read_text())
    for entry in content["schema"][0]["properties"]:
        entry.pop("logicalTypeOptions", None)
        if entry["name"] == column:
            entry["logicalTypeOptions"] = {option: good if holds else bad}
    path = tmp_path / CONTRACT.name
    path.write_text(yaml.safe_dump(content, sort_keys=False))
    change = {"car_id": "c3", "points": Decimal(0), column: value}

    result = check(load_contract(path), cars(change))

    assert bool([f for f in result.broken if f.column == column]) is not holds


def test_every_option_that_a_flat_column_can_have_is_in_the_table() -> None:
    arrays = {"minItems", "maxItems", "uniqueItems"}

    assert set(OPTION_CASES) == set(OPTIONS) - arrays


def _fresh(folder: Path, unit: str | None, *more: dict[str, Any]) -> Path:
    content = yaml.safe_load(CONTRACT.read_text())
    level: dict[str, Any] = {"property": "freshness", "value": 26}
    content["slaProperties"] = [{**level, **({"unit": unit} if unit else {})}, *more]
    path = folder / CONTRACT.name
    path.write_text(yaml.safe_dump(content, sort_keys=False))
    return path
