"""Whether SQL asks the clock, or chance: what it said once it may not say again."""

from __future__ import annotations

import re

_DAY = re.compile(r"\b(current_date|curdate)\b", re.IGNORECASE)
_MOMENT = re.compile(
    r"\b(current_timestamp|localtimestamp|getdate|sysdate|run_started_at|invocation_id)\b"
    r"|\b(now|rand|randn|random|uuid|unix_timestamp)\s*\(",
    re.IGNORECASE,
)


def asks_for_the_moment(sql: str) -> bool:
    """Whether the answer may differ each time: the time of day, random numbers, a run's own id."""
    return bool(_MOMENT.search(sql))


def asks_for_the_day(sql: str) -> bool:
    """Whether the answer may differ each day."""
    return bool(_DAY.search(sql))
