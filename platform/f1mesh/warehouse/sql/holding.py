"""The last look at a statement before the engine gets it: what in it names files.

Names were resolved by what our parser takes for a table. Should the engine take something else for
one, it would read a path that nobody allowed; so a path stands in the text only where we put it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from sqlglot import TokenType

from f1mesh.warehouse.errors import unsupported
from f1mesh.warehouse.sql.tokens import tokenize

_FORMATS = frozenset(
    {"avro", "binaryfile", "csv", "delta", "excel", "geoparquet", "hudi", "iceberg", "image"}
    | {"jdbc", "json", "kafka", "libsvm", "orc", "parquet", "python", "socket", "text", "xml"}
)
_MENTIONED = re.compile(rf"\b({'|'.join(sorted(_FORMATS))})\b", re.IGNORECASE)
_OF_PATHS = re.compile(r"[/\\:]")


def hold(text: str, placed: Iterable[str]) -> str:
    """The text, if every path in it is among those `placed`. Raises UNSUPPORTED_FEATURE."""
    rest = text
    for path in sorted(set(placed), key=len, reverse=True):
        rest = rest.replace(path, " ")
    if _MENTIONED.search(rest):
        _refuse_paths(rest)
    return text


def _refuse_paths(text: str) -> None:
    tokens = tokenize(text)
    for kind, dot, path in zip(tokens, tokens[1:], tokens[2:], strict=False):
        if dot.token_type != TokenType.DOT or path.token_type != TokenType.IDENTIFIER:
            continue
        if kind.text.lower() in _FORMATS and _OF_PATHS.search(path.text):
            raise unsupported(
                f"`{text[kind.start : path.end + 1][:80]}`", "Name a table or view of the catalog."
            )
