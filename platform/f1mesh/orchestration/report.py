"""What a step did: one line for people, a document for programs."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from f1mesh import telling
from f1mesh.errors import PartlyFailed
from f1mesh.orchestration.graph import Step, StepKind


def told(step: Step, result: Any) -> str:
    """One line on what a step did."""
    if step.kind is StepKind.SYNC:
        return (
            f"{sum(s.records_read for s in result.streams):,} records read, "
            f"{sum(s.records_written for s in result.streams):,} written"
        )
    if step.kind is StepKind.FRESHNESS:
        return f"{result.count('source')} sources fresh{_warned(result)}"
    if step.kind is StepKind.TRANSFORM:
        models = result.count("model", "snapshot", "seed")
        tests = result.count("test", "unit_test")
        left = f", {result.unchanged} nodes unchanged" if result.unchanged else ""
        if result.unchanged == len(result.nodes):
            return f"nothing to build: unchanged since {_minute(result)}{_warned(result)}"
        return f"{models} models, {tests} tests passed{left}{_warned(result)}"
    if step.kind is StepKind.CHECK:
        return f"version {result.version}: {result.report.rows:,} rows, {result.checks} checks hold"
    return f"version {result.version} {'published' if result.moved else 'stays published'}"


def _minute(result: Any) -> str:
    return str(result.unchanged_since)[:16].replace("T", " ") + " UTC"


def _warned(result: Any) -> str:
    """The warnings at the end of a line; nothing without any."""
    return "".join(f"; warning: {text}" for text in _warnings(result))


def _warnings(result: Any) -> list[str]:
    return [f"{node.name}: {node.message or node.status}" for node in result.warnings]


def document(step: Step, result: Any, *, run_id: str, seconds: float) -> dict[str, Any]:
    """What a step did, as plain JSON values."""
    return {
        "step": step.id,
        "run_id": run_id,
        "ok": True,
        "seconds": round(seconds, 3),
        "told": told(step, result),
        **_DETAILS[step.kind](result),
    }


def failure(step_id: str, error: BaseException, *, run_id: str, code: int) -> dict[str, Any]:
    """What went wrong, as plain JSON values; `held` names the products of the domain that are held
    back, null: all."""
    return {
        "step": step_id,
        "run_id": run_id,
        "ok": False,
        "retry": code != 1,
        "told": telling.told(error),
        "held": sorted(error.held) if isinstance(error, PartlyFailed) else None,
    }


def _sync(result: Any) -> dict[str, Any]:
    return {
        "records_read": sum(s.records_read for s in result.streams),
        "records_written": sum(s.records_written for s in result.streams),
        "streams": [
            {
                "stream": s.stream,
                "mode": s.mode,
                "records_read": s.records_read,
                "records_written": s.records_written,
                "deleted": s.deleted,
                "version": s.version,
                "drift": [str(change) for change in s.drift],
            }
            for s in result.streams
        ],
    }


def _freshness(result: Any) -> dict[str, Any]:
    return {
        "sources": {node.name: node.status for node in result.nodes},
        "warnings": _warnings(result),
    }


def _transform(result: Any) -> dict[str, Any]:
    return {
        "models": result.count("model", "snapshot", "seed"),
        "tests": result.count("test", "unit_test"),
        "unchanged": result.unchanged,
        "nodes": {node.unique_id: node.status for node in result.nodes},
        "warnings": _warnings(result),
    }


def _check(result: Any) -> dict[str, Any]:
    return {
        "version": result.version,
        "rows": result.report.rows,
        "checks": result.checks,
        "contract": result.contract.version,
        "unchanged": result.unchanged,
        "warnings": [str(finding) for finding in result.report.warnings],
    }


def _publish(result: Any) -> dict[str, Any]:
    return {
        "product": result.product,
        "version": result.version,
        "rows": result.rows,
        "contract": result.check.contract.version,
        "moved": result.moved,
    }


_DETAILS: Mapping[StepKind, Callable[[Any], dict[str, Any]]] = {
    StepKind.SYNC: _sync,
    StepKind.FRESHNESS: _freshness,
    StepKind.TRANSFORM: _transform,
    StepKind.CHECK: _check,
    StepKind.PUBLISH: _publish,
}
