"""SQL types and Delta's schema JSON, in both directions.

A *Delta type* here is what stands in a table's `schemaString`: a name such as "long" or
"decimal(10,2)", or a dict for arrays, maps and structs.
"""

from __future__ import annotations

from typing import Any

from f1mesh.warehouse.errors import unsupported
from f1mesh.warehouse.sql.literals import quote_name
from f1mesh.warehouse.sql.tokens import Cursor

DeltaType = str | dict[str, Any]

_TO_DELTA = {
    "TINYINT": "byte", "BYTE": "byte", "SMALLINT": "short", "SHORT": "short",
    "INT": "integer", "INTEGER": "integer", "BIGINT": "long", "LONG": "long",
    "FLOAT": "float", "REAL": "float", "DOUBLE": "double", "STRING": "string",
    "BINARY": "binary", "BOOLEAN": "boolean", "DATE": "date", "TIMESTAMP": "timestamp",
    "TIMESTAMP_LTZ": "timestamp", "TIMESTAMP_NTZ": "timestamp_ntz",
}  # fmt: skip
_TO_SQL = {"byte": "tinyint", "short": "smallint", "integer": "int", "long": "bigint"}


def read_type(cursor: Cursor) -> tuple[DeltaType, int | None]:
    """Read a type; with the length of a VARCHAR(n), which Delta stores as a string."""
    word = cursor.identifier().upper()
    if word in _TO_DELTA:
        cursor.accept("PRECISION") if word == "DOUBLE" else None
        return _TO_DELTA[word], None
    if word in ("DECIMAL", "DEC", "NUMERIC"):
        return _read_decimal(cursor), None
    if word == "VARCHAR":
        cursor.expect("(")
        length = int(cursor.number())
        cursor.expect(")")
        return "string", length
    if word in ("ARRAY", "MAP", "STRUCT"):
        return _read_nested(cursor, word), None
    raise unsupported(
        f"columns of type {word}", "Use STRING, BINARY, a number, date, timestamp or nested type."
    )


def _read_decimal(cursor: Cursor) -> str:
    precision, scale = "10", "0"
    if cursor.accept("("):
        precision = cursor.number()
        if cursor.accept(","):
            scale = cursor.number()
        cursor.expect(")")
    return f"decimal({precision},{scale})"


def _read_nested(cursor: Cursor, word: str) -> dict[str, Any]:
    cursor.expect("<")
    if word == "ARRAY":
        element, _ = read_type(cursor)
        result: dict[str, Any] = {"type": "array", "elementType": element, "containsNull": True}
    elif word == "MAP":
        key, _ = read_type(cursor)
        cursor.expect(",")
        value, _ = read_type(cursor)
        result = {"type": "map", "keyType": key, "valueType": value, "valueContainsNull": True}
    else:
        result = {"type": "struct", "fields": _read_fields(cursor)}
    _close_angle(cursor)
    return result


def _read_fields(cursor: Cursor) -> list[dict[str, Any]]:
    fields = []
    while True:
        name = cursor.identifier()
        cursor.accept(":")
        kind, _ = read_type(cursor)
        if cursor.sees("NOT", "NULL"):
            raise unsupported("NOT NULL inside a type", "Declare it on a column, or as a CHECK.")
        metadata = {"comment": cursor.string()} if cursor.accept("COMMENT") else {}
        fields.append({"name": name, "type": kind, "nullable": True, "metadata": metadata})
        if not cursor.accept(","):
            return fields


def _close_angle(cursor: Cursor) -> None:
    """Read one `>` (of a `>>`, which is one token, the first half)."""
    if cursor.sees(">>"):
        token = cursor.tokens[cursor.at]
        half = type(token)(token.token_type, ">", token.line, token.col, token.end, token.end)
        cursor.tokens[cursor.at : cursor.at + 1] = [half]
        return
    cursor.expect(">")


def sql_type(kind: DeltaType) -> str:
    """A Delta type as SQL writes it: "long" -> "bigint"."""
    if isinstance(kind, str):
        return _TO_SQL.get(kind, kind)
    if kind["type"] == "array":
        return f"array<{sql_type(kind['elementType'])}>"
    if kind["type"] == "map":
        return f"map<{sql_type(kind['keyType'])},{sql_type(kind['valueType'])}>"
    fields = (f"{_field_name(f['name'])}:{sql_type(f['type'])}" for f in kind["fields"])
    return f"struct<{','.join(fields)}>"


def ddl_type(kind: DeltaType) -> str:
    """A Delta type as SHOW CREATE TABLE writes it: words in capitals, fields as they are named."""
    if isinstance(kind, str):
        return sql_type(kind).upper()
    if kind["type"] == "array":
        return f"ARRAY<{ddl_type(kind['elementType'])}>"
    if kind["type"] == "map":
        return f"MAP<{ddl_type(kind['keyType'])}, {ddl_type(kind['valueType'])}>"
    fields = (f"{_field_name(f['name'])}: {ddl_type(f['type'])}" for f in kind["fields"])
    return f"STRUCT<{', '.join(fields)}>"


def _field_name(name: str) -> str:
    return name if name.replace("_", "a").isalnum() else quote_name(name)


_WHOLE = ("byte", "short", "integer", "long")
_WIDER = {"float": ("double",), "date": ("timestamp_ntz",)}


def widens(old: DeltaType, new: DeltaType) -> bool:
    """Whether every value of the old type is one of the new, as Delta's type widening has it."""
    if old == new:
        return True
    if not isinstance(old, str) or not isinstance(new, str):
        return False
    if old in _WHOLE and new in _WHOLE:
        return _WHOLE.index(old) < _WHOLE.index(new)
    if new == "double" and old in _WHOLE[:3]:
        return True
    if new.startswith("decimal"):
        return _decimal_widens(old, new)
    return new in _WIDER.get(old, ())


def _decimal_widens(old: str, new: str) -> bool:
    digits = {"byte": (10, 0), "short": (10, 0), "integer": (10, 0), "long": (20, 0)}
    precision, scale = (int(n) for n in new[8:-1].split(","))
    if old.startswith("decimal"):
        old_precision, old_scale = (int(n) for n in old[8:-1].split(","))
    elif old in digits:
        old_precision, old_scale = digits[old]
    else:
        return False
    return scale >= old_scale and precision - scale >= old_precision - old_scale


def nullable(kind: DeltaType) -> DeltaType:
    """The same type with every nested part nullable, as a table made from a query has it."""
    if isinstance(kind, str):
        return kind
    if kind["type"] == "array":
        return {**kind, "elementType": nullable(kind["elementType"]), "containsNull": True}
    if kind["type"] == "map":
        value = nullable(kind["valueType"])
        return {**kind, "valueType": value, "valueContainsNull": True}
    fields = [{**f, "type": nullable(f["type"]), "nullable": True} for f in kind["fields"]]
    return {**kind, "fields": fields}


def atoms(kind: DeltaType) -> set[str]:
    """The first words of all types that a type is made of: {"array", "decimal"}."""
    if isinstance(kind, str):
        return {kind.split("(")[0].split(" ")[0]}
    parts = [kind.get(key) for key in ("elementType", "keyType", "valueType")]
    parts += [f["type"] for f in kind.get("fields", ())]
    return {kind["type"]}.union(*(atoms(part) for part in parts if part is not None))


def json_type(kind: DeltaType) -> dict[str, Any]:
    """A Delta type as `DESCRIBE ... AS JSON` writes it."""
    if isinstance(kind, str):
        if kind.startswith("decimal"):
            precision, scale = kind[8:-1].split(",")
            return {"name": "decimal", "precision": int(precision), "scale": int(scale)}
        name = "timestamp_ltz" if kind == "timestamp" else sql_type(kind)
        return {"name": name}
    if kind["type"] == "array":
        element = json_type(kind["elementType"])
        return {"name": "array", "element_type": element, "element_nullable": kind["containsNull"]}
    if kind["type"] == "map":
        return {
            "name": "map",
            "key_type": json_type(kind["keyType"]),
            "value_type": json_type(kind["valueType"]),
            "value_nullable": kind["valueContainsNull"],
        }
    fields = [
        {"name": f["name"], "type": json_type(f["type"]), "nullable": f["nullable"]}
        for f in kind["fields"]
    ]
    return {"name": "struct", "fields": fields}
