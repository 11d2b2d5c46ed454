"""Other spellings of one thing, in the form that the parser or the engine knows; and how a text is
edited."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

from sqlglot import Token, TokenType

from f1mesh.warehouse.errors import SqlError, unsupported
from f1mesh.warehouse.sql.literals import decode_string, quote_name
from f1mesh.warehouse.sql.tokens import STRINGS, tokenize


@dataclass(frozen=True)
class Edit:
    """Replace text[start:end]."""

    start: int
    end: int
    text: str


def splice(text: str, edits: list[Edit]) -> str:
    """The text with all edits made."""
    out, at = [], 0
    for edit in sorted(edits, key=lambda e: (e.start, e.end)):
        out += [text[at : edit.start], edit.text]
        at = edit.end
    return "".join(out) + text[at:]


def spelled_out(text: str, tokens: list[Token]) -> str:
    """The text with `t@v3` and `identifier('t')` in the forms that the parser knows."""
    return splice(text, [*_version_marks(text, tokens), *_spelled_identifiers(text, tokens)])


def name_of(text: str, token: Token) -> str:
    source = text[token.start : token.end + 1]
    return source[1:-1].replace("``", "`") if source.startswith("`") else source


def _spelled_identifiers(text: str, tokens: list[Token]) -> Iterator[Edit]:
    """`identifier('a.b')` as the name that it means. Raises for an argument that is no literal."""
    for i, token in enumerate(tokens):
        if token.text.upper() != "IDENTIFIER" or _quoted(text, token):
            continue
        if [t.text for t in tokens[i + 1 : i + 2]] != ["("]:
            continue
        argument = tokens[i + 2 : i + 4]
        if len(argument) < 2 or argument[0].token_type not in STRINGS or argument[1].text != ")":
            raise unsupported("IDENTIFIER of an expression", "Give one string literal.")
        value = decode_string(text[argument[0].start : argument[0].end + 1])
        yield Edit(token.start, argument[1].end + 1, _as_name(value))


def _as_name(value: str) -> str:
    """A dotted name, checked and quoted part by part."""
    tokens = tokenize(value)
    names, dots = tokens[::2], tokens[1::2]
    if not names or len(tokens) % 2 == 0 or any(t.token_type != TokenType.DOT for t in dots):
        raise SqlError("PARSE_SYNTAX_ERROR", f"'{value}' is no name.", "42601")
    if any(t.token_type in STRINGS for t in names):
        raise SqlError("PARSE_SYNTAX_ERROR", f"'{value}' is no name.", "42601")
    return ".".join(quote_name(name_of(value, t)) for t in names)


def _quoted(text: str, token: Token) -> bool:
    return token.token_type in STRINGS or text[token.start] == "`"


def _version_marks(text: str, tokens: list[Token]) -> list[Edit]:
    """`t@v3` in the long form, which the parser knows."""
    return [
        Edit(one.start, two.end + 1, f" version as of {two.text[1:]}")
        for one, two in pairwise(tokens)
        if one.text == "@" and two.text[:1] in "vV" and two.text[1:].isdigit()
    ]


def doubled_quotes(text: str, tokens: list[Token]) -> Iterator[Edit]:
    """`'it''s'` means it's; the engine would read two strings and join them."""
    for one, two in pairwise(tokens):
        if one.token_type not in STRINGS or two.token_type != TokenType.STRING:
            continue
        if two.start == one.end + 1 and text[one.end] == text[two.start]:
            yield Edit(one.end, two.start + 1, "\\" + text[two.start])
