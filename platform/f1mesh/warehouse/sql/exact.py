"""Floating point numbers that become decimals: by the digits that they are written with.

Databricks reads 1.005D as the text `1.005`, of which a decimal of two places is 1.01. Sail 0.7
multiplies the binary number, which is a little less, and gets 1.00.
"""

from __future__ import annotations

from collections.abc import Iterator

from sqlglot import exp

from f1mesh.warehouse.sql.coercion import APPROXIMATE, Type, is_decimal
from f1mesh.warehouse.sql.repairs import FLOATING, Wrap, by_value
from f1mesh.warehouse.sql.spans import Span, before_colons, span

_MOST_PLACES = 18  # of `round`; its decimals have 38 digits, and 15 of a double stand before them
_WHOLE_FROM = "1e15D"  # from here on a double has no place behind the point that `round` may move

# The engine writes 0.00001 and 10000000.0 plainly, and 1e-6 and 1.5e20 by powers of ten.
_TEXT = "cast(abs(v) as string)"
_DIGITS = f"replace(split_part({_TEXT}, 'e', 1), '.', '')"
_POWER = f"try_cast(split_part({_TEXT}, 'e', 2) as int)"
_PLAIN = (
    f"concat(if(v < 0, '-', ''), case when {_TEXT} not like '%e%' then {_TEXT} "
    f"when {_POWER} < 0 then concat('0.', repeat('0', -{_POWER} - 1), {_DIGITS}) "
    f"else rpad({_DIGITS}, {_POWER} + 1, '0') end)"
)
_BY_TEXT = by_value(_PLAIN)


def assigned(column: str, kind: Type, target: Type) -> str:
    """A column as text, from which a cast to the type `target` is right; itself where it is."""
    if kind not in APPROXIMATE or not (is_decimal(target) or target == "string"):
        return column
    before, after = FLOATING if target == "string" else _BY_TEXT
    return f"{before}{column}{after}"


def decimal_by_text(node: exp.Cast, kind: Type, target: Type, text: str) -> Iterator[Wrap]:
    """`cast(x as decimal(p,s))` of a floating point number."""
    if kind not in APPROXIMATE or not is_decimal(target):
        return
    outer = span(node)
    inner: Span | None = span(node.this) or before_colons(outer, text)
    if inner is not None:
        yield Wrap(inner, inner, *_BY_TEXT)


def rounded(node: exp.Round, kind: Type) -> Iterator[Wrap]:
    """`round(x, n)` of a floating point number, to places behind the point."""
    places = node.args.get("decimals")
    if kind not in APPROXIMATE or not isinstance(places, exp.Literal) or places.is_string:
        return
    if not 0 < int(places.name) <= _MOST_PLACES:
        return
    exact = f"round(cast({_PLAIN} as decimal(38,20)), {places.name})"
    whole = f"if(abs(v) < {_WHOLE_FROM}, cast({exact} as {kind}), v)"
    place, argument = span(node), span(node.this)
    if place is not None and argument is not None:
        yield Wrap(place, argument, *by_value(whole))
