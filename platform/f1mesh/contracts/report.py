"""The outcome of a contract check, as plain data: the same input gives the same report."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

Row = dict[str, Any]


@dataclass(frozen=True)
class Finding:
    """One rule that does not hold. `count` is how many rows (or values) break it, where that has a
    meaning; `example` is one offending row, JSON-able, sensitive columns masked."""

    rule: str
    column: str | None
    message: str
    count: int | None = None
    example: Row | None = None

    def __str__(self) -> str:
        where = f"{self.column}: " if self.column else ""
        return f"{self.rule}: {where}{self.message}"


@dataclass(frozen=True)
class Verdict:
    """What came of one rule: `holds`, `warns` or `broken`. `measured` is the number that was held
    against its threshold; None if there is none."""

    rule: str
    column: str | None
    result: str
    measured: float | None = None

    def __str__(self) -> str:
        where = f"{self.column}: " if self.column else ""
        seen = "" if self.measured is None else f" ({self.measured:g})"
        return f"{self.result:<6}  {where}{self.rule}{seen}"


@dataclass(frozen=True)
class CheckReport:
    """What was checked on one version of one product, and what is broken. Warnings do not block.
    `verdicts` has every rule that was tried on it, those that hold too. `stood_on` names what the
    rules looked at beside the version itself (other tables, today) and its content then."""

    product: str
    version: int
    contract_version: str
    contract_digest: str
    rows: int
    checks: int
    broken: tuple[Finding, ...]
    warnings: tuple[Finding, ...] = ()
    verdicts: tuple[Verdict, ...] = ()
    stood_on: Mapping[str, str] = field(default_factory=dict)

    @property
    def passed(self) -> bool:
        return not self.broken

    @property
    def result(self) -> str:
        return "passed" if self.passed else "failed"

    def summary(self) -> str:
        """One line: `passed 48 checks` or the names of the broken rules."""
        if self.passed:
            extra = f", {len(self.warnings)} warnings" if self.warnings else ""
            return f"passed {self.checks} checks{extra}"
        return "; ".join(str(finding) for finding in self.broken)

    def as_json(self) -> dict[str, Any]:
        return {"result": self.result, **asdict(self)}
