"""sqlglot's parser, bent so that the operands it reads know their place in the text.

sqlglot keeps positions for identifiers only. An overridden method that it drops or renames leaves
operands without a place, which the test sees.

Tied to sqlglot 30.30.0; tests/test_ties.py says when this may go.
"""

from __future__ import annotations

from collections.abc import Callable

from sqlglot import TokenType, exp
from sqlglot.dialects.databricks import Databricks
from sqlglot.parsers.databricks import DatabricksParser

_SPAN = "f1_span"
_LITERALS = (TokenType.NUMBER, TokenType.STRING)
Span = tuple[int, int]


class _Parser(DatabricksParser):
    """Databricks' parser; every operand and argument gets the offsets of its text."""

    _begin: int | None = None

    def _parse_expression(self) -> exp.Expr | None:
        return self._listed_literal() or super()._parse_expression()

    def _parse_select_or_expression(self, alias: bool = False) -> exp.Expr | None:
        return self._listed_literal() or super()._parse_select_or_expression(alias)

    def _listed_literal(self) -> exp.Expr | None:
        """A literal that is all there is between two commas or brackets: lists have a hundred
        thousand of them, and the way down to one has 25 steps."""
        token, after = self._curr, self._next
        if token is None or after is None or token.token_type not in _LITERALS:
            return None
        if after.token_type not in (TokenType.COMMA, TokenType.R_PAREN):
            return None
        self._advance()
        literal = exp.Literal(this=token.text, is_string=token.token_type == TokenType.STRING)
        literal.meta[_SPAN] = (token.start, token.end + 1)
        return literal

    def _parse_unary(self) -> exp.Expr | None:
        return self._noted(super()._parse_unary)

    def _parse_atom(self) -> exp.Expr | None:
        return self._noted(super()._parse_atom)

    def _parse_column(self) -> exp.Expr | None:
        return self._noted(super()._parse_column)

    def _parse_column_ops(self, this: exp.Expr | None) -> exp.Expr | None:
        """What stands before `::`, `.` or `[`, and with it."""
        if self._begin is not None:
            self._note(this, self._begin)
        return super()._parse_column_ops(this)

    def _noted(self, parse: Callable[[], exp.Expr | None]) -> exp.Expr | None:
        around, self._begin = self._begin, self._curr.start if self._curr else None
        begin = self._begin
        try:
            node = parse()
        finally:
            self._begin = around
        if begin is not None:
            self._note(node, begin)
        return node

    def _note(self, node: exp.Expr | None, begin: int) -> None:
        if node is not None and self._prev and _SPAN not in node.meta:
            node.meta[_SPAN] = (begin, self._prev.end + 1)


class SpannedDatabricks(Databricks):
    """Databricks' dialect with spans."""

    Parser = _Parser


def span(node: object) -> Span | None:
    """Where an expression stands in the text: start, and end (exclusive); None if not known, as of
    what the parser made up."""
    if not isinstance(node, exp.Expr):
        return None
    known: Span | None = node.meta.get(_SPAN)
    if known is not None or not isinstance(node, exp.Binary):
        return known
    spine = [node]  # from the left, for a chain may be longer than a stack is deep
    while isinstance(spine[-1].this, exp.Binary) and _SPAN not in spine[-1].this.meta:
        spine.append(spine[-1].this)
    left = span(spine[-1].this)
    for each in reversed(spine):
        right = span(each.args.get("expression"))
        if left is None or right is None or left[1] > right[0]:
            return None
        left = each.meta[_SPAN] = (left[0], right[1])
    return left


def before_colons(outer: Span | None, text: str) -> Span | None:
    """What stands before the last `::`, as in `1e7D::string` and `x::double::string`."""
    at = text.rfind("::", *outer) if outer else -1
    return (outer[0], at) if outer and at > 0 else None
