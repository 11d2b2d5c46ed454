"""The launcher on machines where something is missing: a clear message, and no traceback."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

TOOLS = ("sh", "dirname", "cksum", "cat", "mkdir", "rm", "grep", "sleep", "env", "pwd", "printf")


@pytest.fixture
def bare(root: Path, tmp_path: Path) -> Path:
    """A checkout without environment, and a PATH with the basic tools but no Python."""
    checkout = tmp_path / "checkout with space"
    checkout.mkdir()
    for name in ("f1", "uv.lock", "pyproject.toml"):
        shutil.copy(root / name, checkout / name)
    tools = tmp_path / "bin"
    tools.mkdir()
    for name in TOOLS:
        if found := shutil.which(name):
            (tools / name).symlink_to(found)
    return checkout


def launch(checkout: Path, **settings: str) -> subprocess.CompletedProcess[str]:
    environment = {"PATH": str(checkout.parent / "bin"), "HOME": str(checkout.parent), **settings}
    return subprocess.run(
        [str(checkout / "f1"), "--help"],
        env=environment,
        capture_output=True,
        text=True,
        timeout=60,
    )


def test_without_a_fitting_python_it_says_what_to_install(bare: Path) -> None:
    result = launch(bare)

    assert result.returncode == 1
    assert "no Python 3.11 or 3.12 found" in result.stderr
    assert "F1_PYTHON" in result.stderr


def test_without_network_it_says_so_and_leaves_no_half_environment(bare: Path) -> None:
    closed = "http://127.0.0.1:9/simple"

    result = launch(
        bare,
        F1_PYTHON=getattr(sys, "_base_executable", sys.executable),
        PIP_INDEX_URL=closed,
        UV_INDEX_URL=closed,
        PIP_RETRIES="0",
        PIP_CONFIG_FILE=os.devnull,
    )

    assert result.returncode == 1
    assert "PyPI was not reached" in result.stderr
    assert not (bare / ".f1" / "envs" / "uv").exists()
    assert not (bare / ".f1" / "envs" / "lock").exists()


def test_a_lock_of_a_dead_installation_is_taken_over(bare: Path) -> None:
    lock = bare / ".f1" / "envs" / "lock"
    lock.mkdir(parents=True)
    (lock / "pid").write_text("999999999\n")

    result = launch(bare)

    assert "no Python 3.11 or 3.12 found" in result.stderr


def test_with_an_environment_nothing_is_installed_again(root: Path) -> None:
    result = subprocess.run([str(root / "f1"), "--help"], capture_output=True, text=True)

    if "making the platform environment" in result.stderr:
        result = subprocess.run([str(root / "f1"), "--help"], capture_output=True, text=True)
    assert result.returncode == 0
    assert result.stderr == ""
    assert "answers" in result.stdout
