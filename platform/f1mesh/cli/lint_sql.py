"""sqlfluff over the SQL of the tree. It takes a second for a file; so the files that it has passed
are remembered, by their content and that of everything else that it goes by."""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys
from collections.abc import Iterator, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any

_GOES_BY = (".sqlfluff", ".sqlfluffignore", "platform/*/.sqlfluff", "tests/*/.sqlfluff",
            "platform/sqlfluff/*.py", "platform/dbt/macros/*.sql",
            "domains/*/dbt/macros/*.sql")  # fmt: skip


def sql_findings(root: Path, files: Sequence[Path], state: Path) -> list[str]:
    """A line for each fault of the files (relative to `root`), with its place; what was passed is
    kept below `state`."""
    ledger = state / "sqlfluff.json"
    passed = set(json.loads(ledger.read_text())) if ledger.is_file() else set()
    rules = _rules(root)
    digests = {file: _digest(rules, root / file) for file in files}
    asked = [file for file, digest in digests.items() if digest not in passed]
    findings, faulty = _ask(root, asked) if asked else ([], set())
    state.mkdir(parents=True, exist_ok=True)
    ledger.write_text(json.dumps(sorted(d for f, d in digests.items() if str(f) not in faulty)))
    return findings


def _ask(root: Path, files: Sequence[Path]) -> tuple[list[str], set[str]]:
    """sqlfluff's findings, and the files that have any: all of them, if it did not work."""
    arguments = ["lint", "--format", "json", "--disable-progress-bar", *map(str, files)]
    done = subprocess.run(
        [sys.executable, "-P", "-m", "sqlfluff", *arguments],
        cwd=root,
        capture_output=True,
        text=True,
        check=False,
    )
    try:
        report = json.loads(done.stdout)
    except ValueError:
        return [*done.stderr.splitlines(), f"ended with code {done.returncode}"], {*map(str, files)}
    return list(_lines(report)), {file["filepath"] for file in report if file["violations"]}


def _lines(report: list[dict[str, Any]]) -> Iterator[str]:
    for file in report:
        for fault in file["violations"]:
            place = f"{file['filepath']}:{fault['start_line_no']}:{fault['start_line_pos']}"
            yield f"{place}: {fault['code']} {fault['description']}"


def _rules(root: Path) -> bytes:
    """Changes with everything beside a file that decides what is said of it."""
    found = hashlib.sha256(version("sqlfluff").encode())
    for file in sorted(file for pattern in _GOES_BY for file in root.glob(pattern)):
        found.update(f"\0{file.relative_to(root)}\0".encode() + file.read_bytes())
    return found.digest()


def _digest(rules: bytes, file: Path) -> str:
    return hashlib.sha256(rules + str(file).encode() + b"\0" + file.read_bytes()).hexdigest()
