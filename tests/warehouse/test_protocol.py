"""The endpoint itself: who may ask, how results come back, how statements are stopped."""

from __future__ import annotations

import datetime as dt
import http.client
import json
import os
import stat
import time
from decimal import Decimal
from urllib.parse import urlsplit

import pytest
from databricks.sql.exc import Error

from f1mesh.client import HTTP_PATH, Target, connect, embedded_service
from f1mesh.schemas import Schemas
from f1mesh.workspace import Workspace
from tests.warehouse.client import Client
from tests.warehouse.conftest import Connect


def _answer(
    target: Target, headers: dict[str, str], method: str = "POST", path: str = HTTP_PATH
) -> int:
    address = urlsplit(target.uri or "")
    connection = http.client.HTTPConnection(str(address.hostname), address.port, timeout=5)
    connection.putrequest(method, path)
    for key, value in headers.items():
        connection.putheader(key, value)
    connection.endheaders()
    return connection.getresponse().status


@pytest.mark.parametrize("given", ["", "Bearer ", "Bearer wrong", "Basic {token}", "{token}"])
def test_without_the_token_everything_is_refused_before_a_body_is_sent(
    target: Target, given: str
) -> None:
    headers = {"Content-Length": "1000000", "Authorization": given.format(token=target.token)}

    for method in ("POST", "GET", "PUT", "DELETE"):
        assert _answer(target, headers, method) == 401


def test_requests_are_bounded_and_have_one_address(target: Target) -> None:
    bearer = {"Authorization": f"Bearer {target.token}"}

    assert _answer(target, bearer | {"Content-Length": str(10**9)}) == 413
    assert _answer(target, bearer) == 411
    assert _answer(target, bearer | {"Content-Length": "0"}, path="/elsewhere") == 404
    assert _answer(target, bearer | {"Content-Length": "0"}) == 400
    assert _answer(target, bearer, method="GET") == 404


def test_a_client_with_a_wrong_token_gets_an_error(target: Target) -> None:
    wrong = Target(target.host, target.http_path, "x" * 40, target.schemas, target.uri)

    with pytest.raises(Error), connect(wrong):
        pass


def test_the_token_is_private_and_not_on_the_command_line(
    target: Target, workspace: Workspace
) -> None:
    service = embedded_service(workspace)
    running = service.running()
    assert running is not None

    with open(f"/proc/{running.pid}/cmdline") as command:
        assert target.token not in command.read()
    assert stat.S_IMODE(os.stat(service.state_file).st_mode) == 0o600


def test_only_the_loopback_address_listens(target: Target, workspace: Workspace) -> None:
    port = urlsplit(target.uri or "").port
    with open("/proc/net/tcp") as table:
        listening = [line.split()[1] for line in table if f":{port:04X} " in line]

    assert listening
    assert all(address.startswith("0100007F:") for address in listening)


def test_every_type_arrives_as_python_knows_it(sql: Client) -> None:
    row = sql.rows(
        "select cast(1 as tinyint) t, cast(2 as smallint) s, 3 i, 4L l, cast(1.5 as float) f, "
        "2.5D d, cast(1.25 as decimal(10,2)) e, 'é' x, true b, date'2024-02-29' day, "
        "timestamp'2024-01-01 12:00:00' at, timestamp_ntz'2024-01-01 12:00:00' wall, x'00ff' raw, "
        "array(1, 2) a, named_struct('p', 1, 'q', 'z') st, map('k', 1) m, cast(null as int) n"
    )[0]

    assert row["t"], row["s"] == (1, 2)
    assert (row["i"], row["l"], row["f"], row["d"]) == (3, 4, 1.5, 2.5)
    assert row["e"] == Decimal("1.25")
    assert (row["x"], row["b"], row["day"]) == ("é", True, dt.date(2024, 2, 29))
    assert row["at"] == dt.datetime(2024, 1, 1, 12, tzinfo=dt.UTC)
    assert row["wall"] == dt.datetime(2024, 1, 1, 12)
    assert (row["raw"], row["a"]) == (b"\x00\xff", [1, 2])
    assert (row["st"], row["m"], row["n"]) == ({"p": 1, "q": "z"}, [("k", 1)], None)


def test_a_large_result_comes_in_pages(sql: Client) -> None:
    with sql.connection.cursor() as cursor:
        cursor.execute("select id, cast(id as string) as text from range(300000)")
        first = cursor.fetchmany_arrow(1000)
        rest = cursor.fetchall_arrow()

    assert first.num_rows + rest.num_rows == 300_000
    assert rest.column("text")[-1].as_py() is not None


def test_an_empty_result_keeps_its_columns(sql: Client) -> None:
    with sql.connection.cursor() as cursor:
        cursor.execute("select 1 as a, 'x' as b where false")
        assert [(d[0], d[1]) for d in cursor.description or []] == [("a", "int"), ("b", "string")]
        assert cursor.fetchall() == []


def test_parameters_are_values_not_text(sql: Client) -> None:
    attack = "x' or '1'='1"

    assert sql.value("select :v", {"v": attack}) == attack
    assert sql.values("select :a, ':a', :b", {"a": 1, "b": None}) == [(1, ":a", None)]
    assert sql.values("select ?, ?, '?'", [Decimal("1.50"), dt.date(2020, 1, 2)]) == [
        (Decimal("1.50"), dt.date(2020, 1, 2), "?")
    ]
    sql.run("create table t (a int, b string)")
    sql.rows("insert into t values (:a, :b)", {"a": 7, "b": "back\\slash 'n quote"})
    assert sql.values("select * from t") == [(7, "back\\slash 'n quote")]
    assert "[UNBOUND_SQL_PARAMETER]" in sql.fails("select :a, :nothing", {"a": 1})


@pytest.mark.long
def test_a_long_statement_is_waited_for(sql: Client) -> None:
    found = sql.value(
        "select count(*) from range(60000) a join range(60000) b "
        "on a.id + b.id = -1 or a.id < -b.id"
    )

    assert found == 0


def test_a_statement_can_be_cancelled_and_the_connection_goes_on(sql: Client) -> None:
    with sql.connection.cursor() as cursor:
        began = time.monotonic()
        cursor.execute_async(
            "select count(*) from range(300000) a join range(300000) b on a.id < -b.id - 1"
        )
        time.sleep(0.5)
        cursor.cancel()
        with pytest.raises(Error):
            while cursor.is_query_pending():  # type: ignore[no-untyped-call]
                time.sleep(0.05)
            cursor.get_async_execution_result()  # type: ignore[no-untyped-call]
        assert time.monotonic() - began < 20

    assert sql.value("select 1") == 1


def test_a_cancelled_write_commits_nothing(sql: Client) -> None:
    sql.run("create table t (n bigint)")
    slow = "select count(*) as n from range(300000) a join range(300000) b on a.id < -b.id - 1"
    for delay in (0.0, 0.05, 0.5):
        with sql.connection.cursor() as cursor:
            cursor.execute_async(f"insert into t {slow}")
            time.sleep(delay)
            cursor.cancel()

    sql.run("insert into t values (1)")
    assert sql.values("select n from t") == [1]


def test_a_closed_session_is_gone(another: Connect) -> None:
    client = another()
    client.connection.close()

    with pytest.raises(Error):
        client.rows("select 1")


def test_metadata_calls_list_what_exists(sql: Client) -> None:
    sql.run("create table cars (id int not null comment 'key', x decimal(5,2))")
    sql.run("create view fast as select id from cars")
    catalog = "f1_local"

    with sql.connection.cursor() as cursor:
        assert catalog in [r[0] for r in cursor.catalogs().fetchall()]
        assert [r[0] for r in cursor.schemas(catalog, sql.schema).fetchall()] == [sql.schema]
        tables = cursor.tables(catalog, sql.schema).fetchall()
        assert [(r.TABLE_NAME, r.TABLE_TYPE) for r in tables] == [
            ("cars", "TABLE"),
            ("fast", "VIEW"),
        ]
        columns = cursor.columns(catalog, sql.schema, "cars").fetchall()
    assert [(r.COLUMN_NAME, r.TYPE_NAME, r.IS_NULLABLE, r.REMARKS) for r in columns] == [
        ("id", "INT", "NO", "key"),
        ("x", "DECIMAL(5,2)", "YES", ""),
    ]


def test_an_unknown_catalog_is_refused_when_connecting(target: Target) -> None:
    wrong = Target(target.host, target.http_path, target.token, Schemas("nowhere"), target.uri)

    with pytest.raises(Error, match="NO_SUCH_CATALOG_EXCEPTION"), connect(wrong):
        pass


def test_statements_are_logged_as_events(sql: Client, workspace: Workspace) -> None:
    sql.rows("/* by the test */ select 41 + 1")
    sql.fails("select * from nowhere.at_all")

    lines = embedded_service(workspace).log_file.read_text().splitlines()
    events = [json.loads(line) for line in lines if line.startswith("{")]
    statements = [e for e in events if e["event"] == "statement"]
    assert {"at", "session", "kind", "ms"} <= statements[-2].keys()
    assert statements[-2]["kind"] == "select"
    assert "TABLE_OR_VIEW_NOT_FOUND" in statements[-1]["error"]
