"""What a first load of damaged Ergast files would write, without a database."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from f1mesh.sources.damage import DamageReport, Effect
from f1sources.ergast_csv import read_ergast
from f1sources.integrity import sound_rows
from f1sources.load import refuse_unsound
from tests.f1sources.conftest import ErgastFolder

if TYPE_CHECKING:
    import pyarrow as pa

ROWS = {
    "seasons": 1,
    "status": 2,
    "circuits": 2,
    "constructors": 2,
    "drivers": 3,
    "races": 3,
    "results": 6,
    "driver_standings": 3,
}
Change = Callable[[ErgastFolder], None]


def read(folder: ErgastFolder, max_damage: float) -> tuple[dict[str, pa.Table], DamageReport]:
    """What a first load would write, and what was wrong."""
    report = DamageReport()
    tables = sound_rows(read_ergast(folder.path, report, first=True), {}, report)
    refuse_unsound(report, tables, max_damage)
    return tables, report


def counts(tables: dict[str, pa.Table]) -> dict[str, int]:
    return {name: rows.num_rows for name, rows in tables.items()}


def only(report: DamageReport, effect: Effect, told: str) -> None:
    assert {found.effect for found in report.damages} == {effect}
    assert told in str(report.damages[0]), str(report.damages[0])


def patched(file: str, old: bytes, new: bytes) -> Change:
    def change(folder: ErgastFolder) -> None:
        content = (folder.path / file).read_bytes()
        assert old in content
        (folder.path / file).write_bytes(content.replace(old, new, 1))

    return change
