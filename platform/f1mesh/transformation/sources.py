"""Whether raw tables are fresh, by what their syncs wrote down: dbt need not be asked."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from f1mesh.transformation.report import NodeResult, TransformReport

if TYPE_CHECKING:
    from f1mesh.ingestion.state import SyncState


@dataclass(frozen=True)
class SourcesReport(TransformReport):
    """How fresh the sources of a project are."""

    def told(self) -> str:
        """One line for people."""
        return f"{self.count('source')} sources fresh{self.told_warnings()}"

    def details(self) -> dict[str, Any]:
        """The same as plain JSON values."""
        return {
            "sources": {node.name: node.status for node in self.nodes},
            "warnings": self._warnings(),
        }


_PERIODS = {"minute": timedelta(minutes=1), "hour": timedelta(hours=1), "day": timedelta(days=1)}


def read_lately(
    manifest: Mapping[str, Any], states: Mapping[str, SyncState], now: datetime | None = None
) -> TransformReport | None:
    """A report in which every source with a limit is fresh; None where one is not, or where it is
    not known when it was read: what that means is for dbt to say."""
    now = now or datetime.now(UTC)
    nodes: list[NodeResult] = []
    for key, source in manifest["sources"].items():
        limits = _limits(source)
        if not limits:
            continue
        state = states.get(key)
        if state is None or now - (at := datetime.fromisoformat(state.extracted_at)) > min(limits):
            return None
        said = f"read {at:%Y-%m-%d %H:%M} UTC"
        nodes.append(NodeResult(key, "source", source["name"], "pass", said, 0.0))
    return TransformReport(tuple(nodes))


def _limits(source: Mapping[str, Any]) -> list[timedelta]:
    freshness = source.get("freshness") or {}
    given = (freshness.get("warn_after") or {}, freshness.get("error_after") or {})
    return [_PERIODS[limit["period"]] * limit["count"] for limit in given if limit.get("count")]
