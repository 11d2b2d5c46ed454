"""Reading keys of an ODCS document that can be written in more than one way."""

from __future__ import annotations

from typing import Any

_HOURS = {
    **dict.fromkeys(("h", "hour", "hours"), 1.0),
    **dict.fromkeys(("d", "day", "days"), 24.0),
    **dict.fromkeys(("m", "min", "minute", "minutes"), 1 / 60),
}


def owner_of(content: dict[str, Any]) -> str:
    """The team of a contract: `team.name`, or its first member in the older list form."""
    team = content.get("team")
    if isinstance(team, dict):
        return str(team.get("name") or "")
    if isinstance(team, list) and team and isinstance(team[0], dict):
        return str(team[0].get("username") or team[0].get("name") or "")
    return ""


def freshness_hours(content: dict[str, Any]) -> float | None:
    """The freshness service level in hours; None if there is none that can be understood."""
    levels = content.get("slaProperties")
    for entry in levels if isinstance(levels, list) else ():
        if isinstance(entry, dict) and entry.get("property") == "freshness":
            unit = _HOURS.get(str(entry.get("unit") or "d").lower())
            value = entry.get("value")
            if unit and isinstance(value, int | float) and not isinstance(value, bool):
                return value * unit if value > 0 else None
    return None
