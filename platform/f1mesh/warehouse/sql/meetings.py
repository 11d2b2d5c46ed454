"""Values that meet in one operation and have to be of one type.

Sail 0.7 takes a decimal with 15 digits behind the point for a decimal and a double that it
compares, or puts into one array: `1e-20D = 0.0` is true there, and `1e308D > 0.5` an error.
Databricks compares them as doubles.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from sqlglot import exp

from f1mesh.warehouse.errors import unsupported
from f1mesh.warehouse.sql import repairs
from f1mesh.warehouse.sql.coercion import APPROXIMATE, Type, common_type, is_decimal
from f1mesh.warehouse.sql.repairs import Wrap

_COMPARISONS = (
    exp.EQ, exp.NEQ, exp.GT, exp.GTE, exp.LT, exp.LTE, exp.NullSafeEQ, exp.NullSafeNEQ,
)  # fmt: skip
_OF_ARRAYS = (exp.ArrayExcept, exp.ArrayIntersect)
_OF_ARRAYS_BY_NAME = {"array_union", "arrays_overlap"}

Kinds = Mapping[int, Type]


def meeting(node: exp.Expr, kinds: Kinds) -> Iterator[Wrap]:
    """The casts that are due in an operation, by the types of what is below it."""
    if isinstance(node, exp.Nullif):
        yield from _nullif(node, kinds)
    elif isinstance(node, _OF_ARRAYS) or _name(node) in _OF_ARRAYS_BY_NAME:
        yield from _of_one_array(list(node.iter_expressions()), kinds)
    else:
        yield from compared(_sides(node), kinds)


def compared(sides: Sequence[exp.Expr], kinds: Kinds) -> Iterator[Wrap]:
    """Decimals beside an approximate number become doubles."""
    if any(kinds.get(id(side)) in APPROXIMATE for side in sides):
        for side in sides:
            if is_decimal(kinds.get(id(side))):
                yield from repairs.cast_to(side, "double")


def _sides(node: exp.Expr) -> list[exp.Expr]:
    if isinstance(node, _COMPARISONS):
        return [node.this, node.args["expression"]]
    if isinstance(node, exp.Between):
        return [node.this, node.args["low"], node.args["high"]]
    if isinstance(node, exp.In) and node.args.get("query") is None:
        return [node.this, *node.expressions]
    return []


def _nullif(node: exp.Nullif, kinds: Kinds) -> Iterator[Wrap]:
    one, two = node.this, node.args["expression"]
    if is_decimal(kinds.get(id(one))) and kinds.get(id(two)) in APPROXIMATE:
        raise unsupported("nullif of a decimal and a double", "Cast one of them to the other.")
    yield from compared([one, two], kinds)


def _of_one_array(arrays: Sequence[exp.Expr], kinds: Kinds) -> Iterator[Wrap]:
    own = [kinds.get(id(array)) for array in arrays]
    kind = common_type(own)
    if isinstance(kind, dict) and any(repairs.differs(each, kind) for each in own):
        for array in arrays:  # all of them: the engine also minds whether elements may be null
            yield from repairs.cast_to(array, kind)


def _name(node: exp.Expr) -> str:
    return node.name.lower() if isinstance(node, exp.Anonymous) else ""
