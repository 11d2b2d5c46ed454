"""The queries of a statement: which columns they have, of which types, and the repairs due.

A name means what the statement says: tables and views by the catalog, common table expressions and
subqueries by their own text. See `expressions.py` for what is inside them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace

from sqlglot import exp

from f1mesh.warehouse.errors import unsupported
from f1mesh.warehouse.sql import repairs
from f1mesh.warehouse.sql.coercion import APPROXIMATE, Type, common_type, is_decimal
from f1mesh.warehouse.sql.expressions import Expressions
from f1mesh.warehouse.sql.literals import quote_name
from f1mesh.warehouse.sql.repairs import Wrap
from f1mesh.warehouse.sql.scopes import Columns, Field, Names, Source, renamed
from f1mesh.warehouse.sql.spans import span
from f1mesh.warehouse.sql.trees import alias_columns, branches, label
from f1mesh.warehouse.sql.types import sql_type

TableColumns = Callable[[exp.Table], Columns]


@dataclass
class Output:
    """A column of a query's result, and where it comes from: a projection, or a star."""

    name: str
    type: Type
    node: exp.Expr | None  # None: no single place, as in a UNION in brackets
    source: str | None = None  # the table that a star takes it from


class Analysis(Expressions):
    """Collects the repairs of one statement."""

    def __init__(self, text: str, table_columns: TableColumns) -> None:
        super().__init__(text)
        self._table_columns = table_columns

    def columns(self, query: exp.Expr, names: Names) -> Columns:
        """The columns of a query; None where they are not known."""
        return _columns(self.query(query, names))

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

    def _compound(self, node: exp.Expr, names: Names) -> Type:
        if isinstance(node, exp.In) and node.args.get("query") is not None:
            return self._membership(node, names)
        return super()._compound(node, names)

    def _membership(self, node: exp.In, names: Names) -> Type:
        """`x in (query)`: a decimal and a double are compared as doubles."""
        kind = self.expression(node.this, names)
        outputs = self.query(node.args["query"], names.inside()) or []
        other = outputs[0].type if len(outputs) == 1 else None
        if is_decimal(kind) and other in APPROXIMATE:
            self.wraps += repairs.cast_to(node.this, "double")
        elif kind in APPROXIMATE and is_decimal(other):
            self._cast_branch(outputs, ["double"])
        return "boolean"

    def _with(self, node: exp.Expr, names: Names) -> Names:
        with_ = node.args.get("with_")
        if not isinstance(with_, exp.With):
            return names
        for cte in with_.expressions:
            inner = names
            if with_.args.get("recursive"):
                inner = names.with_cte(cte.alias, None)
            found = self.columns(cte.this, inner)
            if with_.args.get("recursive"):
                found = None
            names = names.with_cte(cte.alias, renamed(found, alias_columns(cte)))
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
            source = self._source(join.this, names)
            _refuse_unlike_keys(join, names, source)
            names = names.reading([source])
            if join.args.get("on") is not None:
                self.expression(join.args["on"], names)
        for lateral in node.args.get("laterals") or []:
            names = names.reading([self._source(lateral, names)])
        return names

    def _source(self, node: exp.Expr, names: Names) -> Source:
        """A table, subquery, list of values or function in FROM."""
        listed = alias_columns(node)
        columns: Columns = None
        if node.args.get("pivots"):
            self._children(node, names)
            return Source(node.alias_or_name, None)
        if isinstance(node, exp.Table) and isinstance(node.this, exp.Identifier):
            name = node.name.lower()
            known = not node.db and name in names.ctes
            columns = names.ctes[name] if known else self._table_columns(node)
        elif isinstance(node, exp.Subquery | exp.Values | exp.Query):
            columns = self.columns(node, Names(names.ctes))
        elif not isinstance(node, exp.Table):  # a function's arguments there have to be constants
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
        outputs = [self.query(branch, names) for branch in branches(node)]
        self._children(node, names, skip=("this", "expression", "with_", "order"))
        known = [b for b in outputs if b is not None]
        if len(known) < len(outputs) or len({len(b) for b in known}) != 1:
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


def _refuse_unlike_keys(join: exp.Join, names: Names, joined: Source) -> None:
    """Raise for JOIN ... USING of a decimal and a double, which the engine compares wrongly."""
    types = {f.name.lower(): f.type for f in joined.columns or ()}
    for key in join.args.get("using") or []:
        pair = (names.column(key.name, ""), types.get(key.name.lower()))
        if any(map(is_decimal, pair)) and any(kind in APPROXIMATE for kind in pair):
            raise unsupported("JOIN ... USING of a decimal and a double", "Join with ON.")


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
    return Analysis(text, table_columns).columns(tree, Names())
