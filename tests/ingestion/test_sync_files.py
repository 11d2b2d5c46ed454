"""Sync files: what is taken, and what is refused with place and remedy."""

from __future__ import annotations

import re
from pathlib import Path
from textwrap import dedent

import pytest

from f1mesh.errors import PermanentError
from f1mesh.ingestion.sync import ManifestSource, PostgresSource, load_sync

GOOD = """
name: lab
description: A sync.
source: {type: postgres, connection: lab}
streams:
  - {name: laps, sync_mode: incremental, destination_mode: upsert, cursor: at, primary_key: [id]}
"""


def write(folder: Path, text: str) -> Path:
    file = folder / "lab.yaml"
    file.write_text(dedent(text))
    return file


def test_a_good_file_is_read(tmp_path: Path) -> None:
    sync = load_sync(write(tmp_path, GOOD))

    assert isinstance(sync.source, PostgresSource)
    assert sync.source.schema_name == "public"
    assert sync.streams[0].mode == "incremental+upsert"


def test_every_sync_of_the_mesh_is_good(root: Path) -> None:
    files = [
        file
        for file in root.glob("domains/*/ingestion/*.yaml")
        if not file.stem.endswith("manifest")
    ]

    syncs = [load_sync(file) for file in files]

    assert len(syncs) >= 2
    for sync in syncs:
        if isinstance(sync.source, ManifestSource):
            assert (sync.path.parent / sync.source.manifest).is_file()


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("primary_key: [id]", "", "streams[0]: destination_mode upsert needs primary_key"),
        ("cursor: at, ", "", "streams[0]: sync_mode incremental needs cursor"),
        ("upsert", "overwrite", "overwrite would keep only the last increment"),
        ("incremental", "full_refresh, lookback_seconds: 5", "lookback_seconds is for"),
        (
            "sync_mode: incremental, destination_mode: upsert",
            "sync_mode: full_refresh, destination_mode: append",
            "cursor has no meaning for full_refresh+append",
        ),
        ("cursor: at", "cursor: at, columns: [id]", "columns lacks at: add the key and the cursor"),
        ("[id]", "[id, id]", "primary_key names id twice"),
        ("incremental", "sometimes", "streams[0].sync_mode: input should be 'full_refresh' or"),
        ("cursor:", "cursr:", "streams[0].cursr: is an unknown key"),
        ("connection: lab", "conn: lab", "source.connection: is missing"),
        ("type: postgres", "type: mysql", "source: "),
        ("description:", "schedule: 0 4 * * *\ndescription:", "schedule: is an unknown key"),
        ("name: lab", "name: other", "'other' must be 'lab': a sync is named after its file"),
        ("streams:", "streams: []\nother:", "streams: "),
        (GOOD, "- a list", "must hold a mapping"),
        (GOOD, "a: [", "is not YAML"),
    ],
)
def test_a_bad_file_is_refused(tmp_path: Path, old: str, new: str, told: str) -> None:
    file = write(tmp_path, GOOD.replace(old, new))

    with pytest.raises(PermanentError) as error:
        load_sync(file)

    assert re.search(rf"{re.escape(str(file))}:\d+: ", str(error.value))
    assert told in str(error.value)


def test_two_streams_of_one_name_are_refused(tmp_path: Path) -> None:
    line = GOOD.strip().splitlines()[-1]

    with pytest.raises(PermanentError, match="streams names laps twice"):
        load_sync(write(tmp_path, GOOD + line + "\n"))
