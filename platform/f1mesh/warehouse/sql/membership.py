"""Conditions that the engine answers wrongly where a null meets them.

`x NOT IN (subquery)` is unknown where x or a row of the subquery is null. As a whole WHERE, or
joined to it by AND, engines answer that right. Anywhere else (below OR, inside NOT, CASE, coalesce,
IS NULL) Sail 0.7 takes unknown for false and the negation of it for true: a query would give, and a
change would change, other rows than it says.
"""

from __future__ import annotations

from sqlglot import exp

from f1mesh.warehouse.errors import unsupported

# Where unknown and false are the same, by the clause and the place in it.
_CONDITIONS = (
    (exp.Where, "this"), (exp.Having, "this"), (exp.Join, "on"), (exp.Merge, "on"),
    (exp.When, "condition"),
)  # fmt: skip


def refuse_unsure_membership(tree: exp.Expr) -> None:
    """Raise UNSUPPORTED_FEATURE for a subquery's IN at a place where the engine errs on null."""
    for membership in tree.find_all(exp.In):
        if membership.args.get("query") is not None and not _is_sure(membership):
            raise unsupported(
                "NOT IN (subquery) below OR, or IN (subquery) inside another expression, where a "
                "null decides",
                "Write NOT EXISTS or EXISTS.",
            )


def _is_sure(membership: exp.In) -> bool:
    """Unnegated below AND and OR (false and unknown are the same there), or NOT IN below AND."""
    node = _enclosed(membership)
    above = node.parent
    if isinstance(above, exp.Not):
        node = _enclosed(above)
        while isinstance(node.parent, exp.And):
            node = _enclosed(node.parent)
        return isinstance(node.parent, exp.Where | exp.Having)
    while isinstance(node.parent, exp.And | exp.Or):
        node = _enclosed(node.parent)
    return any(isinstance(node.parent, kind) and node.arg_key == key for kind, key in _CONDITIONS)


def _enclosed(node: exp.Expr) -> exp.Expr:
    """A node with the brackets that are around it."""
    while isinstance(node.parent, exp.Paren):
        node = node.parent
    return node
