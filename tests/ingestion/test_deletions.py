"""What the source takes back, an incremental sync takes back: `deletions: reconcile`."""

from __future__ import annotations

import random
from typing import Any

import pytest

from f1mesh.errors import PermanentError
from f1mesh.ingestion.state import commits
from tests.ingestion.lab import Database, Lab

STREAM: dict[str, Any] = {
    "name": "laps",
    "primary_key": ["lapId"],
    "sync_mode": "incremental",
    "destination_mode": "upsert",
    "cursor": "updated_at",
    "deletions": "reconcile",
}


@pytest.fixture
def source(laps: Database, lab: Lab) -> Database:
    lab.source_url = laps.url
    return laps


def test_a_deleted_row_is_gone_with_the_next_increment(source: Database, lab: Lab) -> None:
    first = lab.run(STREAM)
    source.execute('delete from laps where "lapId" = 2')

    second = lab.run(STREAM)

    assert second.deleted == 1
    assert lab.rows("laps", "lapId") == [(1,), (3,)]
    assert second.generation_id == first.generation_id
    assert second.version == first.version + 1


def test_deletion_change_and_new_row_arrive_in_one_commit(source: Database, lab: Lab) -> None:
    first = lab.run(STREAM)
    source.execute(
        'delete from laps where "lapId" = 1',
        'update laps set points = 9, updated_at = now() where "lapId" = 2',
        "insert into laps values (4, 'd', 4)",
    )

    second = lab.run(STREAM)

    assert second.version == first.version + 1
    assert lab.rows("laps", "lapId") == [(2,), (3,), (4,)]


def test_a_changed_key_is_a_row_that_left_and_one_that_came(source: Database, lab: Lab) -> None:
    lab.run(STREAM)
    source.execute('update laps set "lapId" = 20, updated_at = now() where "lapId" = 2')

    assert lab.run(STREAM).deleted == 1
    assert lab.rows("laps", "lapId") == [(1,), (3,), (20,)]


def test_an_emptied_source_empties_the_raw_table(source: Database, lab: Lab) -> None:
    lab.run(STREAM)
    source.execute("delete from laps")

    assert lab.run(STREAM).deleted == 3
    assert lab.rows("laps", "lapId") == []


def test_only_a_deletion_rewrites_the_whole_table(source: Database, lab: Lab) -> None:
    lab.run(STREAM)

    assert lab.run(STREAM).deleted == 0
    assert next(commits(lab.table("laps")))["operation"] == "MERGE"

    source.execute('delete from laps where "lapId" = 2')
    assert lab.run(STREAM).deleted == 1
    assert next(commits(lab.table("laps")))["operation"] == "WRITE"


UNTOUCHED = "alter table laps disable trigger touch"
OLD = "timestamptz '2001-01-01'"


@pytest.mark.parametrize(
    ("change", "keys"),
    [
        ('update laps set "lapId" = 20 where "lapId" = 2', [1, 3, 20]),
        (f"insert into laps values (4, 'd', 4, {OLD})", [1, 2, 3, 4]),
        (
            f"delete from laps; insert into laps values (2, 'x', 1, {OLD}), (9, 'y', 1, {OLD})",
            [2, 9],
        ),
    ],
    ids=["changed key", "new row with an old time", "all replaced"],
)
def test_rows_whose_cursor_never_moved_are_read_from_scratch(
    source: Database, lab: Lab, change: str, keys: list[int]
) -> None:
    lab.run(STREAM)
    source.execute(UNTOUCHED, *change.split("; "))

    result = lab.run(STREAM)

    assert lab.rows("laps", "lapId") == [(key,) for key in keys]
    assert [drift.kind for drift in result.drift] == ["reloaded"]
    assert lab.run(STREAM).drift == ()


def test_without_it_an_increment_sees_no_deletion(source: Database, lab: Lab) -> None:
    stream = {**STREAM, "deletions": "ignore"}
    lab.run(stream)
    source.execute('delete from laps where "lapId" = 2')

    assert lab.run(stream).deleted is None
    assert lab.rows("laps", "lapId") == [(1,), (2,), (3,)]


@pytest.mark.parametrize(
    "change",
    [
        {"destination_mode": "append"},
        {"sync_mode": "full_refresh"},
        {"deletions": "tombstone"},
    ],
)
def test_a_stream_for_which_it_means_nothing_is_refused(lab: Lab, change: dict[str, str]) -> None:
    with pytest.raises(ValueError, match="deletions"):
        lab.sync({**STREAM, **change})


def test_a_source_that_lists_no_keys_is_refused(lab: Lab) -> None:
    with pytest.raises((ValueError, PermanentError), match="lists its keys"):
        lab.sync(STREAM, source={"type": "manifest", "connection": "lab", "manifest": "m.yaml"})


@pytest.mark.parametrize("seed", [0, 1, pytest.param(2, marks=pytest.mark.long)])
def test_after_any_changes_raw_equals_the_source(source: Database, lab: Lab, seed: int) -> None:
    steps = 100 if seed == 2 else 8
    chance = random.Random(seed)
    lab.run(STREAM)
    for _ in range(steps):
        source.execute(*(_change(chance) for _ in range(chance.randint(1, 6))))

        lab.run(STREAM)

        with source.connect() as connection:
            rows = connection.execute('select "lapId", driver, points from laps').fetchall()
        assert sorted(lab.rows_of("laps", "lapId", "driver", "points"), key=_key) == sorted(
            rows, key=_key
        )


def _key(row: tuple[Any, ...]) -> int:
    return int(row[0])


def _change(chance: random.Random) -> str:
    """An insert (of a key that may have been there before), update, deletion or change of key."""
    one, two = chance.randint(1, 12), chance.randint(1, 12)
    return chance.choice(
        (
            f"insert into laps values ({one}, 'n{two}', {two}) on conflict do nothing",
            f"update laps set driver = 'u{two}', updated_at = now() where \"lapId\" = {one}",
            f'delete from laps where "lapId" = {one}',
            f'update laps set "lapId" = {two}, updated_at = now() where "lapId" = {one} and not '
            f'exists (select 1 from laps where "lapId" = {two})',
        )
    )
