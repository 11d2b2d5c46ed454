"""What a domain's backfills go by: values in one way of writing, within bounds, in order."""

from __future__ import annotations

from datetime import date, datetime
from pathlib import Path
from typing import Any

import pytest

from f1mesh.errors import PermanentError
from f1mesh.registry import load_mesh
from f1mesh.registry.partition import MOST, Partition, asked_variables

LAP = Partition(name="lap", type="integer", first=1, last=78)
DAY = Partition(name="day", type="date", first=date(2024, 2, 28), variable="asked_day")
HOUR = Partition(name="hour", type="hour")


@pytest.mark.parametrize(
    ("partition", "given", "text", "variables"),
    [
        (LAP, 7, "7", {"lap": 7}),
        (LAP, "007", "7", {"lap": 7}),
        (DAY, date(2024, 3, 1), "2024-03-01", {"asked_day": "2024-03-01"}),
        (DAY, "2024-03-01", "2024-03-01", {"asked_day": "2024-03-01"}),
        (HOUR, "2024-03-01T07", "2024-03-01T07", {"hour": "2024-03-01 07:00:00"}),
        (HOUR, datetime(2024, 3, 1, 7), "2024-03-01T07", {"hour": "2024-03-01 07:00:00"}),
        (HOUR, "2024-03-01T07+02:00", "2024-03-01T05", {"hour": "2024-03-01 05:00:00"}),
    ],
)
def test_a_value_has_one_text_and_asks_dbt_by_its_variable(
    partition: Partition, given: object, text: str, variables: dict[str, Any]
) -> None:
    assert partition.text(given) == text
    assert partition.text(text) == text
    assert partition.variables(given) == variables


@pytest.mark.parametrize(
    ("partition", "given", "said"),
    [
        (LAP, 0, r"lap 0 is out of bounds \(1 to 78\)"),
        (LAP, 79, "out of bounds"),
        (LAP, 1.5, "must be a whole number"),
        (LAP, True, "must be a whole number"),
        (LAP, "1_0", "must be a whole number"),
        (LAP, "1; drop table x", "must be a whole number"),
        (LAP, None, "lap is empty"),
        (DAY, "2024-02-27", r"out of bounds \(2024-02-28 to \.\.\.\)"),
        (DAY, "2024-02-30", "must be a day, as 2024-05-31"),
        (DAY, datetime(2024, 3, 1, 7), "must be a day"),
        (HOUR, "2024-03-01", "must be an hour of UTC"),
        (HOUR, "2024-03-01T07:30", "must be an hour of UTC"),
    ],
)
def test_what_is_no_value_is_refused_with_the_way_to_write_it(
    partition: Partition, given: object, said: str
) -> None:
    with pytest.raises(ValueError, match=said):
        partition.text(given)


def test_a_span_has_every_value_with_both_ends() -> None:
    assert LAP.span(76, "78") == ("76", "77", "78")
    assert DAY.span("2024-02-28", date(2024, 3, 1)) == ("2024-02-28", "2024-02-29", "2024-03-01")
    assert HOUR.span("2024-02-28T23", "2024-02-29T00") == ("2024-02-28T23", "2024-02-29T00")
    assert DAY.span("9999-12-31", "9999-12-31") == ("9999-12-31",)


def test_a_span_in_the_wrong_order_or_too_long_is_refused() -> None:
    with pytest.raises(ValueError, match="swap them"):
        LAP.span(2, 1)
    hours = HOUR.span("2024-01-01T00", "2024-02-11T15")
    assert len(hours) == MOST
    with pytest.raises(ValueError, match="make two backfills"):
        HOUR.span("2024-01-01T00", "2024-02-11T16")


@pytest.mark.parametrize(
    ("declared", "said"),
    [
        ("{name: lap, type: integer, first: 9, last: 1}", "swap them"),
        ("{name: lap, type: integer, first: x}", "must be a whole number"),
        ("{name: lap, type: month}", "'integer', 'date' or 'hour'"),
        ("{name: full_refresh, type: integer}", "is taken"),
        ("{name: Lap, type: integer}", "partition.name"),
        ("{type: integer}", "partition.name"),
        ("{name: lap, type: integer, step: 2}", "partition.step"),
        ("lap", "partition"),
    ],
)
def test_a_wrong_declaration_is_refused_with_its_file(
    tmp_path: Path, declared: str, said: str
) -> None:
    file = write(tmp_path, declared)

    with pytest.raises(PermanentError, match=said) as refused:
        load_mesh(tmp_path)
    assert str(file) in str(refused.value)


def test_a_part_is_asked_for_by_name_and_value(tmp_path: Path) -> None:
    write(tmp_path, "{name: lap, type: integer, last: 78}")
    domain = load_mesh(tmp_path).domain("laps")

    assert asked_variables(domain, "lap=7") == {"lap": 7}
    assert asked_variables(domain, None) == {}
    for asked, said in (
        ("lap", "must be a whole number"),
        ("lap=99", r"out of bounds \(\.\.\. to 78\)"),
        ("day=7", "'day=7' is no part of the domain 'laps', which goes by 'lap'"),
    ):
        with pytest.raises(PermanentError, match=said):
            asked_variables(domain, asked)
    with pytest.raises(PermanentError, match="declares no partition"):
        asked_variables(domain.model_copy(update={"partition": None}), "lap=7")


def write(root: Path, partition: str) -> Path:
    file: Path = root / "domains" / "laps" / "domain.yaml"
    file.parent.mkdir(parents=True)
    file.write_text(
        "name: laps\ntitle: Laps\ndescription: Laps.\nowner: {team: t, email: t@x}\ntier: 1\n"
        f"products: [lap]\npartition: {partition}\n"
    )
    return file
