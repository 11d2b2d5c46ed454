"""The registry of drivers and constructors: a small HTTP service in the shape of Ergast/Jolpica.

`GET /ergast/f1/drivers.json` and `/constructors.json`, each also with `/{id}`; `limit` (30, at most
100) and `offset`; all values are strings, a missing value is a missing key. Beyond the rate it
answers 429 as the real one does. `python -m f1sources.registry_api` serves the database at
`DATABASE_URL` on `HOST`:`PORT`; `F1_REGISTRY_RATE` is the number of requests per second and client
(4 as the real one; `off`). `F1_REGISTRY_SECRET` is a part of the path that all addresses begin
with: other users of the machine reach the port too, and the real service knows no password.
"""

from __future__ import annotations

import os
import time
from collections import defaultdict, deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, LiteralString

from f1mesh.errors import PermanentError, TransientError
from f1sources.systems import RATE_SETTING, ROOT, SECRET_SETTING

if TYPE_CHECKING:
    from starlette.applications import Starlette
    from starlette.requests import Request
    from starlette.responses import JSONResponse

DEFAULT_LIMIT, MAX_LIMIT = 30, 100
DEFAULT_RATE = 4.0


@dataclass(frozen=True)
class Registry:
    """One list that the API serves; the columns of `rows` carry the names of the reply's keys."""

    path: str
    table: str
    entries: str
    key: str
    count: LiteralString
    rows: LiteralString


REGISTRIES = (
    Registry(
        path="drivers",
        table="DriverTable",
        entries="Drivers",
        key="driverId",
        count='select count(*) from drivers where %(id)s::text is null or "driverRef" = %(id)s',
        rows="""
            select "driverRef" as "driverId", number::text as "permanentNumber", code, url,
                forename as "givenName", surname as "familyName", dob::text as "dateOfBirth",
                nationality
            from drivers where %(id)s::text is null or "driverRef" = %(id)s
            order by "driverRef" collate "C" limit %(limit)s offset %(offset)s""",
    ),
    Registry(
        path="constructors",
        table="ConstructorTable",
        entries="Constructors",
        key="constructorId",
        count="select count(*) from constructors "
        'where %(id)s::text is null or "constructorRef" = %(id)s',
        rows="""
            select "constructorRef" as "constructorId", url, name, nationality
            from constructors where %(id)s::text is null or "constructorRef" = %(id)s
            order by "constructorRef" collate "C" limit %(limit)s offset %(offset)s""",
    ),
)


class Throttle:
    """At most `rate` requests in any second per client; None lets everything through."""

    def __init__(self, rate: float | None, now: Callable[[], float] = time.monotonic) -> None:
        self._rate = rate
        self._now = now
        self._seen: defaultdict[str, deque[float]] = defaultdict(deque)

    def admits(self, client: str) -> bool:
        """Whether this request may pass; one that may not does not count."""
        if self._rate is None:
            return True
        now, seen = self._now(), self._seen[client]
        window = max(1.0, 1.0 / self._rate)
        while seen and now - seen[0] >= window:
            seen.popleft()
        if len(seen) >= max(1, int(self._rate)):
            return False
        seen.append(now)
        return True


def create_app(database_url: str, rate: float | None = DEFAULT_RATE, secret: str = "") -> Starlette:
    """The service as an ASGI application; every path begins with the secret, if there is one."""
    from starlette.applications import Starlette
    from starlette.exceptions import HTTPException
    from starlette.responses import JSONResponse
    from starlette.routing import Mount, Route

    throttle = Throttle(rate)

    def health(_request: Request) -> JSONResponse:
        try:
            _ask(database_url, [("select 1", {})])
        except TransientError as error:
            return JSONResponse({"status": "down", "detail": str(error)}, status_code=503)
        return JSONResponse({"status": "ok"})

    def failed(_request: Request, error: Exception) -> JSONResponse:
        status = error.status_code if isinstance(error, HTTPException) else 500
        detail = error.detail if isinstance(error, HTTPException) else "Server error."
        return JSONResponse({"detail": detail}, status_code=status)

    def endpoint(registry: Registry) -> Callable[[Request], JSONResponse]:
        def answer(request: Request) -> JSONResponse:
            if not throttle.admits(request.client.host if request.client else ""):
                return JSONResponse({"detail": "Request was throttled."}, status_code=429)
            try:
                return JSONResponse(_reply(request, registry, database_url))
            except TransientError as error:
                return JSONResponse({"detail": str(error)}, status_code=503)

        return answer

    routes = [Route("/health", health)]
    for registry in REGISTRIES:
        for path in (f"{ROOT}/{registry.path}", f"{ROOT}/{registry.path}/{{id}}"):
            for end in (".json", "/", ""):
                routes.append(Route(path + end, endpoint(registry)))
    handlers: Mapping[Any, Any] = {HTTPException: failed, Exception: failed}
    mounted = [Mount(f"/{secret}", routes=routes)] if secret else routes
    return Starlette(routes=mounted, exception_handlers=handlers)


def _reply(request: Request, registry: Registry, database_url: str) -> dict[str, Any]:
    entry = request.path_params.get("id")
    limit = min(_number(request.query_params.get("limit"), 1, DEFAULT_LIMIT), MAX_LIMIT)
    offset = _number(request.query_params.get("offset"), 0, 0)
    asked = {"id": entry, "limit": limit, "offset": offset}
    (counted,), rows = _ask(database_url, [(registry.count, asked), (registry.rows, asked)])
    entries = [{key: value for key, value in row.items() if value is not None} for row in rows]
    criteria = {registry.key: entry} if entry else {}
    return {
        "MRData": {
            "xmlns": "",
            "series": "f1",
            "url": str(request.url.replace(query="")),
            "limit": str(limit),
            "offset": str(offset),
            "total": str(counted["count"]),
            registry.table: {**criteria, registry.entries: entries},
        }
    }


def _number(text: str | None, least: int, default: int) -> int:
    """A whole number; anything else counts as not given, as the real service has it."""
    number = int(text) if text and text.isascii() and text.isdigit() else default
    return number if least <= number < 1 << 31 else default


def _ask(
    database_url: str, questions: list[tuple[LiteralString, dict[str, Any]]]
) -> list[list[dict[str, Any]]]:
    """The answers to several questions from one snapshot. Raises TransientError."""
    import psycopg
    from psycopg.rows import dict_row

    options = (
        "-c default_transaction_read_only=on -c default_transaction_isolation=repeatable\\ read"
    )
    try:
        with psycopg.connect(
            database_url, options=options, connect_timeout=5, row_factory=dict_row
        ) as connection:
            return [connection.execute(sql, values).fetchall() for sql, values in questions]
    except psycopg.Error as error:
        raise TransientError(f"The registry's database failed: {error}") from error


def rate_of(text: str | None) -> float | None:
    """The rate that a setting names. Raises PermanentError if it is neither a number nor `off`."""
    if not text:
        return DEFAULT_RATE
    if text == "off":
        return None
    try:
        rate = float(text)
    except ValueError:
        rate = -1.0
    if not 0 < rate < float("inf"):
        raise PermanentError(f"{RATE_SETTING} is '{text}': give the requests per second, or `off`.")
    return rate


def main() -> None:
    """Serve until terminated."""
    import uvicorn

    rate = rate_of(os.environ.get(RATE_SETTING))
    app = create_app(os.environ["DATABASE_URL"], rate, os.environ.get(SECRET_SETTING, ""))
    host, port = os.environ.get("HOST", "127.0.0.1"), int(os.environ.get("PORT", "8000"))
    uvicorn.run(app, host=host, port=port, log_level="warning", access_log=False)


if __name__ == "__main__":
    main()
