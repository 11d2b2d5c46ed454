"""Airflow's own Python environment, made from the lock on first use.

It stands beside the platform's (`.f1/envs/airflow`), because dbt and Airflow do not resolve
together. MWAA runs Python 3.12, so this does too.
"""

from __future__ import annotations

import fcntl
import hashlib
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from f1mesh.airflow_local.requirements import PYTHON, Requirements, run_uv
from f1mesh.errors import PermanentError
from f1mesh.settings import Settings
from f1mesh.workspace import Workspace

STAMP = ".f1-lock"


def folder(workspace: Workspace) -> Path:
    """Where the environment is, made or not."""
    return workspace.root / ".f1" / "envs" / "airflow"


def python(workspace: Workspace) -> Path:
    """The environment's Python, made or not."""
    return folder(workspace) / "bin" / "python"


def is_ready(workspace: Workspace) -> bool:
    """Whether the environment is there and made from the lock as it is now."""
    stamp = folder(workspace) / STAMP
    wanted = _fingerprint(Requirements.of(workspace).lock)
    return python(workspace).exists() and stamp.is_file() and stamp.read_text() == wanted


def ensure(workspace: Workspace, say: Callable[[str], None]) -> Path:
    """The environment's Python; makes the environment if it is missing or its lock has changed.

    Raises PermanentError without a Python 3.12, TransientError if the package index is not reached.
    """
    if is_ready(workspace):
        return python(workspace)
    requirements = Requirements.of(workspace)
    with _alone(folder(workspace)):
        if not is_ready(workspace):
            say(f"making the environment of Airflow {requirements.version} (once; about 600 MB)")
            _make(requirements, folder(workspace))
    return python(workspace)


def find_python(candidates: tuple[str, ...] | None = None) -> str:
    """A Python 3.12 of this machine. Raises PermanentError, with the remedy, if there is none."""
    named = Settings.read().airflow_python
    pyenv = sorted((Path.home() / ".pyenv" / "versions").glob(f"{PYTHON}.*/bin/python"))
    usual = (sys.executable, f"python{PYTHON}", *map(str, pyenv), "python3")
    for candidate in candidates or ((named,) if named else usual):
        if _version(candidate) == PYTHON:
            return candidate
    raise PermanentError(
        f"Airflow runs on Python {PYTHON} here, as on MWAA, and none was found"
        + (f" at F1_AIRFLOW_PYTHON={named}" if named else "")
        + f". Install Python {PYTHON}, or name it: F1_AIRFLOW_PYTHON=/path/to/python{PYTHON}. "
        "`./f1 run` works without Airflow."
    )


def _make(requirements: Requirements, target: Path) -> None:
    (target / STAMP).unlink(missing_ok=True)
    uv = str(requirements.uv)
    base = find_python()
    run_uv([uv, "venv", "--quiet", "--clear", "--no-python-downloads", "-p", base, str(target)])
    install = [uv, "pip", "sync", "--quiet", "--compile-bytecode", "--require-hashes"]
    run_uv([*install, "--python", str(target / "bin" / "python"), str(requirements.lock)])
    (target / STAMP).write_text(_fingerprint(requirements.lock))


def _version(candidate: str) -> str:
    ask = "import sys; print('%d.%d' % sys.version_info[:2])"
    try:
        done = subprocess.run([candidate, "-c", ask], capture_output=True, text=True, check=False)
    except OSError:
        return ""
    return done.stdout.strip()


def _fingerprint(lock: Path) -> str:
    return hashlib.sha256(lock.read_bytes()).hexdigest()


@contextmanager
def _alone(target: Path) -> Iterator[None]:
    """One installation at a time; the kernel's lock ends with its holder."""
    target.parent.mkdir(parents=True, exist_ok=True)
    with (target.parent / "airflow.lock").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield
