"""Conditions that the engine answers wrongly where a null meets them.

`x NOT IN (subquery)` is unknown where x or a row of the subquery is null. As a whole WHERE, or
joined to it by AND, engines answer that right. Anywhere else (below OR, inside NOT, CASE, coalesce)
Sail 0.7 takes unknown for false and the negation of it for true. A statement that changes rows by
such a condition would change others than it says.
"""

from __future__ import annotations

from sqlglot import exp

from f1mesh.warehouse.errors import unsupported
from f1mesh.warehouse.sql.references import parse, spelled_out
from f1mesh.warehouse.sql.tokens import tokenize


def refuse_unsure_membership(condition: str) -> None:
    """Raise UNSUPPORTED_FEATURE for a subquery's IN at a place where the engine errs on null."""
    text = f"select 1 where {condition}"
    for membership in parse(spelled_out(text, tokenize(text))).find_all(exp.In):
        if membership.args.get("query") is not None and not _is_sure(membership):
            raise unsupported(
                "NOT IN (subquery) below OR, or IN (subquery) inside another expression, as the "
                "condition of a change",
                "Write NOT EXISTS or EXISTS.",
            )


def _is_sure(membership: exp.In) -> bool:
    """Unnegated below AND and OR (false and unknown are the same there), or NOT IN below AND."""
    node = _above(membership)
    if isinstance(node, exp.Not):
        node = _above(node)
        joins: tuple[type[exp.Expr], ...] = (exp.And,)
    else:
        joins = (exp.And, exp.Or)
    while isinstance(node, joins):
        node = _above(node)
    return isinstance(node, exp.Where)


def _above(node: exp.Expr) -> exp.Expr | None:
    """The nearest enclosing node that is no bracket."""
    parent = node.parent
    while isinstance(parent, exp.Paren):
        parent = parent.parent
    return parent
