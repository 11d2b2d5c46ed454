"""Rows that others refer to and that are not there: a history without them would be wrong."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator

from f1mesh.errors import PermanentError
from f1mesh.sources.damage import SET_ASIDE, Damage, DamageReport

Key = tuple[str, str]
"""A row as others refer to it: its table and its key."""


def refuse_lost_parents(report: DamageReport) -> None:
    """Raises PermanentError if a season, race, driver or another row that others refer to would be
    set aside, or is nowhere and was there once (more than one row asks for it, or its key is among
    those that are there): each with what goes with it."""
    family = _Family(report)
    losses = [*family.unreadable(), *family.absent()]
    if not losses:
        return
    more = f"\n  and {len(losses) - 5} more" if len(losses) > 5 else ""
    raise PermanentError(
        "Rows that others need are missing; nothing was changed:\n  "
        + "\n  ".join(losses[:5])
        + f"{more}\nRepair them or get the file again: a season, race, driver, team, circuit or "
        "status is never set aside, whatever --max-damage says."
    )


class _Family:
    """Lost rows, and the rows that hang on them."""

    def __init__(self, report: DamageReport) -> None:
        self.parents = report.parents
        self.spans = report.spans
        self.lost = [d for d in report.damages if d.effect == SET_ASIDE and d.table in self.parents]
        self.lost_keys = {(d.table, d.key) for d in self.lost if d.key is not None}
        self.children: dict[Key, list[Damage]] = defaultdict(list)
        for found in report.damages:
            if found.missing is not None and found.value is not None:
                self.children[found.missing, found.value].append(found)
        self.nowhere = [
            key
            for key, children in self.children.items()
            if key not in self.lost_keys
            and (len(children) > 1 or (self._is_gap(key) and children[0].table not in self.parents))
        ]

    def _is_gap(self, key: Key) -> bool:
        """Whether a row of this key was there, or is the next: of a driver of one race one row
        tells. Far from the keys that are there, one row that asks is taken for misspelt."""
        table, value = key
        lowest, highest = self.spans.get(table, (0, -1))
        return value.isascii() and value.isdigit() and lowest < int(value) <= highest + 1

    def unreadable(self) -> Iterator[str]:
        """The lost rows of the input that are not lost for the want of another one."""
        rows: dict[tuple[str, int], list[Damage]] = defaultdict(list)
        for found in self.lost:
            parent = (found.missing, found.value)
            if parent not in self.lost_keys and parent not in self.nowhere:
                rows[found.file, found.line].append(found)
        for faults in rows.values():
            table, key = faults[0].table, faults[0].key
            with_it = self._with_it((table, key)) if table and key else ""
            yield "\n  ".join(str(fault) for fault in faults) + with_it

    def absent(self) -> Iterator[str]:
        """Rows that are in no file, though others refer to them."""
        for table, key in self.nowhere:
            yield f"{self.parents[table]}: no row with the key {key!r}" + self._with_it(
                (table, key)
            )

    def _with_it(self, key: Key) -> str:
        rows = set(self._descendants(key, set()))
        if not rows:
            return ""
        files = Counter(file for file, _ in rows)
        listed = ", ".join(f"{file}: {count}" for file, count in sorted(files.items()))
        return f"\n    with it would go {len(rows)} rows ({listed})"

    def _descendants(self, key: Key, seen: set[Key]) -> Iterator[tuple[str, int]]:
        seen.add(key)
        for child in self.children.get(key, ()):
            yield child.file, child.line
            if child.table and child.key and (child.table, child.key) not in seen:
                yield from self._descendants((child.table, child.key), seen)
