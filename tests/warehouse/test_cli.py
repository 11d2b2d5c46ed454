"""`./f1 warehouse start | status | stop`, and `./f1 sql` beside them."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from f1mesh.cli.app import app
from f1mesh.errors import PermanentError
from f1mesh.services import free_port
from f1mesh.warehouse import launch
from f1mesh.workspace import Workspace

F1 = Callable[..., Result]


@pytest.fixture
def f1(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> F1:
    monkeypatch.setenv("F1_HOME", str(tmp_path))
    return lambda *arguments: CliRunner().invoke(app, list(arguments))


def test_from_start_to_stop(f1: F1) -> None:
    assert f1("warehouse", "status").exit_code == 3
    nothing = f1("sync", "status")
    assert nothing.exit_code == 75
    assert "warehouse start" in nothing.stderr

    try:
        assert f1("warehouse", "start").exit_code == 0
        first = json.loads(f1("warehouse", "status", "--json").stdout)
        assert f1("warehouse", "start").stdout == ""
        assert json.loads(f1("warehouse", "status", "--json").stdout) == first
        assert "token" not in first
        assert first["uri"] in f1("warehouse", "status").stdout

        _asks(f1)
        f1("sql", "create table default.kept as select 5 as a")
        assert f1("warehouse", "status").exit_code == 0  # asking leaves it running
    finally:
        assert f1("down").exit_code == 0
    assert f1("warehouse", "status").exit_code == 3

    kept = f1("sql", "select a from kept", "--json")
    assert json.loads(kept.stdout) == [{"a": 5}]
    assert f1("warehouse", "status").exit_code == 3


def _asks(f1: F1) -> None:
    values = "null as n, 'é' as b, true as t, 0.10 as d, 1.0D as e, 0.123456789D as f"
    exact = f"{values}, cast('12345678901234567.8900' as decimal(38, 4)) as g"
    document = f1("sql", f"select {exact}", "--json").stdout

    assert '"g": 12345678901234567.89' in document
    assert json.loads(document)[0] | {"g": 0} == {
        **{"n": None, "b": "é", "t": True, "d": 0.1, "e": 1, "f": 0.123456789, "g": 0}
    }
    (row,) = [line for line in f1("sql", f"select {exact}").stdout.splitlines() if "é" in line]
    assert [cell.strip() for cell in row.strip("│").split("│")] == [
        *("-", "é", "true", "0.1", "1", "0.123456789", "12345678901234567.89")
    ]
    wrong = f1("sql", "select * from nothing")
    assert (wrong.exit_code, wrong.stdout) == (1, "")
    assert "[TABLE_OR_VIEW_NOT_FOUND]" in wrong.stderr


def test_a_warehouse_starts_again_where_it_is_known_to_be(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("F1_HOME", str(tmp_path))
    monkeypatch.setenv("F1_WAREHOUSE_PORT", str(free_port()))
    workspace, address = Workspace.locate(), launch.Address(free_port(), "t" * 20)
    before = dict(os.environ)

    for _ in range(2):
        try:
            running = launch.start(workspace, address)
            assert dict(running.endpoint) == {"port": address.port, "token": address.token}
        finally:
            launch.stop(workspace)
    with socket.socket() as other:
        other.bind(("127.0.0.1", address.port))
        other.listen()
        with pytest.raises(PermanentError, match=f"127.0.0.1:{address.port}, where it was: .*Free"):
            launch.start(workspace, address)

    assert dict(os.environ) == before


def test_the_server_does_not_start_without_a_token(tmp_path: Path) -> None:
    environment = {k: v for k, v in os.environ.items() if k != "F1_WAREHOUSE_TOKEN"}
    done = subprocess.run(
        [sys.executable, "-m", "f1mesh.warehouse.server", "--folder", str(tmp_path), "--port", "1"],
        env=environment,
        capture_output=True,
        text=True,
        timeout=60,
    )

    assert done.returncode != 0
    assert "F1_WAREHOUSE_TOKEN" in done.stderr
