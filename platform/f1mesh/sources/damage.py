"""Damage in source files: which row, why, and where the row is kept."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from pathlib import Path

from f1mesh.errors import PermanentError


@dataclass(frozen=True)
class Damage:
    """One row that cannot be loaded as it is. `line` counts from 1, the header included."""

    file: str
    line: int
    column: str | None
    value: str | None
    reason: str

    def __str__(self) -> str:
        column = f", column {self.column}" if self.column else ""
        value = f" ({self.value!r})" if self.value is not None else ""
        return f"{self.file}, line {self.line}{column}: {self.reason}{value}"


@dataclass
class DamageReport:
    """Everything found wrong in one input, and how many rows each file has."""

    rows: Counter[str] = field(default_factory=Counter)
    damages: list[Damage] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def add(self, damages: Iterable[Damage]) -> None:
        self.damages.extend(damages)

    def quarantined(self) -> dict[str, int]:
        """Rows set aside, per file (a row with two faults counts once)."""
        rows = {(damage.file, damage.line) for damage in self.damages}
        return dict(sorted(Counter(file for file, _ in rows).items()))

    def refuse_beyond(self, max_damage: float) -> None:
        """Raises PermanentError if more than this share of any file's rows is damaged."""
        for file, bad in self.quarantined().items():
            total = max(self.rows[file], bad)
            if bad > max_damage * total:
                examples = [str(d) for d in self.damages if d.file == file][:5]
                raise PermanentError(
                    f"{file}: {bad} of {total} rows are damaged, more than the {max_damage:.1%} "
                    "that is allowed. Nothing was changed. The first ones:\n  "
                    + "\n  ".join(examples)
                    + "\nRepair the file, or allow more with --max-damage."
                )

    def write(self, path: Path) -> None:
        """Keep the damaged rows as JSON lines."""
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("w", encoding="utf-8") as out:
            for damage in self.damages:
                out.write(json.dumps(asdict(damage), ensure_ascii=False) + "\n")
