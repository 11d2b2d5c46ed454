"""A product moves when its contract holds, stays when it does not, rests when nothing changed."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml

from f1mesh.contracts.model import load_contract
from f1mesh.errors import PermanentError
from f1mesh.publication import publish as publishing
from f1mesh.publication.journal import Action
from f1mesh.publication.publish import ContractBroken
from tests.publication.garage import CAR, CONTRACT, Garage

SECOND = {"car_id": "'c2'"}


def edited(tmp_path: Path, old: str, new: str) -> Path:
    text = CONTRACT.read_text()
    assert old in text
    path = tmp_path / CONTRACT.name
    path.write_text(text.replace(old, new))
    return path


def test_a_good_candidate_is_published_with_all_that_is_known_of_it(garage: Garage) -> None:
    garage.build({}, SECOND)

    done = garage.publish()

    assert (done.action, done.moved, done.rows) == (Action.PUBLISHED, True, 2)
    assert garage.consumers_see() == ["c1", "c2"]
    pointer = garage.pointer
    assert pointer is not None
    assert (pointer.version, pointer.rows, pointer.run_id) == (done.version, 2, "run1")
    assert (pointer.contract_version, pointer.contract_digest) == ("1.0.0", garage.contract.digest)
    assert pointer.check == f"passed {done.check.checks} checks, 3 warnings"
    assert pointer.published_at == garage.now
    assert garage.actions() == [("published", done.version)]


def test_a_check_tells_every_rule_with_its_verdict(garage: Garage) -> None:
    garage.read_sources(garage.now)
    garage.build({}, SECOND, {"car_id": "'c3'", "nationality": "'Klingon'"})

    report = (judged := garage.check()).report
    lines = judged.lines()

    declared = [rule.get("id") or rule["name"] for rule in rules(garage.contract.path)]
    assert declared
    assert all(any(rule in str(verdict) for verdict in report.verdicts) for rule in declared)
    assert len(report.verdicts) == report.checks
    assert lines[0] == f"garage/dim_car version {judged.version} (3 rows) against contract 1.0.0"
    assert "  holds   car_id: is there as string, in its place" in lines
    assert [line for line in lines if line.startswith("  holds   freshness")]
    [broken] = [line for line in lines if line.startswith("  broken")]
    assert broken.startswith("  broken  nationality: known_nationality")
    assert lines[-1] == f"failed: {report.checks} checks, 1 broken"


def test_what_is_not_read_again_says_when_it_kept_its_rules(garage: Garage) -> None:
    garage.build({}, SECOND)
    first = garage.publish()
    garage.build(SECOND, {})

    lines = garage.check().lines()

    [again] = [line for line in lines if "were not read again" in line]
    assert f"those of version {first.version}, which is published" in again
    assert f"kept every rule of this contract ({first.check.checks})" in again
    assert lines[-1].startswith("passed: ")


def test_a_publication_tells_whether_the_view_moved_and_from_where(garage: Garage) -> None:
    garage.build({})
    first = garage.publish()
    garage.build({}, SECOND)
    second = garage.publish()
    garage.build(SECOND, {})
    third = garage.publish()

    assert first.line() == (
        f"garage/dim_car: the published view moved to version {first.version} (nothing was"
        " published before); 1 rows, contract 1.0.0"
    )
    assert f"version {second.version} (version {first.version} was published" in second.line()
    assert f"stays at version {second.version}: the candidate has the same" in third.line()


def rules(contract: Path) -> list[dict[str, Any]]:
    """Every quality rule that a contract declares."""
    [table] = yaml.safe_load(contract.read_text())["schema"]
    owners = (table, *table["properties"])
    return [rule for owner in owners for rule in owner.get("quality", ())]


def test_the_view_has_the_columns_of_the_contract_with_their_descriptions(garage: Garage) -> None:
    garage.build({})
    garage.publish()

    described = garage.sql(f"describe table {garage.catalog}.garage.dim_car")

    assert [(row["col_name"], row["data_type"]) for row in described] == [
        (column.name, column.physical_type) for column in garage.contract.columns
    ]
    assert described[0]["comment"] == "The car's chassis number."


@pytest.mark.parametrize(
    ("bad", "rule", "column"),
    [
        ({"car_id": "cast(null as string)"}, "field_required", "car_id"),
        ({"car_id": "'c2'"}, "field_primary_key_unique", "car_id"),
        ({"car_id": "'c3'", "nationality": "'Klingon'"}, "known_nationality", "nationality"),
        ({"car_id": "'c3'", "wheels": "6"}, "points_need_wheels", None),
        ({"car_id": "'c3'", "wheels": "9"}, "field_maximum", "wheels"),
    ],
    ids=["null key", "duplicate", "unknown nationality", "sql rule", "range"],
)
def test_bad_rows_block_and_consumers_read_the_last_good_version(
    garage: Garage, bad: dict[str, str], rule: str, column: str | None
) -> None:
    garage.build({}, SECOND)
    good = garage.publish()
    garage.build({}, SECOND, bad)

    with pytest.raises(ContractBroken, match=f"(?s)stay with version.*{rule}.*e.g. ") as raised:
        garage.publish()

    judged = garage.check()
    assert [(f.rule, f.column, f.count) for f in judged.report.broken] == [(rule, column, 1)]
    assert judged.report.broken[0].example is not None
    assert str(good.version) in str(raised.value)
    assert garage.consumers_see() == ["c1", "c2"]
    assert garage.pointer is not None
    assert garage.pointer.version == good.version
    assert garage.actions()[0] == ("published", good.version)
    assert {action for action, _ in garage.actions()[1:]} == {"blocked"}


@pytest.mark.parametrize(
    ("change", "rule", "column"),
    [
        ({"wheels": "cast(4 as bigint)"}, "column_type", "wheels"),
        ({"points": "cast(1.5 as decimal(12,3))"}, "column_type", "points"),
        ({"points": "cast(1.5 as double)"}, "column_type", "points"),
        ({"points": "cast(1.5 as float)"}, "column_type", "points"),
        (
            {"built_at": "cast(timestamp'2024-03-02 15:00:00' as timestamp_ntz)"},
            "column_type",
            "built_at",
        ),
        ({"colour": "'red'"}, "column_undeclared", "colour"),
    ],
    ids=["bigint", "decimal(12,3)", "double", "float", "timestamp_ntz", "undeclared"],
)
def test_another_schema_blocks(
    garage: Garage, change: dict[str, str], rule: str, column: str
) -> None:
    garage.build({})
    good = garage.publish()
    garage.build(change)

    report = garage.check().report

    assert [(f.rule, f.column) for f in report.broken] == [(rule, column)]
    assert report.broken[0].example is not None
    assert column in report.broken[0].example
    assert garage.pointer is not None
    assert garage.pointer.version == good.version


def test_a_missing_column_blocks_and_is_named_once(garage: Garage) -> None:
    garage.build({})
    garage.publish()
    rest = ", ".join(f"{value} as {name}" for name, value in CAR.items() if name != "nationality")
    garage.sql(f"create or replace table {garage.table} using delta as select {rest}")

    report = garage.check().report

    assert [(f.rule, f.column) for f in report.broken] == [("column_missing", "nationality")]
    assert garage.consumers_see() == ["c1"]


def test_a_table_that_was_left_empty_blocks(garage: Garage) -> None:
    garage.build({})
    garage.publish()
    garage.sql(f"delete from {garage.table}")

    with pytest.raises(ContractBroken, match="emptied: the table holds no row, consumers see 1"):
        garage.publish()

    assert garage.consumers_see() == ["c1"]


def test_stale_sources_block_even_when_the_content_is_what_is_published(garage: Garage) -> None:
    garage.build({})
    garage.publish()
    garage.read_sources(garage.now - timedelta(hours=30))

    with pytest.raises(ContractBroken, match=r"garage_raw\.cars was last read 30\.0 h ago"):
        garage.publish()

    garage.read_sources(garage.now - timedelta(hours=2))
    assert garage.publish().action is Action.UNCHANGED


def test_the_same_content_in_another_version_does_not_move(garage: Garage) -> None:
    twice: tuple[dict[str, str], ...] = (
        {},
        SECOND,
        {"car_id": "'c3'", "points": "cast(null as decimal(10,2))"},
    )
    garage.build(*twice)
    first = garage.publish()
    garage.build(*reversed(twice))

    second = garage.publish()

    assert second.check.version > first.version
    assert (second.action, second.version, second.moved) == (Action.UNCHANGED, first.version, False)
    assert garage.pointer is not None
    assert garage.pointer.version == first.version


def test_other_content_moves(garage: Garage) -> None:
    garage.build({}, SECOND)
    first = garage.publish()
    garage.build({}, {**SECOND, "mechanic": "cast(null as string)"})

    second = garage.publish()

    assert second.moved
    assert second.version > first.version


def test_the_same_content_under_another_contract_moves(garage: Garage, tmp_path: Path) -> None:
    garage.build({})
    first = garage.publish()
    garage.contract = load_contract(edited(tmp_path, "version: 1.0.0", "version: 1.0.1"))

    second = garage.publish()

    assert second.moved
    assert second.version == first.version
    assert garage.pointer is not None
    assert garage.pointer.contract_version == "1.0.1"
    assert not garage.publish().moved


def test_content_that_was_good_is_judged_by_a_stricter_contract(
    garage: Garage, tmp_path: Path
) -> None:
    garage.build({})
    garage.publish()
    stricter = edited(tmp_path, "validValues: [British, Italian]", "validValues: [Italian]")
    garage.contract = load_contract(stricter)

    with pytest.raises(ContractBroken, match="known_nationality"):
        garage.publish()


def test_a_crash_between_log_and_view_is_mended_by_the_next_publication(
    garage: Garage, monkeypatch: pytest.MonkeyPatch
) -> None:
    garage.build({})
    first = garage.publish()
    garage.build({}, SECOND)

    with monkeypatch.context() as patch:
        patch.setattr(publishing, "move_pointer", _crash)
        with pytest.raises(KeyboardInterrupt):
            garage.publish()
    assert garage.consumers_see() == ["c1"]

    second = garage.publish()
    assert garage.consumers_see() == ["c1", "c2"]
    assert garage.actions() == [("published", first.version), ("published", second.version)]


def test_a_view_whose_content_never_changes_moves_before_vacuum_takes_its_files(
    garage: Garage,
) -> None:
    garage.build({})
    first = garage.publish()
    garage.build({})
    assert not garage.publish().moved

    garage.now += timedelta(days=6)
    garage.read_sources(garage.now)
    done = garage.publish()

    assert (done.moved, done.version) == (True, first.version + 1)
    garage.now += timedelta(days=6)
    garage.read_sources(garage.now)
    assert not garage.publish().moved  # the newest version is as new as can be


def test_the_published_view_outlives_many_later_builds(garage: Garage) -> None:
    for _ in range(4):
        garage.build({})
    first = garage.publish()

    for _ in range(23):  # more than two Delta checkpoints
        garage.build({})

    assert garage.consumers_see() == ["c1"]
    done = garage.publish()
    assert (done.action, done.version) == (Action.UNCHANGED, first.version)


def test_what_was_never_built_is_an_error_that_says_what_to_do(garage: Garage) -> None:
    with pytest.raises(PermanentError, match=r"has not been built.*\./f1 run"):
        garage.publish()


def _crash(*_: object) -> None:
    raise KeyboardInterrupt
