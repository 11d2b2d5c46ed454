"""Statement parameters, bound as literals (the engine takes none in commands)."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from sqlglot import Token, TokenType

from f1mesh.warehouse.errors import SqlError, unsupported
from f1mesh.warehouse.sql.literals import encode_string
from f1mesh.warehouse.sql.spelling import Edit, splice
from f1mesh.warehouse.sql.tokens import STRINGS, tokenize

_SUFFIX = {"TINYINT": "Y", "SMALLINT": "S", "INT": "", "INTEGER": "", "BIGINT": "L"}
_CAST = {"DECIMAL", "FLOAT", "DOUBLE", "DATE", "TIMESTAMP", "TIMESTAMP_NTZ", "BINARY"}
_SCALAR = {"VOID", "BOOLEAN", "STRING", *_SUFFIX, *_CAST}
_NESTED = {"ARRAY": "array", "MAP": "map"}


@dataclass(frozen=True)
class Parameter:
    """A value that came with a statement; `name` is None for `?`, and `items` are the elements of
    an ARRAY, or the keys and values of a MAP in turn."""

    name: str | None
    type: str
    value: str | None
    items: tuple[Parameter, ...] = ()


def bind(text: str, parameters: Sequence[Parameter]) -> str:
    """The statement with `?` and `:name` replaced. Raises UNBOUND_SQL_PARAMETER for one that has no
    value, wherever it stands: in the text of a view it would never get one."""
    if "?" not in text and ":" not in text:
        return text
    positional = [p for p in parameters if p.name is None]
    named = {p.name.lower(): p for p in parameters if p.name is not None}
    edits, used = [], 0
    tokens = tokenize(text)
    for i, token in enumerate(tokens):
        if token.token_type == TokenType.PLACEHOLDER:
            if used >= len(positional):
                raise _unbound(f"_{token.start}")
            edits.append(Edit(token.start, token.end + 1, literal(positional[used])))
            used += 1
        elif _is_marker(tokens, i):
            name = tokens[i + 1]
            found = named.get(name.text.lower())
            if found is None and not named and _follows_name(tokens, i):
                continue
            if found is None:
                raise _unbound(name.text)
            edits.append(Edit(token.start, name.end + 1, literal(found)))
    return splice(text, edits)


def _is_marker(tokens: Sequence[Token], i: int) -> bool:
    """Whether `:` here begins a parameter (and is no path of semi-structured data, `a:b`)."""
    token = tokens[i]
    if token.token_type != TokenType.COLON or i + 1 >= len(tokens):
        return False
    after = tokens[i + 1]
    if after.start != token.end + 1 or after.token_type in STRINGS:
        return False
    return i == 0 or tokens[i - 1].end + 1 != token.start or tokens[i - 1].text in "(,=<>+-*/|["


def _follows_name(tokens: Sequence[Token], i: int) -> bool:
    """Whether this may be the type of a struct's field, `struct<a :int>`, or a path."""
    return i > 0 and tokens[i - 1].token_type in (TokenType.VAR, TokenType.IDENTIFIER)


def literal(parameter: Parameter) -> str:
    """A parameter as SQL. Raises for values that are not what their type says."""
    value, kind = parameter.value, parameter.type.upper()
    base = kind.split("(")[0]
    if base == "MAP" and not parameter.items:
        return "cast(map() as map<string, string>)"  # of no type, which no client can be sent
    if base in _NESTED:
        return f"{_NESTED[base]}({', '.join(map(literal, parameter.items))})"
    if base not in _SCALAR:
        raise unsupported(f"parameters of type {kind}", "Cast a string parameter in the statement.")
    if value is None or base == "VOID":
        return "null"
    if base in _SUFFIX:
        if not re.fullmatch(r"-?\d+", value):
            raise _invalid(parameter)
        return value + _SUFFIX[base]
    if base == "BOOLEAN":
        if value.lower() not in ("true", "false"):
            raise _invalid(parameter)
        return value.lower()
    if base == "STRING":
        return encode_string(value)
    if not re.fullmatch(r"[A-Z_]+(\(\d+(,\s*\d+)?\))?", kind):
        raise _invalid(parameter)
    if kind == "DECIMAL":
        kind = _decimal_type(value)
    return f"cast({encode_string(value)} as {kind})"


def _decimal_type(value: str) -> str:
    digits = re.fullmatch(r"[+-]?(\d*)(?:\.(\d*))?", value)
    if digits is None:
        return "DECIMAL(38,18)"
    whole, fraction = len(digits.group(1).lstrip("0")), len(digits.group(2) or "")
    return f"DECIMAL({max(whole + fraction, 1)},{fraction})"


def _unbound(name: str) -> SqlError:
    return SqlError(
        "UNBOUND_SQL_PARAMETER", f"Found the unbound parameter: {name}. Give it a value.", "42P02"
    )


def _invalid(parameter: Parameter) -> SqlError:
    return SqlError(
        "INVALID_PARAMETER_VALUE",
        f"The value {parameter.value!r} of parameter {parameter.name or '?'} is no "
        f"{parameter.type}.",
        "22023",
    )
