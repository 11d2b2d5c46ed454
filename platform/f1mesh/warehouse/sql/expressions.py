"""Types of expressions, and the repairs that are due in them.

Only what is certain counts: columns of tables and views, literals, casts, arithmetic, and functions
whose result has one type (`functions.py`). An expression of unknown type is left as written.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass, field

from sqlglot import exp

from f1mesh.warehouse.errors import SqlError
from f1mesh.warehouse.sql import exact, repairs, rewritten
from f1mesh.warehouse.sql.coercion import (
    VOID,
    WHOLE,
    Type,
    array_type,
    common_type,
    engine_type,
    is_decimal,
    literal_type,
    product_type,
    quotient_type,
    same_shape,
    struct_type,
    sum_type,
)
from f1mesh.warehouse.sql.functions import READS_TEXT, READS_TEXT_BY_NAME, result_type
from f1mesh.warehouse.sql.meetings import compared, meeting
from f1mesh.warehouse.sql.repairs import Wrap
from f1mesh.warehouse.sql.scopes import Columns, Field, Names, Source, field_type
from f1mesh.warehouse.sql.trees import as_written, cast_type, values_of
from f1mesh.warehouse.sql.types import sql_type

_DAYS = ("weekday", "date_part", "datepart")
_CONSTANT = (exp.Interval, exp.Limit, exp.Offset, exp.WindowSpec, exp.DataType, exp.TableSample)


@dataclass
class Expressions(ABC):
    """Types the expressions of one statement and collects what has to be written around them."""

    text: str
    wraps: list[Wrap] = field(default_factory=list)
    _ordering: dict[int, Type] = field(default_factory=dict)  # of ORDER BY, by the node's identity

    @abstractmethod
    def columns(self, query: exp.Expr, names: Names) -> Columns:
        """The columns of a query inside an expression."""

    def expression(self, node: exp.Expr, names: Names) -> Type:
        """The type of an expression, after noting the repairs in it."""
        if isinstance(node, exp.Query):
            columns = self.columns(node, names.inside())
            return columns[0].type if columns and len(columns) == 1 else None
        if isinstance(node, exp.Literal):
            return "string" if node.is_string else literal_type(node.name)
        if isinstance(node, exp.Column):
            return None if node.is_star else names.column(node.name, node.table)
        if isinstance(node, exp.Dot):
            return field_type(self.expression(node.this, names), node.expression.name)
        if isinstance(node, exp.Boolean | exp.Null):
            return VOID if isinstance(node, exp.Null) else "boolean"
        if isinstance(node, _CONSTANT):
            return None
        if isinstance(node, exp.Lambda):
            parameters = tuple(Field(p.name, None) for p in node.expressions)
            return self.expression(node.this, names.reading([Source("", parameters)]))
        return self._compound(node, names)

    def _compound(self, node: exp.Expr, names: Names) -> Type:
        if isinstance(node, exp.Cast):
            kind = self.expression(node.this, names)
            target = cast_type(node)
            if not same_shape(kind, target):
                raise _other_shape(kind, target)
            if target == "string":
                self.wraps += repairs.cast_to_text(node, kind, self.text)
            self.wraps += exact.decimal_by_text(node, kind, target, self.text)
            return target
        if isinstance(node, exp.Add | exp.Sub | exp.Mul):
            return self._arithmetic(node, names)
        if isinstance(node, exp.Div):
            return self._quotient(node, names)
        if isinstance(node, exp.Struct | exp.Array):
            return self._nested(node, names)
        if isinstance(node, exp.Case | exp.If | exp.Coalesce | exp.Greatest | exp.Least | exp.Nvl2):
            return self._alternatives(node, names)
        kinds = dict(self._children(node, names))
        first = node.args.get("this")
        if isinstance(node, exp.Distinct) and node.expressions:
            first = node.expressions[0]
        argument = kinds.get(id(first))
        self._repair(node, argument, kinds)
        return result_type(node, argument)

    def _children(
        self, node: exp.Expr, names: Names, skip: Sequence[str] = ()
    ) -> list[tuple[int, Type]]:
        """The types of everything below a node, by the identity of the child."""
        found = []
        for key, value in node.args.items():
            if key in skip:
                continue
            for child in value if isinstance(value, list) else [value]:
                if isinstance(child, exp.Expr):
                    found.append((id(child), self.expression(child, names)))
        return found

    def _repair(self, node: exp.Expr, argument: Type, kinds: dict[int, Type]) -> None:
        self.wraps += meeting(node, kinds)
        if isinstance(node, exp.Sum):
            self.wraps += repairs.checked_sum(node, argument)
        elif isinstance(node, exp.Avg):
            self.wraps += repairs.exact_average(node, argument, result_type(node, argument))
        elif isinstance(node, exp.Window):
            self.wraps += repairs.range_over_dates(node, _order_type(node, self._ordering))
        elif isinstance(node, exp.Rint):
            self.wraps += repairs.half_to_even(node, argument, self.text)
        elif isinstance(node, exp.Anonymous) and _name(node) == "bround" and node.expressions:
            kind = kinds.get(id(node.expressions[0]))
            self.wraps += repairs.half_to_even(node, kind, self.text)
        elif isinstance(node, exp.Round):
            self.wraps += exact.rounded(node, argument)
        elif isinstance(node, exp.Extract) or _name(node) in _DAYS:
            self.wraps += rewritten.day_of_week(node)
        elif isinstance(node, exp.TimestampTrunc):
            self.wraps += repairs.truncated(node, argument)
        elif isinstance(node, exp.Ordered):
            self._ordering[id(node)] = argument
        elif isinstance(node, exp.ArrayToString):
            self.wraps += repairs.texts_of(node.this, argument)
        elif isinstance(node, exp.Format | exp.Anonymous) and _writes_formatted(node):
            self.wraps += repairs.formatted(node, kinds)
        elif isinstance(node, READS_TEXT) or _name(node) in READS_TEXT_BY_NAME:
            for child in node.iter_expressions():
                self.wraps += repairs.text_of(child, kinds.get(id(child)))
            if isinstance(node, exp.Initcap):
                self.wraps += rewritten.capitalised(node)
            elif isinstance(node, exp.Left | exp.Right):
                self.wraps += rewritten.counted_from(node)

    def _arithmetic(self, node: exp.Add | exp.Sub | exp.Mul, names: Names) -> Type:
        """A chain of sums or of products, from the left."""
        family = exp.Mul if isinstance(node, exp.Mul) else exp.Add | exp.Sub
        chain: list[exp.Expr] = [node]
        while isinstance(chain[-1].this, family):
            chain.append(chain[-1].this)
        chain.reverse()
        kind = self.expression(chain[0].this, names)
        whole: list[tuple[exp.Expr, Type]] = []
        for step in chain:
            right = self.expression(step.expression, names)
            joined = self._step(step, kind, right)
            if kind in WHOLE and right in WHOLE and not _is_small(step):
                whole.append((step, joined))
            kind = joined
        self.wraps += repairs.checked_arithmetic(whole)
        return kind

    def _step(self, node: exp.Expr, left: Type, right: Type) -> Type:
        """The type of one operation of a chain."""
        if isinstance(node, exp.Sub) and left == right == "date":
            self.wraps += repairs.difference_of_dates(node)
            return None
        if is_decimal(left) or is_decimal(right):
            return self._exact_step(node, left, right)
        if isinstance(node, exp.Mul):
            return product_type(left, right)
        return sum_type(left, right, minus=isinstance(node, exp.Sub))

    def _exact_step(self, node: exp.Expr, left: Type, right: Type) -> Type:
        """A sum or product with a decimal, in the type that Databricks gives it."""
        found = engine_type(left, right, isinstance(node, exp.Mul))
        one, two = as_written(node.this, left), as_written(node.args["expression"], right)
        if isinstance(node, exp.Mul):
            kind = product_type(one, two)
        else:
            self.wraps += repairs.checked_decimals(node, left, right)
            kind = sum_type(one, two, minus=isinstance(node, exp.Sub))
        if found is not None and kind is not None and repairs.differs(found, kind):
            self.wraps += repairs.cast_to(node, kind)
        return kind

    def _quotient(self, node: exp.Div, names: Names) -> Type:
        one, two = self.expression(node.this, names), self.expression(node.expression, names)
        if is_decimal(one) or is_decimal(two):
            one, two = as_written(node.this, one), as_written(node.expression, two)
        kind = quotient_type(one, two)
        if kind == "double":
            return kind
        wraps = list(repairs.exact_quotient(node, one, kind))
        self.wraps += wraps
        return kind if wraps else None

    def _nested(self, node: exp.Struct | exp.Array, names: Names) -> Type:
        """`named_struct(...)`, `struct(...)` and `array(...)`."""
        parts = [e.expression if isinstance(e, exp.PropertyEQ) else e for e in node.expressions]
        kinds = [self.expression(part, names) for part in parts]
        if isinstance(node, exp.Array):
            kind = common_type(kinds)
            if not isinstance(kind, str) or "string" in kinds:
                self.wraps += repairs.of_one_type(parts, kinds, kind)
            return array_type(kind)
        keys = [
            e.this.name if isinstance(e, exp.PropertyEQ) else e.alias_or_name or f"col{i + 1}"
            for i, e in enumerate(node.expressions)
        ]
        return struct_type(keys, kinds)

    def _alternatives(self, node: exp.Expr, names: Names) -> Type:
        """CASE, if, coalesce, greatest: values of which one is taken."""
        values = list(values_of(node))
        others: dict[int, Type] = {}
        for value in node.args.values():
            for child in value if isinstance(value, list) else [value]:
                if isinstance(child, exp.If) and isinstance(node, exp.Case):
                    others[id(child.this)] = self.expression(child.this, names)
                elif isinstance(child, exp.Expr) and not any(child is v for v in values):
                    others[id(child)] = self.expression(child, names)
        if isinstance(node, exp.Case) and node.this is not None:
            branches = [branch.this for branch in node.args["ifs"]]
            self.wraps += compared([node.this, *branches], others)
        kinds = [self.expression(value, names) for value in values]
        kind = common_type(kinds)
        self.wraps += repairs.of_one_type(values, kinds, kind)
        return kind


def _name(node: exp.Expr) -> str:
    """The name of a function that the parser has no class for."""
    return node.name.lower() if isinstance(node, exp.Anonymous) else ""


def _writes_formatted(node: exp.Format | exp.Anonymous) -> bool:
    return isinstance(node, exp.Format) or (_name(node) == "printf" and bool(node.expressions))


def _is_small(node: exp.Expr) -> bool:
    """Whether this is of two small numbers as written, as arguments that have to be constants are:
    `round(x, 1 + 1)`."""
    return all(
        isinstance(side, exp.Literal) and len(side.name) <= 2
        for side in (node.this, node.args["expression"])
    )


def _order_type(node: exp.Window, kinds: dict[int, Type]) -> Type:
    order = node.args.get("order")
    listed = order.expressions if isinstance(order, exp.Order) else []
    return kinds.get(id(listed[0])) if listed else None


def _other_shape(kind: Type, target: Type) -> SqlError:
    """The engine would match the fields by name, and leave some out or make up nulls."""
    assert kind is not None and target is not None
    return SqlError(
        "DATATYPE_MISMATCH.CAST_WITHOUT_SUGGESTION",
        f"Cannot cast {sql_type(kind)} to {sql_type(target)}: a struct is cast field by field, and "
        "they have not as many. Name the fields with named_struct.",
        "42K09",
    )
