"""dbt's manifests, made before an orchestrator reads its DAGs: parsing a DAG never runs dbt.

The same sources give the same file: what dbt writes of the moment and of the machine (times,
invocation, paths, the user) is taken out.
"""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from f1mesh.errors import PermanentError
from f1mesh.registry import Domain, Mesh

_SOURCES = ("*.sql", "*.yml", "*.yaml", "*.csv", "*.md")
_OF_THE_MOMENT = ("generated_at", "invocation_id", "invocation_started_at", "run_started_at",
                  "user_id", "env")  # fmt: skip


def write_manifests(
    mesh: Mesh, folder: Path, root: Path, *, python: Path | None = None
) -> tuple[Path, ...]:
    """`<folder>/<domain>/manifest.json` for every domain; one whose project has not changed since
    is left. Raises PermanentError, with dbt's words, for a project that dbt cannot parse."""
    return tuple(
        _write(domain, folder / domain.name, root, python or Path(sys.executable))
        for domain in mesh.domains.values()
    )


def project_digest(domain: Domain, root: Path) -> str:
    """Changes with every file that dbt reads of a domain: its project and the shared package."""
    found = hashlib.sha256()
    for base in (domain.dbt_project, root / "platform" / "dbt"):
        for file in sorted(f for pattern in _SOURCES for f in base.rglob(pattern)):
            found.update(str(file.relative_to(base)).encode() + b"\0" + file.read_bytes())
    return found.hexdigest()


def _write(domain: Domain, folder: Path, root: Path, python: Path) -> Path:
    manifest, stamp = folder / "manifest.json", folder / "project.sha256"
    digest = project_digest(domain, root)
    if manifest.is_file() and stamp.is_file() and stamp.read_text() == digest:
        return manifest
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as scratch:
        content = _parse(domain, Path(scratch), root, python)
    fresh = folder / f"manifest.{os.getpid()}.tmp"
    fresh.write_text(json.dumps(content, sort_keys=True, separators=(",", ":")))
    fresh.replace(manifest)
    stamp.write_text(digest)
    return manifest


def _parse(domain: Domain, scratch: Path, root: Path, python: Path) -> dict[str, Any]:
    folders = ["--project-dir", str(domain.dbt_project), "--log-path", str(scratch / "logs")]
    folders += ["--profiles-dir", str(root / "platform" / "dbt")]
    dbt = [str(python), "-P", "-c", "from dbt.cli.main import cli; cli()"]
    if (domain.dbt_project / "packages.yml").is_file():
        _run([*dbt, "deps", *folders], scratch, domain)
    target = ["--target-path", str(scratch / "target"), "--no-partial-parse"]
    _run([*dbt, "parse", *folders, *target], scratch, domain)
    content: dict[str, Any] = json.loads((scratch / "target" / "manifest.json").read_text())
    for key in _OF_THE_MOMENT:
        content["metadata"].pop(key, None)
    groups = content.get("group_map", {})  # dbt writes the members in the order of a set
    content["group_map"] = {name: sorted(members) for name, members in groups.items()}
    cleaned: dict[str, Any] = _without_moments(content, str(root))
    return cleaned


def _run(command: list[str], scratch: Path, domain: Domain) -> None:
    # Parsing reaches no warehouse; the profile only asks that these are set.
    environment = {
        **{key: value for key, value in os.environ.items() if not key.startswith("PYTHON")},
        "DATABRICKS_HOST": "127.0.0.1",
        "DATABRICKS_TOKEN": "none",
        "F1_DBT_STATE": str(scratch),
        "DO_NOT_TRACK": "1",
    }
    done = subprocess.run(
        command, cwd=scratch, env=environment, capture_output=True, text=True, check=False
    )
    if done.returncode != 0:
        raise PermanentError(
            f"dbt cannot parse the project of '{domain.name}' ({domain.dbt_project}):\n"
            f"{done.stdout}\n{done.stderr}".strip()
        )


def _without_moments(value: Any, root: str) -> Any:
    """Without times of creation and absolute paths of this machine."""
    if isinstance(value, dict):
        return {
            key: _without_moments(item, root)
            for key, item in value.items()
            if key not in ("created_at", "root_path")
        }
    if isinstance(value, list):
        return [_without_moments(item, root) for item in value]
    return value.removeprefix(f"{root}/") if isinstance(value, str) else value
