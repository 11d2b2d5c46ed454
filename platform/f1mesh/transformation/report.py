"""What dbt says of an invocation: its nodes, and what became of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

_TABLES, _TESTS = ("model", "snapshot", "seed"), ("test", "unit_test")
_FAILED = frozenset({"error", "fail", "runtime error"})


@dataclass(frozen=True)
class NodeResult:
    """What became of one dbt node."""

    unique_id: str
    kind: str  # model, snapshot, seed, test, unit_test, source
    name: str
    status: str
    message: str
    seconds: float
    query: str = ""  # what a data test asks: the rows that break it
    ran: bool = True  # else it is unchanged, and its status is that of when it last ran

    @property
    def warned(self) -> bool:
        return self.status == "warn"

    @property
    def failed(self) -> bool:
        return self.status in _FAILED


@dataclass(frozen=True)
class TransformReport:
    """The results of one dbt invocation, in the order in which they ended."""

    nodes: tuple[NodeResult, ...]
    error: str = ""  # what stopped the invocation itself
    unchanged_since: str = ""  # when the nodes that did not run were last looked at

    @property
    def ok(self) -> bool:
        return not self.error and not self.failures

    @property
    def failures(self) -> tuple[NodeResult, ...]:
        return tuple(node for node in self.nodes if node.failed)

    @property
    def undone(self) -> frozenset[str]:
        """The ids of the nodes that failed, and of those that were skipped for it."""
        return frozenset(n.unique_id for n in self.nodes if n.failed or n.status == "skipped")

    @property
    def warnings(self) -> tuple[NodeResult, ...]:
        """Tests of severity `warn` that found something, sources that grow old."""
        return tuple(node for node in self.nodes if node.warned)

    def count(self, *kinds: str) -> int:
        """How many nodes of these kinds ran without failing."""
        return sum(
            1 for n in self.nodes if n.ran and n.kind in kinds and n.status in ("success", "pass")
        )

    @property
    def unchanged(self) -> int:
        """How many nodes were left as they are, since nothing that they stand on has changed."""
        return sum(1 for node in self.nodes if not node.ran)

    def told(self) -> str:
        """One line for people."""
        if self.unchanged == len(self.nodes):
            since = f"{self.unchanged_since[:16].replace('T', ' ')} UTC"
            return f"nothing to build: unchanged since {since}{self.told_warnings()}"
        models, tests = self.count(*_TABLES), self.count(*_TESTS)
        left = f", {self.unchanged} nodes unchanged" if self.unchanged else ""
        return f"{models} models, {tests} tests passed{left}{self.told_warnings()}"

    def told_warnings(self) -> str:
        """The warnings at the end of a line; nothing without any."""
        return "".join(f"; warning: {text}" for text in self._warnings())

    def details(self) -> dict[str, Any]:
        """The same as plain JSON values."""
        return {
            "models": self.count(*_TABLES),
            "tests": self.count(*_TESTS),
            "unchanged": self.unchanged,
            "nodes": {node.unique_id: node.status for node in self.nodes},
            "warnings": self._warnings(),
        }

    def _warnings(self) -> list[str]:
        return [f"{node.name}: {node.message or node.status}" for node in self.warnings]

    def document(self) -> dict[str, Any]:
        """All of it as plain JSON values; `of_document` makes a report of them again."""
        return asdict(self)

    @classmethod
    def of_document(cls, document: Mapping[str, Any]) -> TransformReport:
        """The report that a document tells of."""
        nodes = tuple(NodeResult(**node) for node in document["nodes"])
        return cls(nodes, document["error"], document["unchanged_since"])
