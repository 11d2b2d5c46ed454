"""What the source takes back, an incremental sync takes back: `deletions: reconcile`."""

from __future__ import annotations

import random
from typing import Any

import pytest
from tests.ingestion.lab import Database, Lab

from f1mesh.errors import PermanentError

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


def test_nothing_deleted_rewrites_nothing(source: Database, lab: Lab) -> None:
    lab.run(STREAM)
    files = set(lab.table("laps").file_uris())

    again = lab.run(STREAM)

    assert again.deleted == 0
    assert set(lab.table("laps").file_uris()) >= files or again.records_read > 0


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
            rows = connection.execute('select "lapId", driver from laps order by 1').fetchall()
        assert lab.rows("laps", "lapId", "driver") == rows


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
