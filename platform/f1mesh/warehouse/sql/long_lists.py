"""Long lists of literals, read once.

The parser (sqlglot, in Python) reads a statement's tokens for itself, with keywords of its own. A
list of a hundred thousand numbers takes it seconds each time, and its literals are the same either
way: they are taken over from the tokens that the statement was read into first.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from itertools import groupby
from operator import attrgetter

from sqlglot import Token, TokenType

from f1mesh.warehouse.sql.spans import SpannedDatabricks
from f1mesh.warehouse.sql.tokens import tokenize

LONG = 1_000  # tokens
_LISTED = frozenset(
    {TokenType.NUMBER, TokenType.STRING, TokenType.COMMA, TokenType.L_PAREN, TokenType.R_PAREN}
)


def parser_tokens(text: str) -> list[Token]:
    """The tokens of a statement as the parser wants them. Raises PARSE_SYNTAX_ERROR."""
    runs = list(_runs(tokenize(text)))
    if not runs:
        return SpannedDatabricks().tokenize(text)
    around = SpannedDatabricks().tokenize(_blanked(text, runs))
    return sorted([*around, *(token for run in runs for token in run)], key=attrgetter("start"))


def _runs(tokens: Sequence[Token]) -> Iterator[list[Token]]:
    for listed, group in groupby(tokens, key=lambda token: token.token_type in _LISTED):
        if listed and len(run := list(group)) >= LONG:
            yield run


def _blanked(text: str, runs: Sequence[list[Token]]) -> str:
    """The text with spaces where the runs stand: everything else keeps its place."""
    parts, at = [], 0
    for run in runs:
        start, end = run[0].start, run[-1].end + 1
        parts += [text[at:start], re.sub(r"[^\n]", " ", text[start:end])]
        at = end
    return "".join([*parts, text[at:]])
