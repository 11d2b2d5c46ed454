"""Whether a dbt node went well, from what a build has reported so far."""

from __future__ import annotations

from collections.abc import Mapping

_GOOD = frozenset({"success", "pass", "warn", "no-op"})
_OVER = frozenset({"success", "failed", "skipped", "upstream_failed", "removed"})


def verdict(
    report: Mapping[str, str], wanted: tuple[str, ...], build_state: str | None
) -> tuple[bool, str] | None:
    """Whether what is watched went well, and why; None while that is open.

    What the build does not speak of although it is over was not run: that is no success.
    """
    bad = {node: report[node] for node in wanted if report.get(node, "success") not in _GOOD}
    if bad:
        return False, "; ".join(f"{node}: {status}" for node, status in bad.items())
    missing = [node for node in wanted if node not in report]
    if not missing:
        return True, f"dbt: {', '.join(report[node] for node in wanted) or 'no tests'}"
    if build_state == "success":
        return False, (
            f"the build is done and did not run {', '.join(missing)}: the manifest that the DAG "
            "was made from is older than the project"
        )
    if build_state in _OVER:
        return False, f"the build ended ({build_state}) before it came to {', '.join(missing)}"
    return None
