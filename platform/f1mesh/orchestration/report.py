"""What a step did: one line for people, a document for programs."""

from __future__ import annotations

from typing import Any, Protocol

from f1mesh import telling
from f1mesh.errors import PartlyFailed


class StepResult(Protocol):
    """What is known of a step that was done, whatever its kind."""

    def told(self) -> str:
        """One line for people."""
        ...

    def details(self) -> dict[str, Any]:
        """Plain JSON values for programs; `warnings`, where the kind has them, are texts."""
        ...


def document(step_id: str, result: StepResult, *, run_id: str, seconds: float) -> dict[str, Any]:
    """What a step did, as plain JSON values."""
    return {
        "step": step_id,
        "run_id": run_id,
        "ok": True,
        "seconds": round(seconds, 3),
        "told": result.told(),
        **result.details(),
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
