"""What an attacker sends: a hundred statements and five hundred broken requests. Nothing outside is
read or written, nothing hangs or ends, and the memory is back afterwards."""

from __future__ import annotations

import http.client
import os
import random
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import psutil
import pytest
from databricks.sql.exc import Error
from databricks.sql.thrift_api.TCLIService import TCLIService
from databricks.sql.thrift_api.TCLIService import ttypes as _ttypes
from thrift.protocol.TBinaryProtocol import TBinaryProtocol
from thrift.transport.TTransport import TMemoryBuffer

from f1mesh.client import HTTP_PATH, Target, connect, embedded_service
from f1mesh.workspace import Workspace
from tests.warehouse.client import Client

ttypes: Any = _ttypes  # generated, without types of their own
client_class: Any = TCLIService.Client
PATIENCE_S = 60.0
GROWTH_BYTES = 300_000_000
REQUESTS = 500

FILES = [
    "select * from text.`{secret}`",
    "select * from identifier('text.`{secret}`')",
    "select * from delta.`{folder}`",
    "select * from `delta`.`{folder}/../{name}`",
    "select * from parquet.`/proc/self/environ`",
    "select * from json.`file:///etc/passwd`",
    "select * from csv.`/dev/zero`",
    "select * from binaryFile.`/dev/random`",
    "select * from read_files('{secret}')",
    "select * from read_files('s3://bucket/key')",
    "select * from csv.`http://127.0.0.1:1/x`",
    "select * from '{secret}'",
    "create table stolen using csv options (path '{secret}')",
    "create table stolen (a string) using text location '{folder}'",
    "create table stolen using delta location '{folder}' as select 1 as a",
    "create table stolen (a int) using delta location 'file://{folder}/../x'",
    "create external table stolen (a int) location '{folder}'",
    "create temporary view stolen using text options (path '{secret}')",
    "insert overwrite directory '{folder}' using parquet select 1",
    "insert overwrite local directory '{folder}' select 1",
    "insert into delta.`{folder}` select 1",
    "copy into mine from '{folder}' fileformat = csv",
    "load data local inpath '{secret}' into table mine",
    "export table mine to '{folder}'",
    "add jar '{secret}'",
    "add file '{secret}'",
    "create function f as 'java.lang.Runtime' using jar '{secret}'",
    "refresh '{folder}'",
    "vacuum delta.`{folder}` retain 0 hours",
    "optimize delta.`{folder}`",
    "describe history delta.`{folder}`",
    "convert to delta parquet.`{folder}`",
    "analyze table delta.`{folder}` compute statistics",
    "drop table delta.`{folder}`",
    "alter table delta.`{folder}` set tblproperties ('a' = 'b')",
    "merge into delta.`{folder}` using mine on true when matched then delete",
    "delete from delta.`{folder}`",
    "update delta.`{folder}` set a = 1",
    "truncate table delta.`{folder}`",
    "create table stolen shallow clone delta.`{folder}`",
    "create table stolen deep clone delta.`{folder}`",
    "restore table delta.`{folder}` to version as of 0",
]
NAMES = [
    "create schema `../escape`",
    "create schema `a/b`",
    "create schema ``",
    "create schema `a\u0000b`",
    "create table `../../escape` (a int)",
    "create table `a`.`b`.`c`.`d` (a int)",
    "create table `a\u0000b` (a int)",
    "create table t (`` int)",
    "create table t (`a\u0000b` int)",
    "select * from `..`.`..`",
    "select `\u0000` from mine",
    "use catalog `../..`",
    "use schema `{folder}`",
    "drop schema information_schema cascade",
    "create table information_schema.x (a int)",
    "insert into information_schema.tables select 1",
    "drop catalog f1_local cascade",
    "select * from system.access.audit",
    "select * from other_catalog.schema.secret",
    "create view v as select * from v",
    "create or replace view v as select * from mine union all select * from v",
    "select current_user(), session_user(), '{secret}', secret('a', 'b')",
    "select reflect('java.lang.System', 'getenv')",
    "select java_method('java.lang.Runtime', 'getRuntime')",
    "select * from range(10) lateral view explode(read_files('{secret}')) x",
    "set spark.sql.warehouse.dir = '{folder}'",
    "set spark.hadoop.fs.defaultFS = 'file:///'",
    "set -v",
    "select ${{env:HOME}}",
    "execute immediate 'select * from text.`{secret}`'",
    "declare x string default (select * from text.`{secret}`)",
    "begin select 1; end",
    "call system.runtime()",
    "explain select * from text.`{secret}`",
    "grant all privileges on schema default to `account users`",
]
SIZES = [
    "select " + "(" * 5_000 + "1" + ")" * 5_000,
    "select " + "+".join(["1"] * 50_000),
    "select " + "case when true then " * 600 + "1" + " end" * 600,
    " union all ".join(["select 1"] * 5_000),
    "select 1 where 1 in (" + ",".join(map(str, range(100_000))) + ")",
    "select '" + "x" * 5_000_000 + "'",
    "select " + ",".join(f"{n} as c{n}" for n in range(3_000)),
    "select " + "not " * 5_000 + "true",
    "select " + "-" * 5_001 + "1",
    "select " + "array(" * 600 + "1" + ")" * 600,
    "select " + " || ".join(["'a'"] * 5_000),
    "select * from " + ", ".join(f"range(2) t{n}" for n in range(600)),
    "with " + ", ".join(f"a{n} as (select 1)" for n in range(3_000)) + " select 1",
    "select " + "/*" * 10_000 + "*/" * 10_000 + " 1",
    "select '" + "\\" * 10_001 + "'",
    "select `" + "`" * 9_999,
    "\ufeff select 1; drop table mine; --",
    "",
    ";",
    "\u0000",
    "--",
    "select 'unterminated",
    "select \ud7ff\U0010ffff",
    "sel\u0435ct 1",
    "select repeat('x', 2147483647)",
]
STATEMENTS = [*FILES, *NAMES, *SIZES]


@pytest.fixture
def outside(tmp_path: Path) -> Iterator[dict[str, str]]:
    """A secret file and a folder that belong to somebody else; both are as they were at the end."""
    folder = tmp_path / "foreign"
    folder.mkdir()
    secret = folder / "secret.csv"
    secret.write_text("the secret\n")
    before = sorted(path.name for path in tmp_path.rglob("*"))

    yield {"secret": str(secret), "folder": str(folder), "name": folder.name}

    assert sorted(path.name for path in tmp_path.rglob("*")) == before
    assert secret.read_text() == "the secret\n"


@pytest.fixture
def server(workspace: Workspace) -> Iterator[psutil.Process]:
    """The server, which is the same process with about the same memory at the end."""
    running = embedded_service(workspace).running()
    assert running is not None
    process = psutil.Process(running.pid)
    before = process.memory_info().rss

    yield process

    assert process.is_running()
    assert process.memory_info().rss < before + GROWTH_BYTES


@pytest.mark.long
def test_a_hundred_hostile_statements(
    sql: Client, target: Target, outside: dict[str, str], server: psutil.Process
) -> None:
    assert len(STATEMENTS) >= 100
    sql.run("create table mine (a int)", "insert into mine values (1)")

    for statement in STATEMENTS:
        text = statement.format(**outside) if statement not in SIZES else statement
        said = _Asked(target, sql.schema, text).answer()
        assert "the secret" not in said, statement[:200]

    assert sql.values("select a from mine") == [1]


class _Asked(threading.Thread):
    """A statement, which is answered or can be cancelled."""

    def __init__(self, target: Target, schema: str, text: str) -> None:
        super().__init__(daemon=True)
        self.target, self.schema, self.text = target, schema, text
        self.said = ""
        self.cursor: Any = None
        self.start()

    def run(self) -> None:
        try:
            with (
                connect(self.target, self.schema) as connection,
                connection.cursor() as self.cursor,
            ):
                self.cursor.execute(self.text)
                self.said = str(self.cursor.fetchmany_arrow(10))[:10_000]  # some do not end
        except Error as error:
            self.said = str(error)

    def answer(self) -> str:
        self.join(PATIENCE_S)
        limit = time.monotonic() + PATIENCE_S
        while self.is_alive():
            assert time.monotonic() < limit, f"it neither ends nor is cancelled: {self.text[:200]}"
            if self.cursor is not None:
                self.cursor.cancel()
            self.join(0.5)
        return self.said


def _requests() -> list[bytes]:
    """Calls as a client writes them."""
    session = ttypes.TSessionHandle(ttypes.THandleIdentifier(os.urandom(16), os.urandom(16)))
    operation = ttypes.TOperationHandle(
        ttypes.THandleIdentifier(os.urandom(16), os.urandom(16)), 0, True
    )
    parameter = ttypes.TSparkParameter(
        name="a", type="INT", value=ttypes.TSparkParameterValue(stringValue="1")
    )
    calls: list[tuple[str, Any]] = [
        ("OpenSession", ttypes.TOpenSessionReq(client_protocol=42247)),
        ("CloseSession", ttypes.TCloseSessionReq(session)),
        (
            "ExecuteStatement",
            ttypes.TExecuteStatementReq(session, "select :a", parameters=[parameter]),
        ),
        ("GetOperationStatus", ttypes.TGetOperationStatusReq(operation)),
        ("FetchResults", ttypes.TFetchResultsReq(operation, 0, 1000)),
        ("CancelOperation", ttypes.TCancelOperationReq(operation)),
        ("CloseOperation", ttypes.TCloseOperationReq(operation)),
        ("GetResultSetMetadata", ttypes.TGetResultSetMetadataReq(operation)),
        ("GetTables", ttypes.TGetTablesReq(session, schemaName="%", tableName="%")),
        ("GetColumns", ttypes.TGetColumnsReq(session, columnName="%")),
        ("GetInfo", ttypes.TGetInfoReq(session, 17)),
    ]
    made = []
    for name, request in calls:
        buffer = TMemoryBuffer()
        getattr(client_class(TBinaryProtocol(buffer)), f"send_{name}")(request)
        made.append(buffer.getvalue())
    return made


def _mutated(body: bytes, chance: random.Random) -> bytes:
    """One way to break a request."""
    bytes_ = bytearray(body)
    match chance.randrange(6):
        case 0:  # cut off
            return bytes(bytes_[: chance.randrange(len(bytes_))])
        case 1:  # bits flipped
            for _ in range(chance.randint(1, 8)):
                bytes_[chance.randrange(len(bytes_))] ^= 1 << chance.randrange(8)
        case 2:  # a length that is a lie
            at = chance.randrange(max(1, len(bytes_) - 4))
            bytes_[at : at + 4] = chance.choice(
                [b"\x7f\xff\xff\xff", b"\xff\xff\xff\xff", b"\x00\x00\x00\x00", b"\x10\x00\x00\x00"]
            )
        case 3:  # something in between
            at = chance.randrange(len(bytes_))
            bytes_[at:at] = chance.randbytes(chance.randint(1, 64))
        case 4:  # a piece over and over: nesting
            at = chance.randrange(len(bytes_))
            piece = bytes_[at : at + 8] or bytearray(b"\x0c\x00\x01")
            bytes_[at:at] = bytes(piece) * chance.randint(100, 5_000)
        case _:  # noise
            return chance.randbytes(chance.randint(1, 500))
    return bytes(bytes_)


@pytest.mark.long
def test_five_hundred_broken_requests(sql: Client, target: Target, server: psutil.Process) -> None:
    chance = random.Random(20_250_601)
    address = urlsplit(target.uri or "")
    bodies = _requests()
    headers = {"Authorization": f"Bearer {target.token}", "Content-Type": "application/x-thrift"}

    for number in range(REQUESTS):
        body = _mutated(chance.choice(bodies), chance)
        connection = http.client.HTTPConnection(str(address.hostname), address.port, timeout=30)
        try:
            connection.request("POST", HTTP_PATH, body=body, headers=headers)
            answer = connection.getresponse()
            answer.read()
        finally:
            connection.close()
        assert answer.status in (200, 400), f"request {number}: {body[:100]!r}"

    assert sql.value("select 42") == 42
