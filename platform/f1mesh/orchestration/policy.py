"""How long a step may take and how often it is tried: by its kind and its domain's tier.

`./f1 run` tries once. An orchestrator retries transient failures with exponential backoff; what
failed for good (exit code 1) is not tried again.
"""

from __future__ import annotations

from dataclasses import dataclass

from f1mesh.orchestration.graph import StepKind


@dataclass(frozen=True)
class Retries:
    """How often a transient failure is tried again, and how long is waited (doubling)."""

    count: int
    first_wait_s: int
    longest_wait_s: int


_RETRIES = {
    1: Retries(count=4, first_wait_s=15, longest_wait_s=600),
    2: Retries(count=3, first_wait_s=60, longest_wait_s=1800),
    3: Retries(count=1, first_wait_s=300, longest_wait_s=3600),
}

_TIMEOUT_S = {
    StepKind.SYNC: 3600,
    StepKind.FRESHNESS: 600,
    StepKind.TRANSFORM: 7200,
    StepKind.CHECK: 1800,
    StepKind.PUBLISH: 600,
}


def retries(tier: int) -> Retries:
    """The more important a domain (tier 1), the sooner and the more often."""
    return _RETRIES[tier]


def timeout_s(kind: StepKind) -> int:
    """Seconds after which a step of this kind is ended: it hangs."""
    return _TIMEOUT_S[kind]
