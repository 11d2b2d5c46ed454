"""String literals and parameters: reading what was written, writing what the engine reads."""

from __future__ import annotations

import re

_SIMPLE = {"n": "\n", "t": "\t", "r": "\r", "b": "\b", "0": "\0", "Z": "\x1a"}
_ESCAPE = re.compile(r"\\(u[0-9a-fA-F]{4}|U[0-9a-fA-F]{8}|[0-3][0-7]{2}|.)", re.DOTALL)


def _unescape(match: re.Match[str]) -> str:
    code = match.group(1)
    if code[0] in "uU" and len(code) > 1:
        return chr(int(code[1:], 16))
    if len(code) == 3:
        return chr(int(code, 8))
    if code in "%_":
        return "\\" + code
    return _SIMPLE.get(code, code)


def decode_string(source: str) -> str:
    """The value of one string literal as written: 'a', "a" or r'a', with Databricks' escapes."""
    if source[0] in "rR":
        return source[2:-1]
    return _ESCAPE.sub(_unescape, source[1:-1])


def encode_string(value: str) -> str:
    """A string literal that means `value` to Databricks and to the engine."""
    escaped = value.replace("\\", "\\\\").replace("'", "\\'").replace("\0", "\\0")
    return "'" + escaped.replace("\n", "\\n").replace("\r", "\\r") + "'"


def quote_name(name: str) -> str:
    """A name in backquotes."""
    return "`" + name.replace("`", "``") + "`"
