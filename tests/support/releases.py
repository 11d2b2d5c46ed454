"""The tables of an F1DB release, as they are published."""

from __future__ import annotations

import csv
import io
import zipfile
from pathlib import Path


def release_table(f1db_zip: Path, name: str) -> list[dict[str, str]]:
    """The rows of one of its files, text by column."""
    with zipfile.ZipFile(f1db_zip) as archive, archive.open(f"f1db-{name}.csv") as file:
        rows = list(csv.DictReader(io.TextIOWrapper(file, encoding="utf-8")))
    assert rows
    return rows
