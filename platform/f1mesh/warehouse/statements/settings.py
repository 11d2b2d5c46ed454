"""SET and RESET: only what is known and honoured."""

from __future__ import annotations

from f1mesh.warehouse.errors import SqlError, unsupported
from f1mesh.warehouse.results import Result, done, rows_result
from f1mesh.warehouse.sessions import Session
from f1mesh.warehouse.sql.tokens import Cursor
from f1mesh.warehouse.statements.context import Context

# What can be set, with the only values that are honoured (None: any, it changes no result).
HONOURED: dict[str, tuple[str, ...] | None] = {
    "ansi_mode": ("true",),
    "spark.sql.ansi.enabled": ("true",),
    "timezone": ("utc", "etc/utc"),
    "spark.sql.session.timezone": ("utc", "etc/utc"),
    "query_tags": None,
    "use_cached_result": ("false", "true"),
    "spark.thriftserver.arrowbasedrowset.timestampasstring": ("false",),
}


def apply(session: Session, key: str, value: str) -> None:
    """Set one parameter. Raises if it is unknown, or if this value would not be honoured."""
    low = key.lower()
    if low not in HONOURED:
        raise SqlError(
            "CONFIG_NOT_AVAILABLE",
            f"Configuration {key} is not available. Known: {', '.join(sorted(HONOURED))}.",
            "42K0I",
        )
    values = HONOURED[low]
    if values is not None and value.lower() not in values:
        raise unsupported(f"{key} = {value}", f"Here it is always {values[0]}.")
    session.settings[low] = value


def set_(ctx: Context, cursor: Cursor) -> Result:
    """SET key = value; SET key; SET; SET TIME ZONE 'UTC'."""
    cursor.expect("SET")
    if cursor.accept("TIME", "ZONE"):
        zone = cursor.string() if cursor.sees_string() else cursor.identifier()
        cursor.finish()
        apply(ctx.session, "timezone", zone)
        return done()
    if cursor.done:
        return rows_result(["key", "value"], sorted(ctx.session.settings.items()))
    key = cursor.string() if cursor.sees_string() else ".".join(cursor.name())
    if not cursor.accept("="):
        cursor.finish()
        return rows_result(["key", "value"], [(key, ctx.session.settings.get(key.lower()))])
    value = cursor.string() if cursor.sees_string() else cursor.rest()
    apply(ctx.session, key, value.strip())
    return rows_result(["key", "value"], [(key, value.strip())])


def reset(ctx: Context, cursor: Cursor) -> Result:
    """RESET [key]."""
    cursor.expect("RESET")
    if cursor.done:
        ctx.session.settings.clear()
    else:
        ctx.session.settings.pop(".".join(cursor.name()).lower(), None)
    return done()
