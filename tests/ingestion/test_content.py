"""A raw table's content has a name, which changes exactly when a value does."""

from __future__ import annotations

from typing import Any

import pytest

from f1mesh.ingestion.content import raw_states
from tests.ingestion.lab import Database, Lab

MODES: dict[str, dict[str, Any]] = {
    "upsert": {"cursor": "updated_at", "sync_mode": "incremental", "destination_mode": "upsert"},
    "append": {"cursor": "updated_at", "sync_mode": "incremental", "destination_mode": "append"},
    "overwrite": {"sync_mode": "full_refresh", "destination_mode": "overwrite"},
}


@pytest.fixture(params=MODES)
def stream(request: pytest.FixtureRequest, laps: Database, lab: Lab) -> dict[str, Any]:
    lab.source_url = laps.url
    found = {"name": "laps", "primary_key": ["lapId"], **MODES[request.param]}
    lab.run(found)
    return found


def content(lab: Lab) -> str:
    states = raw_states(lab.name, ["laps", "no_such_table"], lab.target)
    assert list(states) == ["laps"]
    return states["laps"].content


def test_a_sync_that_brings_nothing_new_keeps_the_name(lab: Lab, stream: dict[str, Any]) -> None:
    before = content(lab)
    assert before

    for _ in range(2):
        assert lab.run(stream).records_read

    assert content(lab) == before
    lab.run(stream, full_refresh=True)
    assert content(lab) == before


@pytest.mark.parametrize(
    "change",
    [
        "insert into laps values (9, 'z', 9)",
        "update laps set driver = 'x' where \"lapId\" = 1",
        "alter table laps add column colour text default 'red'",
    ],
    ids=["insert", "update", "column"],
)
def test_what_changes_at_the_source_gives_another_name(
    laps: Database, lab: Lab, stream: dict[str, Any], change: str
) -> None:
    before = content(lab)
    laps.execute(change)

    lab.run(stream, full_refresh="column" in change)

    assert content(lab) not in ("", before)


def test_what_the_source_takes_back_gives_another_name(
    laps: Database, lab: Lab, stream: dict[str, Any]
) -> None:
    before = content(lab)
    laps.execute('delete from laps where "lapId" = 1')

    lab.run(stream, full_refresh=True)

    assert content(lab) not in ("", before)


def test_upkeep_keeps_the_name_and_other_writers_take_it(lab: Lab, stream: dict[str, Any]) -> None:
    before = content(lab)
    table = lab.table("laps")
    table.optimize.compact()
    table.vacuum(0, dry_run=False, enforce_retention_duration=False)
    assert content(lab) == before

    lab.table("laps").delete('"lapId" = 1')
    assert content(lab) == ""

    lab.run(stream)
    assert content(lab) not in ("", before)
