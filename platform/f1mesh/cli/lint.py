"""`./f1 lint`: what CI and pre-commit ask of a change, all parts side by side."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Annotated

import typer

from f1mesh.cli.options import AsJson
from f1mesh.cli.output import command, emit_json, note
from f1mesh.workspace import Workspace

if TYPE_CHECKING:
    from f1mesh.cli.linters import Linter


@dataclass(frozen=True)
class LintResult:
    """What a linter said of the tree: nothing, if all is well."""

    part: str
    ok: bool
    seconds: float
    findings: list[str]

    def __str__(self) -> str:
        said = "ok" if self.ok else "\n  " + "\n  ".join(self.findings)
        return f"{'✓' if self.ok else '✗'} {self.part}: {said}"


@command
def lint(
    parts: Annotated[
        list[str] | None, typer.Argument(help="Which parts, e.g. mypy; default: all.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """ruff, mypy --strict, sqlfluff, yamllint, shellcheck, the contracts, and what is generated
    from them: what CI asks of a change. Ends with 1 if one of them finds anything."""
    from f1mesh.cli.linters import linters

    workspace = Workspace.locate()
    found = []
    for result in _results(linters(workspace.root, workspace.home / "lint", parts or [])):
        found.append(result)
        if not as_json:
            note(str(result))
    if as_json:
        emit_json([asdict(result) for result in found])
    if not all(result.ok for result in found):
        raise typer.Exit(1)


def _results(parts: list[Linter]) -> Iterator[LintResult]:
    """Each as its linter ends."""
    with ThreadPoolExecutor(max_workers=max(2, os.cpu_count() or 1)) as pool:
        for ended in as_completed([pool.submit(_judge, part) for part in parts]):
            yield ended.result()


def _judge(linter: Linter) -> LintResult:
    begun = time.monotonic()
    findings = linter.findings()
    return LintResult(linter.name, not findings, round(time.monotonic() - begun, 1), findings)
