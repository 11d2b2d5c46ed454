"""Names and values as SQL text, in the spelling that Databricks and Spark share.

What PostgreSQL and DataFusion read is in standard_sql.py; the embedded warehouse has its own.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime


def text(value: str) -> str:
    """A string literal. Backslashes escape: Spark reads a doubled quote as two strings."""
    flat = value.replace("\\", "\\\\").replace("'", "\\'").replace("\n", "\\n")
    return f"'{flat}'"


def moment(at: datetime) -> str:
    """A timestamp literal that does not depend on the session's time zone."""
    return f"timestamp'{at.astimezone(UTC):%Y-%m-%d %H:%M:%S.%f}+00:00'"


def quoted(name: str) -> str:
    """A name that is taken as it is written."""
    return "`" + name.replace("`", "``") + "`"


def dotted(*parts: str) -> str:
    """A name of several parts, each taken as it is written."""
    return ".".join(map(quoted, parts))


def columns(names: Iterable[str]) -> str:
    """A list of quoted column names."""
    return ", ".join(map(quoted, names))
