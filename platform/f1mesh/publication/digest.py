"""How all products stand, as one message."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from f1mesh.publication.products import ProductStatus


def digest_text(statuses: Iterable[ProductStatus], now: datetime) -> str:
    """What is wrong first, then a line for each product."""
    lines, wrong = [], []
    for status in statuses:
        age = (now - status.source_read_at) / timedelta(hours=1) if status.source_read_at else None
        stale = age is not None and age > status.freshness_limit_hours
        checked = status.last_check or "never checked"
        line = (
            f"{status.product}: version {status.version if status.version is not None else '-'}, "
            f"{status.rows if status.rows is not None else '-'} rows, "
            f"sources read {f'{age:.1f} h ago' if age is not None else '-'}, {checked}"
        )
        lines.append(line)
        if stale or status.version is None or checked.startswith("failed"):
            wrong.append(f"{status.product} ({status.owner})")
    head = f"{len(lines)} products, {len(wrong)} need a look" + (
        ": " + ", ".join(wrong) if wrong else ""
    )
    return "\n".join([head, *lines])
