"""Reading sqlglot's trees: what stands where in them."""

from __future__ import annotations

from collections.abc import Iterator

from sqlglot import exp

from f1mesh.warehouse.errors import SqlError
from f1mesh.warehouse.sql.coercion import WHOLE, Type, decimal
from f1mesh.warehouse.sql.spans import span
from f1mesh.warehouse.sql.tokens import Cursor
from f1mesh.warehouse.sql.types import read_type, sql_type


def values_of(node: exp.Expr) -> Iterator[exp.Expr]:
    """What a CASE or its like may give."""
    if isinstance(node, exp.Case):
        yield from (branch.args["true"] for branch in node.args["ifs"])
        found = [node.args.get("default")]
    elif isinstance(node, exp.If | exp.Nvl2):
        found = [node.args.get("true"), node.args.get("false")]
    else:
        found = [node.this, *node.expressions]
    yield from (value for value in found if isinstance(value, exp.Expr))


def branches(node: exp.Expr) -> Iterator[exp.Expr]:
    """The queries that a chain of set operations joins, from the left."""
    chain = []
    while isinstance(node, exp.SetOperation):
        chain.append(node.args["expression"])
        node = node.this
    yield node
    yield from reversed(chain)


def alias_columns(node: exp.Expr) -> list[str]:
    alias = node.args.get("alias")
    return [c.name for c in alias.columns] if isinstance(alias, exp.TableAlias) else []


def as_written(node: exp.Expr, kind: Type) -> Type:
    """A whole number that is written out counts among decimals with the digits that it has."""
    number = node.this if isinstance(node, exp.Neg) else node
    if isinstance(number, exp.Literal) and not number.is_string and kind in WHOLE:
        return decimal(len(number.name.lstrip("0")) or 1, 0)
    return kind


def cast_type(node: exp.Cast) -> Type:
    to = node.args["to"]
    if not isinstance(to, exp.DataType):
        return None
    if to.this in (exp.DType.TIMESTAMP, exp.DType.TIMESTAMPTZ, exp.DType.TIMESTAMPLTZ):
        return "timestamp"
    try:
        kind, _ = read_type(Cursor(to.sql(dialect="databricks")))
    except SqlError:
        return None
    return kind


_SIGNS: dict[type[exp.Expr], str] = {
    exp.Add: "+",
    exp.Sub: "-",
    exp.Mul: "*",
    exp.Div: "/",
    exp.Mod: "%",
}


def label(node: exp.Expr, text: str) -> str:
    """The name that a column has by its expression, as Spark and the engine write it."""
    if isinstance(node, exp.Column | exp.Dot):
        return node.name or str(node.expression.name)
    if isinstance(node, exp.Paren):
        return label(node.this, text)
    if isinstance(node, exp.Neg):
        return f"(- {label(node.this, text)})"
    sign = _SIGNS.get(type(node))
    if sign is not None:
        return f"({label(node.this, text)} {sign} {label(node.expression, text)})"
    if isinstance(node, exp.Literal):
        return node.name
    if isinstance(node, exp.Cast) and not isinstance(node, exp.TryCast):
        kind = cast_type(node)
        if kind is not None and not isinstance(node.this, exp.Literal):
            return f"CAST({label(node.this, text)} AS {sql_type(kind).upper()})"
    place = span(node)
    written = text[place[0] : place[1]] if place else node.sql(dialect="databricks")
    return " ".join(written.split())
