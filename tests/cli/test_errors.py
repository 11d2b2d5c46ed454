"""No library's traceback reaches a user: one line of what and where, the rest with --debug."""

from __future__ import annotations

import errno
import os
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml
from databricks.sql.exc import RequestError
from dbt_common.exceptions import DbtRuntimeError
from pydantic import TypeAdapter, ValidationError
from thrift.transport.TTransport import TTransportException
from typer.testing import CliRunner, Result

from f1mesh.cli.app import app
from f1mesh.errors import PermanentError, TransientError
from f1mesh.orchestration.steps import StepRunner
from f1mesh.workspace import Workspace

Run = Callable[..., Result]
COMMANDS = [
    ["run", "--history", "simulated"],
    ["answers"],
    ["sql", "select 1"],
    ["products"],
    ["status"],
    ["down"],
    ["source", "status"],
    ["sync", "status"],
    ["step", "list"],
    ["snapshots", "show", "drivers", "snap_driver", "x"],
    ["warehouse", "status"],
    ["airflow", "manifests"],
]


def _yaml() -> Exception:
    try:
        yaml.safe_load("a: [1\nb: }")
    except yaml.YAMLError as error:
        return error
    raise AssertionError


def _pydantic() -> Exception:
    try:
        TypeAdapter(int).validate_python("many\nlines")
    except ValidationError as error:
        return error
    raise AssertionError


_lost: Any = RequestError  # without types of its own

ERRORS = [
    (ConnectionResetError(errno.ECONNRESET, "Connection reset by peer"), 75, "Connection reset"),
    (ConnectionError("the peer went away"), 75, "ConnectionError: the peer went away (in "),
    (_yaml(), 1, "ParserError: while parsing a flow sequence"),
    (_pydantic(), 1, "ValidationError: 1 validation error for int"),
    (DbtRuntimeError("a macro\nfailed"), 1, "DbtRuntimeError: Runtime Error a macro failed (in "),
    (TTransportException(message="TSocket read 0 bytes"), 75, "TTransportException: TSocket read"),
    (_lost("Error during request to server"), 75, "Error during request to server"),
    (PermissionError(errno.EACCES, "Permission denied", "/a/b"), 1, "Permission denied: '/a/b'"),
    (OSError(errno.ENOSPC, "No space left on device", "/a/b"), 1, "the disk is full (/a/b)"),
    (KeyError("season"), 1, "KeyError: 'season' (in "),
    (AssertionError(), 1, "AssertionError (in "),
    (RecursionError("maximum depth"), 1, "RecursionError: maximum depth (in "),
    (PermanentError("the contract is broken"), 1, "error: the contract is broken"),
    (TransientError("throttled"), 75, "error: throttled"),
]


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    monkeypatch.setenv("F1_HOME", str(tmp_path / "home"))
    monkeypatch.delenv("F1_DEBUG", raising=False)
    return lambda *arguments: CliRunner().invoke(app, list(arguments))


def _break(monkeypatch: pytest.MonkeyPatch, error: Exception) -> None:
    def broken(*_: object, **__: object) -> None:
        raise error

    monkeypatch.setattr(Workspace, "locate", broken)


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_an_error_of_a_library_is_one_line_in_every_command(
    run: Run, monkeypatch: pytest.MonkeyPatch, command: list[str]
) -> None:
    _break(monkeypatch, ZeroDivisionError("division\nby zero"))

    ended = run(*command)

    assert ended.exit_code == 1
    (line,) = [text for text in ended.stderr.splitlines() if text.startswith("error: ")]
    assert line.startswith("error: ZeroDivisionError: division by zero (in ")
    assert line.endswith("Run again with --debug (or F1_DEBUG=1) for the traceback.")
    assert "Traceback" not in ended.output
    assert len(ended.stderr.splitlines()) == 1


@pytest.mark.parametrize(("error", "code", "told"), ERRORS, ids=lambda x: type(x).__name__)
def test_every_kind_of_error_is_told_with_its_exit_code(
    run: Run, monkeypatch: pytest.MonkeyPatch, error: Exception, code: int, told: str
) -> None:
    _break(monkeypatch, error)

    ended = run("answers")

    assert (ended.exit_code, "Traceback" in ended.output) == (code, False)
    assert told in ended.stderr
    assert len(ended.stderr.splitlines()) == 1


@pytest.mark.parametrize("setting", [["--debug"], []], ids=["option", "environment"])
def test_the_traceback_is_for_debug(
    run: Run, monkeypatch: pytest.MonkeyPatch, setting: list[str]
) -> None:
    _break(monkeypatch, KeyError("season"))
    if not setting:
        monkeypatch.setenv("F1_DEBUG", "1")

    ended = run(*setting, "answers")

    assert ended.exit_code == 1
    assert "Traceback (most recent call last)" in ended.stderr
    assert ended.stderr.splitlines()[-1].startswith("error: KeyError: 'season' (in answers, ")


def test_a_step_tells_a_librarys_error_in_one_line(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object) -> None:
        raise ZeroDivisionError("division by zero")

    monkeypatch.setenv("DATABRICKS_HOST", "127.0.0.1")
    monkeypatch.setenv("DATABRICKS_HTTP_PATH", "/none")
    monkeypatch.setenv("DATABRICKS_TOKEN", "none")
    monkeypatch.setattr(StepRunner, "__call__", broken)

    ended = run("step", "run", "drivers.freshness")

    assert (ended.exit_code, "Traceback" in ended.output) == (1, False)
    assert "error: ZeroDivisionError: division by zero (in " in ended.stderr
    assert "Traceback" in run("--debug", "step", "run", "drivers.freshness").stderr


@pytest.mark.parametrize("arguments", [["--debug", "status"], ["status", "--debug"]])
def test_debug_may_stand_anywhere(root: Path, tmp_path: Path, arguments: list[str]) -> None:
    closed = tmp_path / "active"
    closed.mkdir()  # where a file should be

    ended = subprocess.run(
        [str(root / "f1"), *arguments],
        env={**os.environ, "F1_HOME": str(tmp_path), "F1_DATASET": ""},
        capture_output=True,
        text=True,
        check=False,
    )

    assert "No such option" not in ended.stderr
    assert ended.returncode == 0
