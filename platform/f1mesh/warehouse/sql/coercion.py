"""Which type Databricks gives to values that meet: ANSI's least common type, and arithmetic.

Types are Delta's (`sql/types.py`). None stands for a type that is not known here, and for two types
that have nothing in common: nothing is concluded from it.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import reduce

from f1mesh.warehouse.sql.types import DeltaType

Type = DeltaType | None
VOID = "void"
WHOLE = ("byte", "short", "integer", "long")
APPROXIMATE = ("float", "double")
_DIGITS = {"byte": 3, "short": 5, "integer": 10, "long": 20}
MAX_PRECISION = 38
_MIN_SCALE = 6


def is_decimal(kind: Type) -> bool:
    return isinstance(kind, str) and kind.startswith("decimal")


def decimal(precision: int, scale: int) -> str:
    return f"decimal({precision},{scale})"


def digits(kind: Type) -> tuple[int, int] | None:
    """Precision and scale of a decimal, or of a whole number taken for one."""
    if not isinstance(kind, str):
        return None
    if kind in _DIGITS:
        return _DIGITS[kind], 0
    if not is_decimal(kind):
        return None
    precision, scale = kind[8:-1].split(",")
    return int(precision), int(scale)


def common_type(kinds: Iterable[Type]) -> Type:
    """The least common type of all; None where one is not known, unless the others decide."""
    listed = list(kinds)
    if "double" in listed and all(k is None or _is_number(k) or k == VOID for k in listed):
        return "double"
    return reduce(_common, listed) if listed else None


def _is_number(kind: Type) -> bool:
    return kind in APPROXIMATE or digits(kind) is not None


def _common(one: Type, two: Type) -> Type:
    if one == two or two == VOID:
        return one
    if one is None or two is None:
        return None
    if one == VOID:
        return two
    if _is_number(one) and _is_number(two):
        return _common_number(one, two)
    if "string" in (one, two):
        return _read_as(two if one == "string" else one)
    if isinstance(one, str) or isinstance(two, str):
        return _common_moment(one, two)
    return _common_nested(one, two)


def _read_as(other: DeltaType) -> Type:
    """What a string is read as that meets a value of another type."""
    if _is_number(other):
        return "long" if other in WHOLE else "double"
    return other if other in ("date", "timestamp", "timestamp_ntz", "boolean") else None


def _common_number(one: DeltaType, two: DeltaType) -> Type:
    if one in WHOLE and two in WHOLE:
        return max(one, two, key=WHOLE.index)
    if one in APPROXIMATE or two in APPROXIMATE:
        small = ("byte", "short", "float")
        return "float" if one in small and two in small else "double"
    left, right = digits(one), digits(two)
    assert left and right
    scale = max(left[1], right[1])
    precision = max(left[0] - left[1], right[0] - right[1]) + scale
    return decimal(precision, scale) if precision <= MAX_PRECISION else None


def _common_moment(one: DeltaType, two: DeltaType) -> Type:
    pair = {str(one), str(two)}
    if pair == {"date", "timestamp_ntz"}:
        return "timestamp_ntz"
    return "timestamp" if pair <= {"date", "timestamp", "timestamp_ntz"} else None


def _common_nested(one: DeltaType, two: DeltaType) -> Type:
    """By position, under the names of the first."""
    if isinstance(one, str) or isinstance(two, str) or one["type"] != two["type"]:
        return None
    keys = [k for k in ("elementType", "keyType", "valueType") if k in one]
    merged = {**one, **{key: _common(one[key], two[key]) for key in keys}}
    if "fields" in one:
        if len(one["fields"]) != len(two["fields"]):
            return None
        pairs = zip(one["fields"], two["fields"], strict=True)
        merged["fields"] = [{**a, "type": _common(a["type"], b["type"])} for a, b in pairs]
        keys = []
        if any(f["type"] is None for f in merged["fields"]):
            return None
    return None if any(merged[key] is None for key in keys) else merged


def sum_type(one: Type, two: Type, minus: bool) -> Type:
    """The type of `one + two` or `one - two`."""
    if one == "date" and two in WHOLE[:3]:
        return "date"
    if two == "date" and one in WHOLE[:3] and not minus:
        return "date"
    found = _plain_number(one, two)
    left, right = digits(one), digits(two)
    if found or not left or not right:
        return found
    scale = max(left[1], right[1])
    return _adjusted(max(left[0] - left[1], right[0] - right[1]) + scale + 1, scale)


def product_type(one: Type, two: Type) -> Type:
    """The type of `one * two`."""
    found = _plain_number(one, two)
    left, right = digits(one), digits(two)
    if found or not left or not right:
        return found
    return _adjusted(left[0] + right[0] + 1, left[1] + right[1])


def quotient_type(one: Type, two: Type) -> Type:
    """The type of `one / two`: exact where a decimal is in it and no approximate number."""
    left, right = digits(one), digits(two)
    if left and right and (is_decimal(one) or is_decimal(two)):
        scale = max(_MIN_SCALE, left[1] + right[0] + 1)
        return _adjusted(left[0] - left[1] + right[1] + scale, scale)
    return "double" if _is_number(one) and _is_number(two) else None


def engine_type(one: Type, two: Type, product: bool) -> Type:
    """The decimal that Sail 0.7 gives to a sum or product: every digit that 38 have room for."""
    left, right = digits(one), digits(two)
    if not left or not right:
        return None
    scale = left[1] + right[1] if product else max(left[1], right[1])
    whole = max(left[0] - left[1], right[0] - right[1])
    precision = left[0] + right[0] if product else whole + scale
    return decimal(min(precision + 1, MAX_PRECISION), scale)


def _plain_number(one: Type, two: Type) -> Type:
    """The type of arithmetic among whole and among approximate numbers."""
    if one in WHOLE and two in WHOLE:
        return _common(one, two)
    if _is_number(one) and _is_number(two) and (one in APPROXIMATE or two in APPROXIMATE):
        return _common(one, two)
    return None


def _adjusted(precision: int, scale: int) -> str:
    """A decimal within bounds: digits before the point are kept, of those after it at least 6."""
    if precision <= MAX_PRECISION:
        return decimal(precision, scale)
    whole = precision - scale
    return decimal(MAX_PRECISION, max(MAX_PRECISION - whole, min(scale, _MIN_SCALE)))


def literal_type(text: str) -> Type:
    """The type of a number as written, without suffix."""
    if "e" in text.lower():
        return "double"
    whole, _, fraction = text.partition(".")
    if "." in text:
        return decimal(max(len(whole.lstrip("0")) + len(fraction), 1), len(fraction))
    value = int(whole)
    if value < 2**31:
        return "integer"
    return "long" if value < 2**63 else decimal(len(whole.lstrip("0")), 0)


def array_type(element: Type) -> Type:
    """An array of elements of this type."""
    if element is None or element == VOID:
        return None
    return {"type": "array", "elementType": element, "containsNull": True}


def struct_type(names: Iterable[str], kinds: Iterable[Type]) -> Type:
    """A struct of fields of these names and types."""
    pairs = list(zip(names, kinds, strict=True))
    if any(kind is None or kind == VOID for _, kind in pairs):
        return None
    fields = [{"name": n, "type": k, "nullable": True, "metadata": {}} for n, k in pairs]
    return {"type": "struct", "fields": fields}


def same_shape(one: Type, two: Type) -> bool:
    """Whether structs inside two types have as many fields, as far as they are known: a cast goes
    by position."""
    if one is None or two is None or isinstance(one, str) or isinstance(two, str):
        return True
    if one["type"] != two["type"]:
        return True
    if "fields" in one:
        if len(one["fields"]) != len(two["fields"]):
            return False
        pairs = zip(one["fields"], two["fields"], strict=True)
        return all(same_shape(a["type"], b["type"]) for a, b in pairs)
    keys = [k for k in ("elementType", "keyType", "valueType") if k in one]
    return all(same_shape(one[key], two[key]) for key in keys)
