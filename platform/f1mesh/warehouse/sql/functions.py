"""The types of functions' results on Databricks, and which functions read their arguments as text.

What is not listed has no known type, and what depends on it is left as written.
"""

from __future__ import annotations

from sqlglot import exp

from f1mesh.warehouse.sql.coercion import Type, decimal, digits, is_decimal

_INTEGER = (
    exp.Length, exp.Year, exp.Month, exp.Quarter, exp.Week, exp.Day, exp.DayOfMonth, exp.DayOfWeek,
    exp.DayOfYear, exp.WeekOfYear, exp.Hour, exp.Minute, exp.Second, exp.StrPosition, exp.ArraySize,
    exp.RowNumber, exp.Rank, exp.DenseRank, exp.Ntile, exp.Ascii, exp.Levenshtein,
)  # fmt: skip
_DOUBLE = (
    exp.Sqrt, exp.Cbrt, exp.Exp, exp.Ln, exp.Log, exp.Pow, exp.Stddev, exp.StddevSamp,
    exp.StddevPop, exp.Variance, exp.VariancePop, exp.Corr, exp.CovarPop, exp.CovarSamp, exp.Rand,
    exp.CumeDist, exp.PercentRank, exp.MonthsBetween, exp.Rint,
)  # fmt: skip
_STRING = (
    exp.Concat, exp.ConcatWs, exp.DPipe, exp.Upper, exp.Lower, exp.Substring, exp.Trim, exp.Replace,
    exp.RegexpReplace, exp.RegexpExtract, exp.Left, exp.Right, exp.Pad, exp.Initcap, exp.Reverse,
    exp.TimeToStr, exp.UnixToStr, exp.Repeat, exp.MD5, exp.SHA, exp.SHA2, exp.Hex,
)  # fmt: skip
_BOOLEAN = (
    exp.EQ, exp.NEQ, exp.GT, exp.GTE, exp.LT, exp.LTE, exp.And, exp.Or, exp.Not, exp.Is, exp.In,
    exp.Between, exp.Like, exp.ILike, exp.RegexpLike, exp.Exists, exp.NullSafeEQ, exp.NullSafeNEQ,
    exp.StartsWith, exp.EndsWith, exp.Contains, exp.LogicalAnd, exp.LogicalOr,
)  # fmt: skip
_FIXED: dict[type[exp.Expr], str] = {
    **dict.fromkeys(_INTEGER, "integer"),
    **dict.fromkeys(_DOUBLE, "double"),
    **dict.fromkeys(_STRING, "string"),
    **dict.fromkeys(_BOOLEAN, "boolean"),
    exp.Count: "long", exp.CountIf: "long", exp.ApproxDistinct: "long", exp.IntDiv: "long",
    exp.DateDiff: "integer", exp.TimestampDiff: "long", exp.StrToUnix: "long",
    exp.CurrentDate: "date", exp.TsOrDsToDate: "date", exp.TsOrDsAdd: "date",
    exp.AddMonths: "date", exp.LastDay: "date",
    exp.CurrentTimestamp: "timestamp", exp.TimestampAdd: "timestamp",
    exp.TimestampTrunc: "timestamp",
}  # fmt: skip
_LIKE_ARGUMENT = (
    exp.Min, exp.Max, exp.First, exp.Last, exp.AnyValue, exp.Lag, exp.Lead, exp.FirstValue,
    exp.LastValue, exp.NthValue, exp.Abs, exp.Nullif, exp.Distinct, exp.Filter, exp.IgnoreNulls,
    exp.RespectNulls, exp.Paren, exp.Neg, exp.Alias, exp.ArgMax, exp.ArgMin, exp.Mode, exp.Window,
)  # fmt: skip
_ANONYMOUS = {"mean": "double", "std": "double", "hash": "integer", "xxhash64": "long"}

READS_TEXT: tuple[type[exp.Expr], ...] = (
    exp.Concat, exp.ConcatWs, exp.DPipe, exp.Upper, exp.Lower, exp.Length, exp.Substring, exp.Trim,
    exp.Replace, exp.RegexpReplace, exp.RegexpExtract, exp.RegexpLike, exp.Like, exp.ILike,
    exp.Left, exp.Right, exp.Pad, exp.Reverse, exp.Split, exp.StartsWith, exp.EndsWith,
    exp.Contains, exp.StrPosition, exp.MD5, exp.SHA, exp.SHA2, exp.Ascii, exp.Repeat,
    exp.Translate, exp.GroupConcat, exp.RegexpCount, exp.RegexpExtractAll, exp.Overlay,
    exp.SubstringIndex, exp.SplitPart, exp.Elt, exp.Initcap, exp.Soundex, exp.Levenshtein,
)  # fmt: skip
READS_TEXT_BY_NAME = {"find_in_set", "url_encode", "listagg", "string_agg"}


def result_type(node: exp.Expr, argument: Type) -> Type:
    """The type of an expression that is no arithmetic, by the type of its first argument."""
    kind = type(node)
    if kind in _FIXED:
        return _FIXED[kind]
    if kind in _LIKE_ARGUMENT:
        return argument
    if isinstance(node, exp.Sum | exp.Avg):
        return _aggregate_type(node, argument)
    if isinstance(node, exp.Floor | exp.Ceil) and not node.args.get("decimals"):
        return None if argument is None or is_decimal(argument) else "long"
    if isinstance(node, exp.Round):
        return None if is_decimal(argument) else argument
    if isinstance(node, exp.Anonymous):
        return _ANONYMOUS.get(node.name.lower())
    return None


def _aggregate_type(node: exp.Sum | exp.Avg, argument: Type) -> Type:
    if argument is None:
        return None
    size = digits(argument) if is_decimal(argument) else None
    if size is None:
        whole = isinstance(node, exp.Sum) and digits(argument) is not None
        return "long" if whole else "double"
    precision, scale = size
    if isinstance(node, exp.Sum):
        return decimal(min(precision + 10, 38), scale)
    return decimal(min(precision + 4, 38), min(scale + 4, 38))
