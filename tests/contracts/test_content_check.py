"""Rows against rules: every kind of breakage is named, counted and shown."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from f1mesh.contracts.content_check import ContentResult
from f1mesh.contracts.model import Contract, load_contract

Cars = Callable[..., pa.Table]
Check = Callable[..., ContentResult]


def test_rows_that_keep_the_contract_pass_every_rule(
    contract: Contract, cars: Cars, check: Check
) -> None:
    result = check(contract, cars())

    assert result.broken == ()
    assert result.warnings == ()
    assert len(result.verdicts) >= 8


@pytest.mark.parametrize(
    ("change", "rule", "column", "count"),
    [
        ({"car_id": None}, "field_required", "car_id", 1),
        ({"car_id": "c1"}, "field_primary_key_unique", "car_id", 1),
        ({"car_id": "c3", "nationality": "Klingon"}, "known_nationality", "nationality", 1),
        ({"car_id": "c3", "nationality": None}, "field_required", "nationality", 1),
        ({"car_id": "c3", "wheels": 3}, "field_minimum", "wheels", 1),
        ({"car_id": "c3", "wheels": 7}, "field_maximum", "wheels", 1),
        ({"car_id": "c3", "wheels": 6, "points": Decimal(9)}, "points_need_wheels", None, 1),
    ],
)
def test_a_broken_rule_is_named_with_its_count_and_the_offending_row(
    contract: Contract,
    cars: Cars,
    check: Check,
    change: dict[str, Any],
    rule: str,
    column: str | None,
    count: int,
) -> None:
    result = check(contract, cars(change))

    assert [(f.rule, f.column, f.count) for f in result.broken] == [(rule, column, count)]
    example = result.broken[0].example
    assert example is not None
    assert {key: str(example[key]) for key in change if key != "points"} == {
        key: str(value) for key, value in change.items() if key != "points"
    }


def test_values_of_personal_columns_do_not_reach_the_report(
    contract: Contract, cars: Cars, check: Check
) -> None:
    result = check(contract, cars({"car_id": None, "mechanic": "Grace"}))

    assert result.broken[0].example is not None
    assert result.broken[0].example["mechanic"] == "***"


def test_the_same_rows_give_the_same_report(contract: Contract, cars: Cars, check: Check) -> None:
    bad = [{"car_id": f"c{n}", "wheels": 9} for n in range(20, 2, -1)]

    first, second = (check(contract, cars(*order)) for order in (bad, bad[::-1]))

    assert first == second
    assert first.broken[0].example is not None
    assert first.broken[0].example["car_id"] == "c10"


def test_a_rule_that_cannot_be_evaluated_blocks(
    edited: Callable[[str, str], Path], cars: Cars, check: Check
) -> None:
    contract = load_contract(edited("wheels = 6 and", "no_such_column = 6 and"))

    result = check(contract, cars())

    assert [finding.rule for finding in result.broken] == ["points_need_wheels"]
    assert "no_such_column" in result.broken[0].message


def test_rules_are_written_in_the_sql_of_the_warehouse(
    edited: Callable[[str, str], Path], cars: Cars, check: Check
) -> None:
    databricks_only = "nvl(points, 0) > 0 and `wheels` = 6 and size(split(car_id, '-')) > 0"
    contract = load_contract(edited("wheels = 6 and points > 0", databricks_only))

    result = check(contract, cars({"car_id": "c3", "wheels": 6}))

    assert [(finding.rule, finding.count) for finding in result.broken] == [
        ("points_need_wheels", 1)
    ]


def test_a_rule_of_low_severity_warns_and_does_not_block(
    edited: Callable[[str, str], Path], cars: Cars, check: Check
) -> None:
    contract = load_contract(
        edited("mustBe: 0,\n         query", "mustBe: 0, severity: warning,\n         query")
    )

    result = check(contract, cars({"car_id": "c3", "wheels": 6}))

    assert result.broken == ()
    assert [finding.rule for finding in result.warnings] == ["points_need_wheels"]
