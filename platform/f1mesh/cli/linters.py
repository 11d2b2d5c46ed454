"""The linters of the tree, each over every file of its kind that git knows or would add."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from f1mesh.cli.lint_sql import sql_findings
from f1mesh.errors import PermanentError


@dataclass(frozen=True)
class Linter:
    """A part of `./f1 lint`; `findings` is a line for each fault, with its place."""

    name: str
    findings: Callable[[], list[str]]


def linters(root: Path, state: Path, names: Sequence[str] = ()) -> list[Linter]:
    """Those that are named, else all; the slowest first. `state` is where one may remember what it
    has passed. Raises PermanentError for a name that no linter has, and outside of git."""
    files = tracked(root)
    sql = [file for file in files if file.suffix == ".sql"]
    yaml = [str(f) for f in files if f.suffix in (".yaml", ".yml") or f.name == ".yamllint"]
    shell = [str(file) for file in files if is_shell(root / file)]
    mesh = ("f1mesh.cli.app", "contracts")
    all_ = {
        "mypy": _module(root, "mypy", "--no-error-summary"),
        "sqlfluff": lambda: sql_findings(root, sql, state),
        "ruff": _module(root, "ruff", "check", "--quiet", "--output-format", "concise", "."),
        "format": _module(root, "ruff", "format", "--check", "."),
        "yamllint": _module(root, "yamllint", "--strict", "--format", "parsable", *yaml),
        "shellcheck": _program(root, "shellcheck", "--external-sources", "--format", "gcc", *shell),
        "contracts": _module(root, *mesh, "check"),
        "generated": _module(root, *mesh, "generate", "--check"),
    }
    if unknown := set(names) - set(all_):
        raise PermanentError(f"No part is called {min(unknown)}. The parts: {', '.join(all_)}.")
    return [Linter(name, run) for name, run in all_.items() if not names or name in names]


def tracked(root: Path) -> list[Path]:
    """The files that git knows or would add, relative to the checkout. Raises PermanentError where
    there is no git to ask."""
    asked = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    try:
        said = subprocess.run(asked, cwd=root, capture_output=True, check=True).stdout
    except (OSError, subprocess.CalledProcessError) as error:
        raise PermanentError(
            f"git cannot list the files of {root}: install git, and lint in a clone."
        ) from error
    names = [os.fsdecode(name) for name in said.split(b"\0") if name]
    return [Path(name) for name in dict.fromkeys(names) if (root / name).is_file()]


def is_shell(file: Path) -> bool:
    """Whether a file is a shell script, by its name or its first line."""
    if file.suffix in (".sh", ".bash"):
        return True
    if file.suffix:
        return False
    with file.open("rb") as opened:
        first = opened.readline(100).split()
    return first[:1] != [] and first[0].startswith(b"#!") and first[-1].endswith(b"sh")


def _module(root: Path, *arguments: str) -> Callable[[], list[str]]:
    return lambda: _findings([sys.executable, "-P", "-m", *arguments], root)


def _program(root: Path, name: str, *arguments: str) -> Callable[[], list[str]]:
    return lambda: _findings([str(Path(sys.executable).with_name(name)), *arguments], root)


def _findings(arguments: list[str], root: Path) -> list[str]:
    """What a program says, if it does not end well."""
    done = subprocess.run(arguments, cwd=root, capture_output=True, text=True, check=False)
    if done.returncode == 0:
        return []
    lines = [line for line in (done.stdout + done.stderr).splitlines() if line.strip()]
    return lines or [f"ended with code {done.returncode} and said nothing"]
