"""Names and values as standard SQL text, which PostgreSQL and DataFusion (of delta-rs) read."""

from __future__ import annotations


def quoted(name: str) -> str:
    """A name that is taken as it is written."""
    return '"' + name.replace('"', '""') + '"'


def text(value: str) -> str:
    """A string literal; backslashes and line ends are themselves."""
    return "'" + value.replace("'", "''") + "'"
