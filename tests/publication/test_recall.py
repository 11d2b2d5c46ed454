"""What was checked is not checked again, unless something that the verdict stood on is another."""

from __future__ import annotations

from pathlib import Path

import pytest

from f1mesh.contracts.model import load_contract
from f1mesh.publication.journal import Action
from f1mesh.publication.publish import publish
from f1mesh.publication.recall import Recall
from tests.publication.garage import CONTRACT, Garage

SECOND = {"car_id": "'c2'", "nationality": "'Italian'"}
ASKED = "select count(*) from ${table} where"


def edited(folder: Path, before: str, after: str) -> Path:
    """The garage's contract with another text in it."""
    text = CONTRACT.read_text()
    assert before in text
    file = folder / "dim_car.odcs.yaml"
    file.write_text(text.replace(before, after))
    return file


def test_the_same_version_is_not_looked_at_again_and_not_logged_again(garage: Garage) -> None:
    garage.build({}, SECOND)
    first = garage.publish()

    second = garage.publish()

    assert (second.action, second.version) == (Action.UNCHANGED, first.version)
    assert second.check.recalled
    assert second.check.checks == first.check.checks
    assert second.check.report.warnings == first.check.report.warnings
    assert second.check.report.warnings
    assert garage.actions() == [("published", first.version)]


def test_a_version_with_the_same_rows_is_compared_once(garage: Garage) -> None:
    garage.build({}, SECOND)
    garage.publish()
    garage.build(SECOND, {})

    second, third = garage.publish(), garage.publish()

    assert (second.check.recalled, third.check.recalled) == (False, True)
    assert [action for action, _ in garage.actions()] == ["published", "unchanged"]


def test_asked_to_do_all_it_reads_the_rows_again(garage: Garage) -> None:
    garage.build({}, SECOND)
    first = garage.publish()

    judged = garage.check(Recall(anew=True))

    assert not judged.recalled
    assert judged.unchanged
    assert len(judged.report.verdicts) == first.check.checks
    assert not publish(garage.connection, garage.schemas, judged, run_id="x", now=garage.now).moved


def test_a_table_that_was_dropped_and_made_anew_is_checked(garage: Garage) -> None:
    garage.build({})
    first = garage.publish()
    garage.sql(f"drop table {garage.table}")
    garage.build({"car_id": "'c3'", "wheels": "9"})

    judged = garage.check()

    assert judged.version == first.version
    assert not judged.recalled
    assert "field_maximum" in str(judged.report.broken)


def test_another_contract_is_checked(garage: Garage, tmp_path: Path) -> None:
    garage.build({}, SECOND)
    garage.publish()
    garage.contract = load_contract(edited(tmp_path, "version: 1.0.0", "version: 1.0.1"))

    assert not garage.check().recalled


def test_a_version_that_was_left_by_a_rollback_is_checked_again(garage: Garage) -> None:
    garage.build({})
    first = garage.publish()
    garage.build({}, SECOND)
    garage.publish()
    garage.rollback(first.version)

    again = garage.publish()

    assert again.moved
    assert not again.check.recalled


def test_a_rule_on_another_table_is_run_again_when_that_table_changes(
    garage: Garage, tmp_path: Path
) -> None:
    garage.sql(f"create schema if not exists {garage.catalog}.garage")
    garage.sql(f"create or replace table {garage.catalog}.garage.owners as select 'c1' as car_id")
    rule = f"{ASKED} car_id not in (select car_id from garage.owners)"
    garage.contract = load_contract(with_rule(tmp_path, rule))
    garage.build({})
    garage.publish()
    assert garage.check().recalled

    garage.sql(f"update {garage.catalog}.garage.owners set car_id = 'c9'")

    judged = garage.check()
    assert not judged.recalled
    assert "the_rule" in str(judged.report.broken)


@pytest.mark.parametrize(("asks", "recalled"), [("current_date()", True), ("now()", False)])
def test_a_rule_that_asks_the_clock_is_run_again_when_that_is_another(
    garage: Garage, tmp_path: Path, asks: str, recalled: bool
) -> None:
    garage.contract = load_contract(with_rule(tmp_path, f"{ASKED} built_at > {asks}"))
    garage.build({})
    garage.publish()

    assert garage.check().recalled is recalled


def with_rule(folder: Path, query: str) -> Path:
    """The garage's contract with one more SQL rule on its table."""
    lines = CONTRACT.read_text().splitlines(keepends=True)
    at = next(index for index, line in enumerate(lines) if line.startswith("    quality:"))
    rule = f"      - {{type: sql, name: the_rule, mustBe: 0, query: '{query}'}}\n"
    file = folder / "dim_car.odcs.yaml"
    file.write_text("".join([*lines[: at + 1], rule, *lines[at + 1 :]]))
    return file
