"""Damage in source files: which row, why, what comes of it, and where it is listed."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Final, Literal

from f1mesh.errors import PermanentError

Effect = Literal["set aside", "read as empty", "left out"]
SET_ASIDE: Final = "set aside"
EMPTIED: Final = "read as empty"
LEFT_OUT: Final = "left out"


@dataclass(frozen=True)
class Damage:
    """Something in a row that cannot be loaded as it is. `line` counts from 1, the header included.

    `effect`: the row is set aside; or it stays and only the value is read as empty; or the row says
    again, word for word, what another one says, and is left out. `table` and `key` name the row for
    others that refer to it, `missing` is the table in which its own value was not found.
    """

    file: str
    line: int
    column: str | None
    value: str | None
    reason: str
    effect: Effect = SET_ASIDE
    table: str | None = None
    key: str | None = None
    missing: str | None = None

    def __str__(self) -> str:
        column = f", column {self.column}" if self.column else ""
        value = f" ({self.value!r})" if self.value is not None else ""
        effect = f", {self.effect}" if self.effect != SET_ASIDE else ""
        return f"{self.file}, line {self.line}{column}: {self.reason}{value}{effect}"


@dataclass
class DamageReport:
    """Everything found wrong in one input, and how many rows each file has.

    `parents`: the tables that others refer to, each with its file; `spans`: their lowest and
    highest key, where keys are numbers.
    """

    rows: Counter[str] = field(default_factory=Counter)
    damages: list[Damage] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    parents: dict[str, str] = field(default_factory=dict)
    spans: dict[str, tuple[int, int]] = field(default_factory=dict)

    def read(self, file: str, rows: int, *, needed: bool) -> None:
        """A file was read. Raises PermanentError if it holds no row and is `needed`."""
        self.rows[file] += rows
        if not rows and needed:
            raise PermanentError(f"{file} holds a header and no row. Get the file again.")
        if not rows:
            self.notes.append(f"{file}: a header and no row")

    def add(self, damages: Iterable[Damage]) -> None:
        self.damages.extend(damages)

    def affected(self, effect: Effect) -> dict[str, int]:
        """Rows with this effect, per file (a row with two faults counts once)."""
        rows = {(found.file, found.line) for found in self.damages if found.effect == effect}
        return dict(sorted(Counter(file for file, _ in rows).items()))

    def quarantined(self) -> dict[str, int]:
        """Rows set aside, per file."""
        return self.affected(SET_ASIDE)

    def examples(self) -> tuple[Damage, ...]:
        """A few to show: rows that are set aside first."""
        return tuple(sorted(self.damages, key=lambda found: found.effect != SET_ASIDE)[:5])

    def refuse_beyond(self, max_damage: float, option: str) -> None:
        """Raises PermanentError if more than this share of any file's rows is set aside, or if so
        much of a column is read as empty (more than 10 values) that the file means it otherwise.
        `option` is what allows more."""
        for file, bad in self.quarantined().items():
            total = max(self.rows[file], bad)
            if bad > max_damage * total:
                self._refuse(
                    f"{file}: {bad} of {total} rows are damaged",
                    [d for d in self.damages if d.file == file and d.effect == SET_ASIDE],
                    max_damage,
                    option,
                )
        emptied = [found for found in self.damages if found.effect == EMPTIED]
        for (file, column), bad in Counter((d.file, d.column) for d in emptied).items():
            if bad > max(10, max_damage * self.rows[file]):
                self._refuse(
                    f"{file}, column {column}: {bad} of {self.rows[file]} values cannot be read",
                    [d for d in emptied if (d.file, d.column) == (file, column)],
                    max_damage,
                    option,
                )

    def _refuse(self, what: str, damages: list[Damage], max_damage: float, option: str) -> None:
        examples = "\n  ".join(str(damage) for damage in damages[:5])
        raise PermanentError(
            f"{what}, more than the {max_damage:.1%} that is allowed. Nothing was changed. "
            f"The first ones:\n  {examples}\nRepair the file, or allow more with {option}."
        )

    def write(self, path: Path) -> None:
        """Keep what was found as JSON lines."""
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("w", encoding="utf-8") as out:
            for damage in self.damages:
                out.write(json.dumps(asdict(damage), ensure_ascii=False) + "\n")
