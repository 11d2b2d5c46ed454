"""What another user of the machine gets, without a token: nothing."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from f1mesh.client import Target, embedded_service
from f1mesh.warehouse import isolation
from f1mesh.workspace import Workspace
from tests.warehouse.client import Client

AS_NOBODY = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"]
MAY_DROP = os.geteuid() == 0 and shutil.which("setpriv") is not None

ATTACK = """
import socket, sys
open_ports = []
for line in open("/proc/net/tcp").read().splitlines()[1:]:
    address, state = line.split()[1], line.split()[3]
    if state == "0A":
        open_ports.append(int(address.split(":")[1], 16))
for port in sorted(set(open_ports)):
    with socket.socket() as probe:
        probe.settimeout(5)
        if probe.connect_ex(("127.0.0.1", port)):
            continue
        try:
            # the preface of HTTP/2, an empty SETTINGS frame: a gRPC server answers with its own
            probe.sendall(b"PRI * HTTP/2.0\\r\\n\\r\\nSM\\r\\n\\r\\n")
            probe.sendall(bytes([0, 0, 0, 4, 0, 0, 0, 0, 0]))
            answer = probe.recv(64)
        except OSError:
            answer = b""
        if len(answer) > 3 and answer[3] == 4:
            print(port)
"""


@pytest.fixture(autouse=True)
def isolated() -> None:
    if reason := isolation.possible():
        pytest.skip(f"this machine gives no network of its own: {reason}")


def test_no_port_of_the_warehouse_answers_as_an_engine(workspace: Workspace, sql: Client) -> None:
    assert sql.value("select 1 + 1") == 2
    running = embedded_service(workspace).running()
    assert running is not None

    answering = _grpc_ports()  # tests beside this one may have engines of their own

    owned = [c for c in psutil.net_connections("tcp") if c.pid == running.pid]
    assert owned
    assert not [c for c in owned if str(c.laddr).split("port=")[-1].rstrip(")") in answering]


def test_the_warehouses_process_shows_one_port(workspace: Workspace, target: Target) -> None:
    running = embedded_service(workspace).running()
    assert running is not None

    ports = {
        str(c.laddr).split("port=")[-1].rstrip(")")
        for c in psutil.net_connections("tcp")
        if c.pid == running.pid
    }

    assert ports == {str(running.endpoint["port"])}


def test_the_attack_finds_an_engine_that_is_not_isolated(tmp_path: Path) -> None:
    program = (
        "from pysail.spark import SparkConnectServer; import time\n"
        "s = SparkConnectServer('127.0.0.1', 0); s.start(background=True)\n"
        "print(s.listening_address[1], flush=True); time.sleep(60)"
    )
    with subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE) as engine:
        assert engine.stdout is not None
        port = engine.stdout.readline().decode().strip()
        try:
            assert port in _grpc_ports()
        finally:
            engine.kill()


def test_everything_on_disk_is_the_owners_alone(workspace: Workspace, sql: Client) -> None:
    sql.run("create table secret as select 'a' as who")

    folders = [workspace.data / "warehouse", workspace.run_dir, workspace.logs]
    table = Path(sql.rows("describe detail secret")[0]["location"])
    catalog = workspace.data / "warehouse" / "catalog.sqlite"
    made = [catalog, *(path for path in table.rglob("*") if path.is_file())]

    assert len(made) > 2
    assert [str(path) for path in folders if path.stat().st_mode & 0o077] == []
    assert [str(path) for path in made if path.stat().st_mode & 0o077] == []


def test_another_user_reads_no_file(workspace: Workspace, sql: Client) -> None:
    if not MAY_DROP:
        pytest.skip("only root may become another user here (setpriv)")
    sql.run("create table hidden as select 'a' as who")
    # pytest's own folders are private too: what is tested is the warehouse's folder alone
    for folder in [workspace.data, *workspace.data.parents][: len(workspace.data.parts) - 2]:
        folder.chmod(folder.stat().st_mode | 0o011)

    listing = ["find", str(workspace.data), "-type", "f", "-readable"]
    done = subprocess.run([*AS_NOBODY, *listing], capture_output=True, text=True, check=False)

    assert "Permission denied" in done.stderr
    assert done.stdout == ""


def _grpc_ports() -> list[str]:
    """The ports at which a gRPC server answers: another user, where we may become one."""
    python = shutil.which("python3", path="/usr/bin:/bin")  # ours may stand where nobody else goes
    command = [*AS_NOBODY, python] if MAY_DROP and python else [sys.executable]
    done = subprocess.run([*command, "-c", ATTACK], capture_output=True, text=True, check=True)
    return done.stdout.split()
