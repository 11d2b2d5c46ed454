"""How an expression is written for the engine where its own answer would differ in silence.

Every repair puts text around an expression and leaves what is inside as it was written. What Sail
0.7 does instead is said at each; the known answers in `tests/warehouse/test_answers.py` say when a
repair may go.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from sqlglot import exp

from f1mesh.warehouse.errors import unsupported
from f1mesh.warehouse.sql.coercion import (
    APPROXIMATE,
    MAX_PRECISION,
    VOID,
    WHOLE,
    Type,
    decimal,
    digits,
    is_decimal,
)
from f1mesh.warehouse.sql.spans import Span, before_colons, span
from f1mesh.warehouse.sql.types import DeltaType, sql_type

_MORE_DIGITS = 4  # of a quotient, than its dividend has
_ROOM = {"byte": 3, "short": 5, "integer": 10, "long": 19}
_ROOM_OF_SUM = 10  # digits: of ten thousand million rows
MAX_CHECKED = 20  # operations of one chain that are checked one by one
_MOMENTS = ("timestamp", "timestamp_ntz")
_FORMATS = re.compile(r"%[-#+ 0,(]*\d*(?:\.\d+)?([a-zA-Z%])")
_DAY_ZERO = "date'1970-01-01'"


@dataclass(frozen=True)
class Wrap:
    """Text around what stands at `inner`; what of `outer` is outside of it goes away."""

    outer: Span
    inner: Span
    before: str
    after: str


def around(node: exp.Expr, before: str, after: str) -> Iterator[Wrap]:
    """A wrap of a whole expression; none where its place is not known."""
    place = span(node)
    if place is not None:
        yield Wrap(place, place, before, after)


def by_value(test: str) -> tuple[str, str]:
    """What stands before and behind an expression that `test` calls v: evaluated once."""
    return "element_at(transform(array(", f"), v -> {test}), 1)"


def cast_to(node: exp.Expr, kind: DeltaType) -> Iterator[Wrap]:
    yield from around(node, "cast(", f" as {sql_type(kind)})")


def checked_arithmetic(steps: Sequence[tuple[exp.Expr, Type]]) -> Iterator[Wrap]:
    """`a + b`, `a - b`, `a * b` of whole numbers, as a chain from the left: the engine wraps around
    where the result does not fit. Computed as decimals, which have room, and cast back, which
    fails. Of a long chain only the end is checked, for the engine reads casts by recursion."""
    if not steps:
        return
    checked = steps if len(steps) <= MAX_CHECKED else steps[-1:]
    first = steps[0][0].this if len(steps) > MAX_CHECKED else None
    for node, kind in checked:
        start = first or node.this
        if kind in WHOLE and span(node) is not None and span(start) is not None:
            yield from cast_to(start, f"decimal({_ROOM[str(kind)]},0)")
            yield from cast_to(node, str(kind))


def checked_decimals(node: exp.Expr, one: Type, two: Type) -> Iterator[Wrap]:
    """`a + b`, `a - b` of decimals whose result may have more than 38 digits: the engine gives 39,
    up to the 1.7e38 at which its integers end."""
    left, right = digits(one), digits(two)
    if not left or not right or not (is_decimal(one) or is_decimal(two)):
        return
    scale = max(left[1], right[1])
    if max(left[0] - left[1], right[0] - right[1]) + scale < MAX_PRECISION:
        return
    most = f"{'9' * (MAX_PRECISION - scale)}.{'9' * scale}".rstrip(".")
    limit = f"cast('{most}' as decimal({MAX_PRECISION},{scale}))"
    raised = "raise_error('[ARITHMETIC_OVERFLOW] a decimal has more than 38 digits.')"
    yield from around(node, *by_value(f"if(abs(v) <= {limit}, v, {raised})"))


def exact_quotient(node: exp.Div, one: Type, kind: Type) -> Iterator[Wrap]:
    """`a / b` of decimals: the engine gives four more digits than `a` has and cuts off the rest.
    Computed with a digit more than the result has, and rounded; a dividend that 38 digits do not
    hold so is an error."""
    left, result = digits(one), digits(kind)
    if not left or not result or span(node) is None or span(node.this) is None:
        return
    scale = max(left[1], result[1] + 1 - _MORE_DIGITS)
    precision = min(left[0] - left[1] + scale, MAX_PRECISION)
    yield from cast_to(node.this, decimal(precision, scale))
    yield from cast_to(node, _known(kind))


def exact_average(node: exp.Avg, kind: Type, result: Type) -> Iterator[Wrap]:
    """`avg` of decimals, with FILTER and OVER: as of a quotient."""
    size = digits(kind)
    if not is_decimal(kind) or not size or size[0] + 5 > MAX_PRECISION:
        return
    yield from _aggregated(node, decimal(size[0] + 1, size[1] + 1), _known(result))


def _aggregated(node: exp.Sum | exp.Avg, inner: str, outer: DeltaType) -> Iterator[Wrap]:
    """An aggregate of its argument as `inner`, cast to `outer` with all that belongs to it."""
    argument = node.this.expressions[0] if isinstance(node.this, exp.Distinct) else node.this
    whole: exp.Expr = node
    while isinstance(whole.parent, exp.Filter | exp.Window) and whole.arg_key == "this":
        whole = whole.parent
    if span(argument) is not None and span(whole) is not None:
        yield from cast_to(argument, inner)
        yield from cast_to(whole, outer)


def checked_sum(node: exp.Sum, kind: Type) -> Iterator[Wrap]:
    """`sum` of bigints, with FILTER and OVER: the engine wraps around. Narrower ones have room, and
    so have decimals each of which leaves ten digits for the sum; others are refused."""
    size = digits(kind) if is_decimal(kind) else None
    if kind == "long":
        yield from _aggregated(node, decimal(MAX_PRECISION, 0), kind)
    elif size and size[0] > MAX_PRECISION - _ROOM_OF_SUM:
        argument = node.this.expressions[0] if isinstance(node.this, exp.Distinct) else node.this
        limit = f"cast('1{'0' * (MAX_PRECISION - _ROOM_OF_SUM - size[1])}' as {kind})"
        if size[1] > MAX_PRECISION - _ROOM_OF_SUM:
            limit = f"cast('0.{'0' * (size[1] - MAX_PRECISION + _ROOM_OF_SUM - 1)}1' as {kind})"
        raised = (
            "raise_error('[UNSUPPORTED_FEATURE] The embedded warehouse does not sum decimals of "
            "more than 28 digits. Cast them to doubles.')"
        )
        yield from around(argument, *by_value(f"if(abs(v) >= {limit}, {raised}, v)"))


def of_one_type(nodes: Sequence[exp.Expr], kinds: Sequence[Type], kind: Type) -> Iterator[Wrap]:
    """Alternatives (CASE, coalesce, rows of VALUES): where they differ in type, the engine takes
    one of the types for all, and a double among decimals loses its digits."""
    for node, own in zip(nodes, kinds, strict=True):
        if differs(own, kind) and own != VOID:
            yield from cast_to(node, _known(kind))


def differs(own: Type, kind: Type) -> bool:
    """Whether a value of the type `own` needs a cast to be of type `kind`."""
    return own is not None and kind is not None and sql_type(own) != sql_type(kind)


def _known(kind: Type) -> DeltaType:
    assert kind is not None
    return kind


def text_of(node: exp.Expr, kind: Type) -> Iterator[Wrap]:
    """An argument that is read as text: the engine writes timestamps and floating point numbers
    otherwise there than a cast does."""
    if kind in APPROXIMATE:
        yield from around(node, *FLOATING)
    elif kind in _MOMENTS:
        yield from cast_to(node, "string")


# A cast writes 1e7 as 10000000.0; inside an array the engine writes 1.0E7, as Databricks does.
FLOATING = ("nullif(nullif(btrim(cast(array(", ") as string), '[]'), 'NULL'), 'null')")


def texts_of(node: exp.Expr, kind: Type) -> Iterator[Wrap]:
    """An array whose elements are read as text (`array_join`)."""
    element = kind.get("elementType") if isinstance(kind, dict) else None
    if element in APPROXIMATE:
        yield from around(node, "transform(", f", v -> {FLOATING[0]}v{FLOATING[1]})")
    elif element in _MOMENTS:
        yield from around(node, "transform(", ", v -> cast(v as string))")


def formatted(node: exp.Format | exp.Anonymous, kinds: Mapping[int, Type]) -> Iterator[Wrap]:
    """The values that `format_string` and `printf` write by `%s`. Raises UNSUPPORTED_FEATURE where
    the format does not say by itself which those are."""
    given = list(node.expressions)
    pattern = node.this if isinstance(node, exp.Format) else given.pop(0)
    odd = [v for v in given if kinds.get(id(v)) in (*APPROXIMATE, *_MOMENTS)]
    if not odd:
        return
    if not isinstance(pattern, exp.Literal) or "$" in pattern.name:
        raise unsupported("format_string with this format", "Cast what it writes to strings.")
    ways = [way for way in _FORMATS.findall(pattern.name) if way not in "%n"]
    for value, way in zip(given, ways, strict=False):
        if way in "sS":
            yield from text_of(value, kinds.get(id(value)))


def cast_to_text(node: exp.Cast, kind: Type, text: str) -> Iterator[Wrap]:
    """`cast(x as string)`, `x::string` and `string(x)`, the last of which writes timestamps as
    ISO 8601."""
    outer = span(node)
    inner = span(node.this) or before_colons(outer, text)
    if outer is None or inner is None:
        return
    if kind in APPROXIMATE:
        yield Wrap(outer, inner, *FLOATING)
    elif text[outer[0] : inner[0]].lower().startswith("string"):
        yield Wrap(outer, inner, "cast(", " as string)")


def difference_of_dates(node: exp.Expr) -> Iterator[Wrap]:
    """`date - date` is an interval of days; the engine gives their number."""
    for side in (node.this, node.args["expression"]):
        yield from cast_to(side, "timestamp")
    yield from around(node, "cast((", ") as interval day)")


def truncated(node: exp.TimestampTrunc, kind: Type) -> Iterator[Wrap]:
    """`date_trunc` gives a timestamp; the engine one without zone for a date."""
    if kind in ("date", "timestamp_ntz"):
        yield from cast_to(node, "timestamp")


def range_over_dates(node: exp.Window, kind: Type) -> Iterator[Wrap]:
    """RANGE with a bound of days over dates: the engine takes all rows before."""
    order, spec = node.args.get("order"), node.args.get("spec")
    if not isinstance(order, exp.Order) or not isinstance(spec, exp.WindowSpec):
        return
    bounds = [b for b in (spec.args.get("start"), spec.args.get("end")) if isinstance(b, exp.Expr)]
    if str(spec.args.get("kind")).upper() != "RANGE" or not bounds or len(order.expressions) != 1:
        return
    key = order.expressions[0]
    key = key.this if isinstance(key, exp.Ordered) else key
    if kind in (None, "date") and any(isinstance(b, exp.Interval) for b in bounds):
        yield from cast_to(key, "timestamp")
    elif kind == "date":
        yield from around(key, "datediff(", f", {_DAY_ZERO})")


def half_to_even(node: exp.Anonymous | exp.Rint, kind: Type, text: str) -> Iterator[Wrap]:
    """`bround(x)` and `rint(x)`: the engine rounds halves away from zero. Raises
    UNSUPPORTED_FEATURE for what cannot be written otherwise."""
    argument = node.this if isinstance(node, exp.Rint) else node.expressions[0]
    scale = node.expressions[1:2] if isinstance(node, exp.Anonymous) else []
    outer, inner, size = span(node), span(argument), digits(kind)
    if isinstance(node, exp.Anonymous) and kind in WHOLE:
        return
    plain = not scale or (isinstance(scale[0], exp.Literal) and scale[0].name == "0")
    exact = kind in APPROXIMATE or isinstance(node, exp.Rint) or (size and size[0] <= 15)
    if outer is None or inner is None or not plain or not exact:
        raise unsupported(
            f"`{text[outer[0] : outer[1]] if outer else node.name}`",
            "Use round, or cast to double and round to whole numbers.",
        )
    before, after = by_value("if(abs(v - round(v)) = 0.5D, 2D * round(v / 2D), round(v))")
    before, after = f"{before}cast(", f" as double){after}"
    if is_decimal(kind) and size and isinstance(node, exp.Anonymous):
        before, after = f"cast({before}", f"{after} as decimal({size[0] - size[1] + 1},0))"
    yield Wrap(outer, inner, before, after)


def ordered(wraps: Iterable[Wrap]) -> list[tuple[int, int, str]]:
    """All wraps as replacements of text (start, end, by), those at one place from the outermost to
    the innermost before it, and the other way behind it. Later wraps are around earlier ones."""
    numbered = list(enumerate(wraps))
    opening = sorted(numbered, key=lambda n: (n[1].outer[0], -n[1].outer[1], -n[0]))
    closing = sorted(numbered, key=lambda n: (n[1].outer[1], -n[1].outer[0], n[0]))
    return [
        *((w.inner[1], w.outer[1], w.after) for _, w in closing),
        *((w.outer[0], w.inner[0], w.before) for _, w in opening),
    ]
