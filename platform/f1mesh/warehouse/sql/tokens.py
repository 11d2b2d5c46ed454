"""A cursor over the tokens of one statement.

Commands (DDL, SHOW, the heads of INSERT and MERGE) are read word by word with this cursor; queries
inside them are slices of the original text.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any, ClassVar

from sqlglot import Token, TokenType
from sqlglot.dialects.databricks import Databricks
from sqlglot.errors import TokenError

from f1mesh.warehouse.errors import SqlError, syntax_error
from f1mesh.warehouse.sql.literals import decode_string

STRINGS = (TokenType.STRING, TokenType.RAW_STRING)


class _Tokenizer(Databricks.Tokenizer):
    """Databricks' tokens, one per word: no joined keywords, no statement swallowed whole."""

    COMMANDS: ClassVar[Any] = set()
    _KNOWN = Databricks.Tokenizer.KEYWORDS
    KEYWORDS: ClassVar[Any] = {k: v for k, v in _KNOWN.items() if " " not in k}


def tokenize(text: str) -> list[Token]:
    """The tokens of a statement, without its closing semicolons. Raises PARSE_SYNTAX_ERROR."""
    return list(_tokens(text))


@lru_cache(maxsize=1)  # a statement is read at several places, one after the other
def _tokens(text: str) -> tuple[Token, ...]:
    if "\0" in text:
        raise SqlError("PARSE_SYNTAX_ERROR", "A statement has no NUL bytes: write '\\0'.", "42601")
    try:
        tokens = _Tokenizer(dialect="databricks").tokenize(text)
    except TokenError as error:
        raise SqlError("PARSE_SYNTAX_ERROR", f"{error}.", "42601") from error
    while tokens and tokens[-1].token_type == TokenType.SEMICOLON:
        tokens.pop()
    if any(token.token_type == TokenType.SEMICOLON for token in tokens):
        raise SqlError(
            "PARSE_SYNTAX_ERROR", "Give one statement at a time, without ';' between.", "42601"
        )
    return tuple(tokens)


class Cursor:
    """Reads a statement from left to right; every `accept` that fails moves nothing."""

    def __init__(self, text: str, tokens: list[Token] | None = None) -> None:
        self.text = text
        self.tokens = tokenize(text) if tokens is None else tokens
        self.at = 0

    # -- looking

    @property
    def done(self) -> bool:
        return self.at >= len(self.tokens)

    @property
    def start(self) -> int:
        """Offset in the text of the current token (of the end, when all is read)."""
        return self.end if self.done else self.tokens[self.at].start

    @property
    def end(self) -> int:
        """Offset in the text just after the last token."""
        return self.tokens[-1].end + 1 if self.tokens else 0

    def source(self, token: Token) -> str:
        """A token exactly as written."""
        return self.text[token.start : token.end + 1]

    def word(self, ahead: int = 0) -> str:
        """A token in upper case, `ahead` of the current one; empty for strings and quoted names."""
        index = self.at + ahead
        if index >= len(self.tokens):
            return ""
        token = self.tokens[index]
        if token.token_type in STRINGS or token.token_type == TokenType.IDENTIFIER:
            return ""
        return self.source(token).upper()

    def sees(self, *words: str) -> bool:
        """Whether these words come next."""
        return all(self.word(i) == word for i, word in enumerate(words))

    # -- reading

    def accept(self, *words: str) -> bool:
        """Read these words if they come next."""
        if not self.sees(*words):
            return False
        self.at += len(words)
        return True

    def expect(self, *words: str) -> None:
        """Read these words or raise PARSE_SYNTAX_ERROR."""
        if not self.accept(*words):
            raise self.error(" ".join(words))

    def one_of(self, *words: str) -> str:
        """Read one of these words or raise PARSE_SYNTAX_ERROR."""
        found = self.word()
        if found not in words:
            raise self.error(" or ".join(words))
        self.at += 1
        return found

    def sees_string(self) -> bool:
        return not self.done and self.tokens[self.at].token_type in STRINGS

    def string(self) -> str:
        """A string literal, decoded (adjacent pieces, as `'it''s'` is read, are joined)."""
        if not self.sees_string():
            raise self.error("a string literal")
        value, last = "", None
        while self.sees_string():
            token = self.tokens[self.at]
            glued = last is not None and token.start == last.end + 1
            if glued:
                value += self.text[token.start]
            value += decode_string(self.source(token))
            last = token
            self.at += 1
        return value

    def number(self) -> str:
        """A number, as written."""
        if self.done or self.tokens[self.at].token_type != TokenType.NUMBER:
            raise self.error("a number")
        text = self.source(self.tokens[self.at])
        self.at += 1
        return text

    def identifier(self) -> str:
        """One name, without its backquotes."""
        if self.done or self.sees_string():
            raise self.error("an identifier")
        token = self.tokens[self.at]
        source = self.source(token)
        if token.token_type == TokenType.IDENTIFIER:
            self.at += 1
            return source[1:-1].replace("``", "`")
        if not source[0].isalnum() and source[0] != "_":
            raise self.error("an identifier")
        self.at += 1
        return source

    def name(self) -> list[str]:
        """A dotted name."""
        parts = [self.identifier()]
        while self.accept("."):
            parts.append(self.identifier())
        return parts

    def names(self) -> list[str]:
        """A list of simple names in parentheses."""
        self.expect("(")
        found = [self.identifier()]
        while self.accept(","):
            found.append(self.identifier())
        self.expect(")")
        return found

    def parens(self) -> str:
        """Read a balanced `( ... )`; the text between."""
        if not self.sees("("):
            raise self.error("'('")
        opened, depth = self.start + 1, 0
        while not self.done:
            word = self.word()
            depth += (word == "(") - (word == ")")
            if depth == 0:
                inner = self.text[opened : self.start]
                self.at += 1
                return inner
            self.at += 1
        raise self.error("')'")

    def rest(self) -> str:
        """Everything that is left, as written."""
        text = self.text[self.start : self.end]
        self.at = len(self.tokens)
        return text

    def until(self, *words: str) -> str:
        """The text up to the first of `words` outside parentheses and CASE ... END (or up to the
        end), as written."""
        begin, depth = self.start, 0
        while not self.done:
            word = self.word()
            if depth == 0 and word in words:
                break
            depth += (word in ("(", "[", "CASE")) - (word in (")", "]", "END"))
            self.at += 1
        return self.text[begin : self.start].rstrip()

    def finish(self) -> None:
        """Raise PARSE_SYNTAX_ERROR if anything is left."""
        if not self.done:
            raise self.error("the end of the statement")

    def error(self, expected: str = "") -> SqlError:
        """PARSE_SYNTAX_ERROR at the current token."""
        line = self.text.count("\n", 0, self.start) + 1
        column = self.start - (self.text.rfind("\n", 0, self.start) + 1) + 1
        near = "" if self.done else self.source(self.tokens[self.at])
        return syntax_error(near, line, column, expected)
