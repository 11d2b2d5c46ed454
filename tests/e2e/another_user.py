"""Another user of the machine, who tries everything that listens and lies there.

`python another_user.py` reads an order (JSON) from standard input, becomes the user it names, and
prints what was attempted and what came of it. All that is needed is imported before: the other user
may be unable to read this Python's packages.
"""

from __future__ import annotations

import http.client
import json
import os
import sys
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import grpc  # type: ignore[import-untyped]
import psycopg
import pyspark.sql.connect.session as spark
from databricks import sql

WAREHOUSE = "/sql/1.0/warehouses/local"
PATHS = ["/", "/health", "/ergast/f1/drivers.json", WAREHOUSE, "/metrics", "/docs"]
PATIENCE = {"_retry_stop_after_attempts_count": 1, "_retry_stop_after_attempts_duration": 5.0}
Attempt = Callable[[], Any]
Named = Iterator[tuple[str, Attempt]]


def http_requests(port: int, _order: dict[str, Any]) -> Named:
    for method in ("GET", "POST", "PUT", "DELETE", "OPTIONS"):
        for path in PATHS:
            yield f"{method} {path}", partial(_http, port, method, path)


def _http(port: int, method: str, path: str) -> str:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
    connection.request(method, path, headers={"Authorization": "Bearer "})
    answer = connection.getresponse()
    body = answer.read(100_000).decode(errors="replace")
    if answer.status < 400:
        return f"{answer.status} {body}"
    raise PermissionError(f"{answer.status} {body[:200]}")


def warehouse_clients(port: int, order: dict[str, Any]) -> Named:
    for token in order["tokens"]:
        yield f"Thrift with the token {token!r}", partial(_warehouse, port, token)


def _warehouse(port: int, token: str) -> str:
    with (
        sql.connect(
            server_hostname="127.0.0.1",
            http_path=WAREHOUSE,
            access_token=token,
            _connection_uri=f"http://127.0.0.1:{port}{WAREHOUSE}",
            enable_telemetry=False,
            **PATIENCE,
        ) as connection,
        connection.cursor() as cursor,
    ):
        cursor.execute("show schemas")
        return str(cursor.fetchall())


def spark_sessions(port: int, order: dict[str, Any]) -> Named:
    yield "Spark Connect", partial(_spark, port, order["secret"])


def _spark(port: int, secret: str) -> str:
    with grpc.insecure_channel(f"127.0.0.1:{port}") as channel:
        grpc.channel_ready_future(channel).result(timeout=3)
    session = spark.SparkSession.builder.remote(f"sc://127.0.0.1:{port}").getOrCreate()
    return str(session.sql(f"select * from text.`{secret}`").collect())


def database_sessions(port: int, order: dict[str, Any]) -> Named:
    for user in ("f1", "postgres", "root", "nobody"):
        for password in order["passwords"]:
            yield (
                f"PostgreSQL as {user} with the password {password!r}",
                partial(_database, port, user, password),
            )


def _database(port: int, user: str, password: str) -> str:
    with psycopg.connect(
        host="127.0.0.1",
        port=port,
        user=user,
        password=password,
        dbname="ergast",
        connect_timeout=3,
    ) as connection:
        return str(connection.execute("select surname from drivers limit 3").fetchall())


def file_accesses(order: dict[str, Any]) -> Named:
    """Paths that one might guess, or be told."""
    for path in order["paths"]:
        if os.path.isdir(path):
            yield f"list {path}", partial(os.listdir, path)
            yield f"make {path}/intruder", partial(os.mkdir, f"{path}/intruder")
        else:
            yield f"read {path}", partial(_read, path)
            yield f"write {path}", partial(open, path, "ab")


def _read(path: str) -> str:
    return Path(path).read_bytes()[:2000].decode("latin-1")


def processes(order: dict[str, Any]) -> Named:
    """What the kernel tells of other users' processes; the command line is told to everybody."""
    for pid in order["pids"]:
        for name in ("environ", "maps", "mem", "auxv", "stack"):
            yield f"/proc/{pid}/{name}", partial(_read, f"/proc/{pid}/{name}")
        for name in ("fd", "cwd", "root", "map_files"):
            yield f"/proc/{pid}/{name}", partial(os.listdir, f"/proc/{pid}/{name}/")
        yield f"signal {pid}", partial(os.kill, pid, 0)


def attempts(order: dict[str, Any]) -> Named:
    """All that is tried, each with its name."""
    for port in order["ports"]:
        for kind in (http_requests, warehouse_clients, spark_sessions, database_sessions):
            for name, attempt in kind(port, order):
                yield f"port {port}: {name}", attempt
    yield from file_accesses(order)
    yield from processes(order)


def outcome(attempt: Attempt) -> dict[str, Any]:
    """What an attempt gained, or how it was refused."""
    try:
        return {"gained": str(attempt())}
    except BaseException as error:
        return {"refused": f"{type(error).__name__}: {error}"[:300]}


def main() -> None:
    """Become the other user, try everything."""
    order = json.load(sys.stdin)
    for kind in (http_requests, warehouse_clients, spark_sessions, database_sessions):
        for _, attempt in kind(1, order):  # where nobody listens: what is imported late is read now
            outcome(attempt)
    os.setgroups([])
    os.setgid(order["uid"])
    os.setuid(order["uid"])
    found = {name: outcome(attempt) for name, attempt in attempts(order)}
    json.dump(found, sys.stdout)


if __name__ == "__main__":
    main()
