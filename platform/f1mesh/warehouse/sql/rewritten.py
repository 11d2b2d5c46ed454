"""Functions that Sail 0.7 answers otherwise than Databricks, whatever the types."""

from __future__ import annotations

from collections.abc import Iterator

from sqlglot import exp

from f1mesh.warehouse.sql.repairs import Wrap, around, by_value
from f1mesh.warehouse.sql.spans import span


def capitalised(node: exp.Initcap) -> Iterator[Wrap]:
    """`initcap(x)`: words end at a blank; the engine ends them at every sign, as in O'Neil."""
    place, argument = span(node), span(node.this)
    if place is not None and argument is not None:
        word = "concat(upper(left(w, 1)), lower(substring(w, 2)))"
        after = f", ' '), w -> {word}), ' ')"
        yield Wrap(place, argument, "array_join(transform(split(", after)


def counted_from(node: exp.Left | exp.Right) -> Iterator[Wrap]:
    """`left(x, n)` and `right(x, n)`: empty for a negative `n`, where the engine leaves signs out
    at the other end."""
    count = node.args["expression"]
    if not isinstance(count, exp.Literal):
        yield from around(count, *by_value("if(v < 0, 0, v)"))


def day_of_week(node: exp.Expr) -> Iterator[Wrap]:
    """`extract(dow from x)`, `date_part('dow', x)`: 1 to 7 from Sunday on, and 0 to 6 in the
    engine. `weekday(x)`: 0 to 6 from Monday on, where the engine gives -1 for a Sunday."""
    if isinstance(node, exp.Extract):
        of_week = node.name.upper() == "DOW"
    elif node.name.lower() == "weekday":
        yield from around(node, "pmod(", ", 7)")
        return
    else:
        part = node.expressions[0] if node.expressions else None
        named = isinstance(part, exp.Literal) and part.name.upper() == "DOW"
        of_week = named and node.name.lower() in ("date_part", "datepart")
    if of_week:
        yield from around(node, "(", " + 1)")
