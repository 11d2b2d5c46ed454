"""What a query refers to: its tables with their places in the text, and what else is rewritten.

The query is parsed once (sqlglot, Databricks dialect) to know which names are tables and which are
common table expressions; the text itself is kept, and only the places found here are replaced.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache

from sqlglot import Token, TokenType, exp
from sqlglot.errors import ParseError

from f1mesh.warehouse.errors import SqlError, syntax_error, unsupported
from f1mesh.warehouse.sql.long_lists import parser_tokens
from f1mesh.warehouse.sql.spans import SpannedDatabricks
from f1mesh.warehouse.sql.spelling import Edit, doubled_quotes, name_of, spelled_out
from f1mesh.warehouse.sql.tokens import STRINGS, tokenize

ROW_FUNCTIONS = {  # the engine's, of which none reads a file
    "explode", "explode_outer", "explodeouter", "inline", "inline_outer", "json_tuple",
    "posexplode", "posexplode_outer", "posexplodeouter", "range", "sequence", "stack", "unnest",
}  # fmt: skip
_REACH_OUTSIDE = {  # of Spark: programs and files
    "input_file_block_length", "input_file_block_start", "input_file_name", "java_method",
    "reflect", "try_reflect",
}  # fmt: skip
_SESSION_FUNCTIONS = {
    "CURRENT_CATALOG", "CURRENT_SCHEMA", "CURRENT_DATABASE", "CURRENT_USER", "SESSION_USER",
}  # fmt: skip


@dataclass(frozen=True)
class TimeTravel:
    """`VERSION AS OF 3` or `TIMESTAMP AS OF '...'`: kind and operand as written."""

    kind: str
    operand: str


@dataclass(frozen=True)
class Reference:
    """A table's name in a query: text[start:end] is the name with its time travel."""

    start: int
    end: int
    parts: tuple[str, ...]
    aliased: bool
    travel: TimeTravel | None = None
    filters: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Qualified:
    """A column of three or more parts: all but the last, and where each starts in the text."""

    parts: tuple[str, ...]
    starts: tuple[int, ...]


@dataclass(frozen=True)
class SessionCall:
    """`current_schema()` and its like; `label` is the name that the column would have."""

    start: int
    end: int
    function: str
    label: str | None


@dataclass(frozen=True)
class ParsedQuery:
    """A query, and everything in it that depends on names (offsets are of `text`)."""

    text: str
    references: tuple[Reference, ...]
    columns: tuple[Qualified, ...]
    calls: tuple[SessionCall, ...]
    literals: tuple[Edit, ...]
    tree: exp.Expr | None = None  # None where there is nothing in it but constants


MAX_KEPT = 64 * 1024  # characters of a query that is kept parsed


def parse_query(text: str) -> ParsedQuery:
    """Read a query, or the part of an UPDATE, DELETE or MERGE. Raises PARSE_SYNTAX_ERROR."""
    return _kept(text) if len(text) <= MAX_KEPT else _parse_query(text)


@lru_cache(maxsize=256)
def _kept(text: str) -> ParsedQuery:
    return _parse_query(text)


def _parse_query(text: str) -> ParsedQuery:
    tokens = tokenize(text)
    if (plain := spelled_out(text, tokens)) != text:
        return parse_query(plain)
    literals = tuple(doubled_quotes(text, tokens))
    if not _may_refer(tokens) and not _may_differ(tokens):
        return ParsedQuery(text, (), (), tuple(_session_calls(text, tokens, None)), literals)
    tree = parse(text)
    nodes = list(tree.walk())
    _refuse_lossy_using(nodes)
    _refuse_unknown_sources(nodes)
    places = {token.start: i for i, token in enumerate(tokens)}
    references = [_reference(text, tokens, places, t) for t in _tables(tree, frozenset())]
    return ParsedQuery(
        text=text,
        references=tuple(r for r in references if r is not None),
        columns=tuple(_qualified_columns(nodes)),
        calls=tuple(_session_calls(text, tokens, tree)),
        literals=literals,
        tree=tree,
    )


def _may_refer(tokens: list[Token]) -> bool:
    """Whether there may be a table in it: a long list of VALUES need not be parsed."""
    words = {"SELECT", "FROM", "TABLE", "JOIN", "MERGE", "UPDATE", "DELETE"}
    return any(
        t.token_type not in STRINGS and len(t.text) <= 6 and t.text.upper() in words for t in tokens
    )


def _may_differ(tokens: list[Token]) -> bool:
    """Whether a list of VALUES may have rows of different types: exact and approximate numbers."""
    numbers = [t.text.lower() for t in tokens if t.token_type == TokenType.NUMBER]
    if not any("." in n and "e" not in n for n in numbers):
        return False
    words = {"DOUBLE", "FLOAT", "D", "F"}
    return any("e" in n for n in numbers) or any(t.text.upper() in words for t in tokens)


def parse(text: str) -> exp.Expr:
    """The tree of one statement. Raises PARSE_SYNTAX_ERROR, UNSUPPORTED_FEATURE."""
    try:
        found = SpannedDatabricks().parser().parse(parser_tokens(text), text)
        trees = [tree for tree in found if tree is not None]
    except ParseError as error:
        first = error.errors[0] if error.errors else {}
        raise syntax_error(
            str(first.get("highlight") or ""),
            int(first.get("line") or 1),
            int(first.get("col") or 1),
            str(first.get("description") or error).rstrip("."),
        ) from error
    if len(trees) != 1:
        raise SqlError("PARSE_SYNTAX_ERROR", "Give exactly one statement.", "42601")
    if isinstance(trees[0], exp.Command):
        raise unsupported("this statement in this place", "See the list in warehouse/README.md.")
    return trees[0]


def _refuse_lossy_using(nodes: Sequence[exp.Expr]) -> None:
    """Raise for `a.*` beside JOIN ... USING: the engine leaves the key out of it, silently."""
    for select in nodes:
        if not isinstance(select, exp.Select):
            continue
        using = any(join.args.get("using") for join in select.args.get("joins") or [])
        if using and any(isinstance(e, exp.Column) and e.is_star for e in select.expressions):
            raise unsupported(
                "`table.*` together with JOIN ... USING", "Join with ON, or name the columns."
            )


def _refuse_unknown_sources(nodes: Sequence[exp.Expr]) -> None:
    """Raise for what stands where a table stands and is neither a name nor a function that makes
    rows out of its arguments: nothing else may name data, files least of all."""
    for node in nodes:
        if isinstance(node, exp.Anonymous) and node.name.lower() in _REACH_OUTSIDE:
            raise unsupported(f"the function {node.name}", "It reaches outside of the warehouse.")
        source = node.this if isinstance(node, exp.Table | exp.Lateral) else None
        if source is None or isinstance(source, exp.Identifier | exp.Query):
            continue
        name = source.name if isinstance(source, exp.Anonymous) else source.key
        if not isinstance(source, exp.Func) or name.lower() not in ROW_FUNCTIONS:
            raise unsupported(
                f"`{source.sql(dialect='databricks')[:80]}` as a table",
                "Name a table or view, or use a function that makes rows.",
            )


def _tables(node: exp.Expr, hidden: frozenset[str]) -> Iterator[exp.Table]:
    """Tables below a node that are not common table expressions in scope."""
    with_ = node.args.get("with_")
    if isinstance(with_, exp.With):
        for cte in with_.expressions:
            name = cte.alias.lower()
            inside = hidden | {name} if with_.args.get("recursive") else hidden
            yield from _tables(cte.this, inside)
            hidden = hidden | {name}
    if isinstance(node, exp.Table) and isinstance(node.this, exp.Identifier):
        visible = node.db or node.name.lower() not in hidden
        if visible:
            yield node
    for key, value in node.args.items():
        if key == "with_":
            continue
        for child in value if isinstance(value, list) else [value]:
            if isinstance(child, exp.Expr):
                yield from _tables(child, hidden)


def _reference(
    text: str, tokens: list[Token], places: Mapping[int, int], table: exp.Table
) -> Reference | None:
    start = table.this.meta.get("start")
    if start is None or start not in places:
        return None  # made up by the parser, stands nowhere in the text
    first = last = places[start]
    while first >= 2 and tokens[first - 1].token_type == TokenType.DOT:
        first -= 2
    parts = tuple(name_of(text, t) for t in tokens[first : last + 1 : 2])
    travel, after = _time_travel(text, tokens, last + 1)
    return Reference(
        start=tokens[first].start,
        end=tokens[after - 1].end + 1,
        parts=parts,
        aliased=table.args.get("alias") is not None,
        travel=travel,
        filters=_equalities(table),
    )


def _time_travel(text: str, tokens: list[Token], at: int) -> tuple[TimeTravel | None, int]:
    """What stands after a name: the time travel, and the token after it."""
    word = [t.text.upper() for t in tokens[at : at + 4]] + [""] * 4
    skip = 1 if word[0] == "FOR" else 0
    kind = word[skip].removeprefix("SYSTEM_").replace("TIME", "TIMESTAMP", 1)
    kind = "TIMESTAMP" if kind.startswith("TIMESTAMP") else kind
    if kind not in ("VERSION", "TIMESTAMP") or word[skip + 1 : skip + 3] != ["AS", "OF"]:
        return None, at
    operand = at + skip + 3
    if operand < len(tokens) and tokens[operand].text.upper() in ("TIMESTAMP", "DATE"):
        operand += 1
    if operand >= len(tokens) or tokens[operand].token_type not in (*STRINGS, TokenType.NUMBER):
        raise unsupported("time travel to an expression", "Give a number or a string literal.")
    source = text[tokens[operand].start : tokens[operand].end + 1]
    return TimeTravel(kind, source), operand + 1


def _equalities(table: exp.Table) -> dict[str, str]:
    """`column = 'literal'` conditions of the query around a table that surely apply to it."""
    select = table.find_ancestor(exp.Select)
    where = select.args.get("where") if select else None
    if where is None:
        return {}
    name = (table.alias or table.name).lower()
    alone = not (select and select.args.get("joins"))
    found = {}
    for condition in where.this.flatten() if isinstance(where.this, exp.And) else [where.this]:
        if not isinstance(condition, exp.EQ):
            continue
        column, value = condition.left, condition.right
        if not isinstance(column, exp.Column) or not isinstance(value, exp.Literal):
            continue
        if value.is_string and (column.table.lower() == name or (alone and not column.table)):
            found[column.name.lower()] = value.name
    return found


def _qualified_columns(nodes: Sequence[exp.Expr]) -> Iterator[Qualified]:
    for column in nodes:
        if not isinstance(column, exp.Column):
            continue
        node: exp.Expr = column
        identifiers = [p for p in column.parts if isinstance(p, exp.Identifier | exp.Star)]
        while isinstance(node.parent, exp.Dot) and node.arg_key == "this":
            node = node.parent
            identifiers.append(node.args["expression"])
        starts = [i.meta.get("start") for i in identifiers]
        if len(identifiers) < 3 or any(s is None for s in starts[:-1]):
            continue
        yield Qualified(
            tuple(i.name for i in identifiers[:-1]),
            tuple(int(s) for s in starts[:-1] if s is not None),
        )


def _session_calls(text: str, tokens: list[Token], tree: exp.Expr | None) -> Iterator[SessionCall]:
    labels = _bare_projections(tree)
    for i, token in enumerate(tokens):
        function = token.text.upper()
        if function not in _SESSION_FUNCTIONS or token.token_type in STRINGS:
            continue
        if i and tokens[i - 1].token_type == TokenType.DOT:
            continue
        called = [t.text for t in tokens[i + 1 : i + 3]] == ["(", ")"]
        if not called and function not in ("CURRENT_USER", "SESSION_USER"):
            continue
        end = tokens[i + 2].end + 1 if called else token.end + 1
        label = f"{token.text.lower()}()" if function in labels else None
        yield SessionCall(token.start, end, function, label)


def _bare_projections(tree: exp.Expr | None) -> set[str]:
    """Session functions that are columns of the result under their own name."""
    if not isinstance(tree, exp.Select):
        return set()
    return {
        e.sql(dialect="databricks").upper().removesuffix("()")
        for e in tree.expressions
        if not isinstance(e, exp.Alias)
    }
