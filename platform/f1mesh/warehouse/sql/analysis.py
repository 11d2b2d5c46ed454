"""Types of a statement's expressions, found where the statement says them, and the repairs due.

Only what is certain counts: columns of tables and views, literals, casts, arithmetic, and functions
whose result has one type (`functions.py`). An expression of unknown type is left as written.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace

from sqlglot import exp

from f1mesh.warehouse.errors import SqlError
from f1mesh.warehouse.sql import repairs
from f1mesh.warehouse.sql.coercion import (
    VOID,
    WHOLE,
    Type,
    array_type,
    common_type,
    decimal,
    engine_type,
    is_decimal,
    literal_type,
    product_type,
    quotient_type,
    same_shape,
    struct_type,
    sum_type,
)
from f1mesh.warehouse.sql.functions import READS_TEXT, result_type
from f1mesh.warehouse.sql.literals import quote_name
from f1mesh.warehouse.sql.repairs import Wrap
from f1mesh.warehouse.sql.scopes import Columns, Field, Names, Source, field_type, renamed
from f1mesh.warehouse.sql.spans import span
from f1mesh.warehouse.sql.tokens import Cursor
from f1mesh.warehouse.sql.types import read_type, sql_type

TableColumns = Callable[[exp.Table], Columns]
_CONSTANT = (exp.Interval, exp.Limit, exp.Offset, exp.WindowSpec, exp.DataType, exp.TableSample)


@dataclass
class Output:
    """A column of a query's result, and where it comes from: a projection, or a star."""

    name: str
    type: Type
    node: exp.Expr | None  # None: no single place, as in a UNION in brackets
    source: str | None = None  # the table that a star takes it from


@dataclass
class Analysis:
    """Collects the repairs of one statement."""

    text: str
    table_columns: TableColumns
    wraps: list[Wrap] = field(default_factory=list)
    _ordering: dict[int, Type] = field(default_factory=dict)  # of ORDER BY, by the node's identity

    def statement(self, tree: exp.Expr) -> None:
        """Find all repairs of a statement."""
        if isinstance(tree, exp.Merge):
            self._merge(tree)
        else:
            self.query(tree, Names())

    def _merge(self, tree: exp.Merge) -> None:
        names = Names()
        names = names.reading(
            [self._source(tree.this, names), self._source(tree.args["using"], names)]
        )
        for part in (tree.args["on"], tree.args["whens"]):
            self.expression(part, names)

    # -- queries

    def query(self, node: exp.Expr, names: Names) -> list[Output] | None:
        """The columns of a query; None where they are not known."""
        names = self._with(node, names)
        if isinstance(node, exp.Select):
            return self._select(node, names)
        if isinstance(node, exp.SetOperation):
            return self._set_operation(node, names)
        if isinstance(node, exp.Subquery | exp.Paren):
            return self.query(node.this, names)
        if isinstance(node, exp.Values):
            return self._values(node, names)
        if isinstance(node, exp.Table):
            columns = self._source(node, names).columns
            return None if columns is None else [Output(f.name, f.type, None) for f in columns]
        self._children(node, names)
        return None

    def _with(self, node: exp.Expr, names: Names) -> Names:
        with_ = node.args.get("with_")
        if not isinstance(with_, exp.With):
            return names
        for cte in with_.expressions:
            inner = names
            if with_.args.get("recursive"):
                inner = names.with_cte(cte.alias, None)
            found = _columns(self.query(cte.this, inner))
            if with_.args.get("recursive"):
                found = None
            names = names.with_cte(cte.alias, renamed(found, _alias_columns(cte)))
        return names

    def _select(self, node: exp.Select, names: Names) -> list[Output] | None:
        names = self._reading(node, names)
        outputs: list[Output] | None = []
        for projection in node.expressions:
            found = self._projection(projection, names, node)
            outputs = None if outputs is None or found is None else [*outputs, *found]
        ordering = names
        if outputs is not None:
            aliases = Source("", tuple(Field(o.name, o.type) for o in outputs if o.source is None))
            ordering = replace(names, sources=(aliases,), outer=names)
        for key, value in node.args.items():
            if key in ("with_", "expressions", "from_", "joins", "laterals", "hint"):
                continue
            place = ordering if key in ("order", "sort") else names
            for child in value if isinstance(value, list) else [value]:
                if isinstance(child, exp.Expr):
                    self.expression(child, place)
        return outputs

    def _projection(self, node: exp.Expr, names: Names, select: exp.Select) -> list[Output] | None:
        if node.is_star:
            return _starred(node, names, select)
        before = len(self.wraps)
        kind = self.expression(node, names)
        name = node.alias if isinstance(node, exp.Alias) else label(node, self.text)
        if len(self.wraps) > before:
            self._name(node, name)
        return [Output(name, kind, node)]

    def _name(self, node: exp.Expr, name: str) -> None:
        """Keep the name that a column has by its expression."""
        if not isinstance(node, exp.Alias | exp.Aliases):
            self.wraps += repairs.around(node, "", f" as {quote_name(name)}")

    def _reading(self, node: exp.Select, names: Names) -> Names:
        """The names with everything that stands in FROM."""
        from_ = node.args.get("from_")
        joins = list(node.args.get("joins") or [])
        if from_ is not None:
            names = names.reading([self._source(from_.this, names)])
            joins = [*(from_.this.args.get("joins") or []), *joins]
        for join in joins:
            names = names.reading([self._source(join.this, names)])
            if join.args.get("on") is not None:
                self.expression(join.args["on"], names)
        for lateral in node.args.get("laterals") or []:
            names = names.reading([self._source(lateral, names)])
        return names

    def _source(self, node: exp.Expr, names: Names) -> Source:
        """A table, subquery, list of values or function in FROM."""
        listed = _alias_columns(node)
        columns: Columns = None
        if node.args.get("pivots"):
            self._children(node, names)
            return Source(node.alias_or_name, None)
        if isinstance(node, exp.Table) and isinstance(node.this, exp.Identifier):
            name = node.name.lower()
            known = not node.db and name in names.ctes
            columns = names.ctes[name] if known else self.table_columns(node)
        elif isinstance(node, exp.Subquery | exp.Values | exp.Query):
            columns = _columns(self.query(node, Names(names.ctes)))
        else:
            self._children(node, names)
        return Source(node.alias_or_name, renamed(columns, listed))

    def _values(self, node: exp.Values, names: Names) -> list[Output] | None:
        rows = [r.expressions if isinstance(r, exp.Tuple) else [r] for r in node.expressions]
        if len({len(row) for row in rows}) != 1:
            return None
        kinds = [[self.expression(cell, names) for cell in row] for row in rows]
        outputs = []
        for i, (cells, own) in enumerate(
            zip(zip(*rows, strict=True), zip(*kinds, strict=True), strict=True)
        ):
            kind = common_type(own)
            self.wraps += repairs.of_one_type(cells, own, kind)
            outputs.append(Output(f"col{i + 1}", kind, None))
        return outputs

    def _set_operation(self, node: exp.SetOperation, names: Names) -> list[Output] | None:
        branches = [self.query(branch, names) for branch in _branches(node)]
        self._children(node, names, skip=("this", "expression", "with_", "order"))
        known = [b for b in branches if b is not None]
        if len(known) < len(branches) or len({len(b) for b in known}) != 1:
            return None
        kinds = [common_type([b[i].type for b in known]) for i in range(len(known[0]))]
        for branch in known:
            self._cast_branch(branch, kinds)
        return [Output(o.name, k, None) for o, k in zip(known[0], kinds, strict=True)]

    def _cast_branch(self, branch: Sequence[Output], kinds: Sequence[Type]) -> None:
        """Give a branch of a UNION the types of the whole: the engine would take the first one's,
        and match structs by the names of their fields."""
        stars: dict[int, exp.Expr] = {}
        for output, kind in zip(branch, kinds, strict=True):
            if output.node is None or kind is None or not repairs.differs(output.type, kind):
                continue
            if output.node.is_star:
                stars[id(output.node)] = output.node
                continue
            inner = output.node.this if isinstance(output.node, exp.Alias) else output.node
            self.wraps += repairs.cast_to(inner, kind)
            self._name(output.node, output.name)
        for star in stars.values():
            self._spell_out(star, zip(branch, kinds, strict=True))

    def _spell_out(self, star: exp.Expr, columns: Iterable[tuple[Output, Type]]) -> None:
        """Write the columns of a star that gives one which has to be cast."""
        place = span(star)
        if place is not None:
            items = ", ".join(_starred_item(o, kind) for o, kind in columns if o.node is star)
            self.wraps.append(Wrap(place, (place[1], place[1]), items, ""))

    # -- expressions

    def expression(self, node: exp.Expr, names: Names) -> Type:
        """The type of an expression, after noting the repairs in it."""
        if isinstance(node, exp.Query):
            columns = self.query(node, names.inside())
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
            target = _cast_type(node)
            if not same_shape(kind, target):
                raise _other_shape(kind, target)
            if target == "string" and not isinstance(node, exp.TryCast):
                self.wraps += repairs.cast_to_text(node, kind, self.text)
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
        if isinstance(node, exp.Sum):
            self.wraps += repairs.checked_sum(node, argument)
        elif isinstance(node, exp.Avg):
            self.wraps += repairs.exact_average(node, argument, result_type(node, argument))
        elif isinstance(node, exp.Window):
            self.wraps += repairs.range_over_dates(node, _order_type(node, self._ordering))
        elif isinstance(node, exp.Rint):
            self.wraps += repairs.half_to_even(node, argument, self.text)
        elif isinstance(node, exp.Anonymous) and node.name.lower() == "bround" and node.expressions:
            kind = kinds.get(id(node.expressions[0]))
            self.wraps += repairs.half_to_even(node, kind, self.text)
        elif isinstance(node, exp.TimestampTrunc):
            self.wraps += repairs.truncated(node, argument)
        elif isinstance(node, exp.Ordered):
            self._ordering[id(node)] = argument
        elif isinstance(node, READS_TEXT):
            for child in node.iter_expressions():
                self.wraps += repairs.text_of(child, kinds.get(id(child)))

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
            if kind in WHOLE and right in WHOLE:
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
        one, two = _as_written(node.this, left), _as_written(node.args["expression"], right)
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
            one, two = _as_written(node.this, one), _as_written(node.expression, two)
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
            return array_type(common_type(kinds))
        keys = [
            e.this.name if isinstance(e, exp.PropertyEQ) else e.alias_or_name or f"col{i + 1}"
            for i, e in enumerate(node.expressions)
        ]
        return struct_type(keys, kinds)

    def _alternatives(self, node: exp.Expr, names: Names) -> Type:
        """CASE, if, coalesce, greatest: values of which one is taken."""
        values = list(_values_of(node))
        for value in node.args.values():
            for child in value if isinstance(value, list) else [value]:
                if isinstance(child, exp.If) and isinstance(node, exp.Case):
                    self.expression(child.this, names)
                elif isinstance(child, exp.Expr) and not any(child is v for v in values):
                    self.expression(child, names)
        kinds = [self.expression(value, names) for value in values]
        kind = common_type(kinds)
        self.wraps += repairs.of_one_type(values, kinds, kind)
        return kind


def _as_written(node: exp.Expr, kind: Type) -> Type:
    """A whole number that is written out counts among decimals with the digits that it has."""
    number = node.this if isinstance(node, exp.Neg) else node
    if isinstance(number, exp.Literal) and not number.is_string and kind in WHOLE:
        return decimal(len(number.name.lstrip("0")) or 1, 0)
    return kind


def _order_type(node: exp.Window, kinds: dict[int, Type]) -> Type:
    order = node.args.get("order")
    listed = order.expressions if isinstance(order, exp.Order) else []
    return kinds.get(id(listed[0])) if listed else None


def _values_of(node: exp.Expr) -> Iterator[exp.Expr]:
    """What a CASE or its like may give."""
    if isinstance(node, exp.Case):
        yield from (branch.args["true"] for branch in node.args["ifs"])
        found = [node.args.get("default")]
    elif isinstance(node, exp.If | exp.Nvl2):
        found = [node.args.get("true"), node.args.get("false")]
    else:
        found = [node.this, *node.expressions]
    yield from (value for value in found if isinstance(value, exp.Expr))


def _branches(node: exp.Expr) -> Iterator[exp.Expr]:
    """The queries that a chain of set operations joins, from the left."""
    chain = []
    while isinstance(node, exp.SetOperation):
        chain.append(node.args["expression"])
        node = node.this
    yield node
    yield from reversed(chain)


def _starred(node: exp.Expr, names: Names, select: exp.Select) -> list[Output] | None:
    """The columns that `*` or `t.*` stands for; None where that is not certain."""
    star = node.this if isinstance(node, exp.Column) else node
    joined = [j for j in select.args.get("joins") or [] if j.args.get("using") or j.method]
    semi = [j for j in select.args.get("joins") or [] if j.kind in ("SEMI", "ANTI")]
    if any(star.args.values()) or joined or semi or not isinstance(star, exp.Star):
        return None
    table = node.table.lower() if isinstance(node, exp.Column) else None
    sources = [s for s in names.sources if table is None or s.alias.lower() == table]
    outputs: list[Output] = []
    for source in sources:
        if source.columns is None:
            return None
        outputs += [Output(f.name, f.type, node, source.alias) for f in source.columns]
    return outputs or None


def _starred_item(output: Output, kind: Type) -> str:
    name = quote_name(output.name)
    column = f"{quote_name(output.source)}.{name}" if output.source else name
    if kind is None or not repairs.differs(output.type, kind):
        return column
    return f"cast({column} as {sql_type(kind)}) as {name}"


def _columns(outputs: list[Output] | None) -> Columns:
    return None if outputs is None else tuple(Field(o.name, o.type) for o in outputs)


def _alias_columns(node: exp.Expr) -> list[str]:
    alias = node.args.get("alias")
    return [c.name for c in alias.columns] if isinstance(alias, exp.TableAlias) else []


def _cast_type(node: exp.Cast) -> Type:
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


def _other_shape(kind: Type, target: Type) -> SqlError:
    """The engine would match the fields by name, and leave some out or make up nulls."""
    assert kind is not None and target is not None
    return SqlError(
        "DATATYPE_MISMATCH.CAST_WITHOUT_SUGGESTION",
        f"Cannot cast {sql_type(kind)} to {sql_type(target)}: a struct is cast field by field, and "
        "they have not as many. Name the fields with named_struct.",
        "42K09",
    )


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
        kind = _cast_type(node)
        if kind is not None and not isinstance(node.this, exp.Literal):
            return f"CAST({label(node.this, text)} AS {sql_type(kind).upper()})"
    place = span(node)
    written = text[place[0] : place[1]] if place else node.sql(dialect="databricks")
    return " ".join(written.split())


def repairs_of(
    text: str, tree: exp.Expr, table_columns: TableColumns
) -> list[tuple[int, int, str]]:
    """The replacements (start, end, by) in a statement's text that make the engine's answers those
    of Databricks. Raises UNSUPPORTED_FEATURE for what it gets wrong and cannot be rewritten."""
    analysis = Analysis(text, table_columns)
    analysis.statement(tree)
    return repairs.ordered(analysis.wraps)


def query_columns(text: str, tree: exp.Expr, table_columns: TableColumns) -> Columns:
    """The columns of a query with their types, as far as they are known."""
    return _columns(Analysis(text, table_columns).query(tree, Names()))
