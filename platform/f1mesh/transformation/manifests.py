"""dbt's manifests, made before an orchestrator reads its DAGs: parsing a DAG never runs dbt.

The same sources give the same file: what dbt writes of the moment and of the machine (times,
invocation, paths, the user) is taken out, and what it writes in the order of a set is sorted.
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
from f1mesh.schemas import Schemas

_MANIFEST = "manifest.json"
_STAMP = "project.sha256"
_SOURCES = ("*.sql", "*.yml", "*.yaml", "*.csv", "*.md")
_OF_THE_MOMENT = ("generated_at", "invocation_id", "invocation_started_at", "run_started_at",
                  "user_id", "env")  # fmt: skip
# Lists that dbt writes in the order of a set: what a node depends on, and how it names that.
_SETS = frozenset({"nodes", "macros", "refs", "sources", "metrics", "functions"})


def write_manifests(
    mesh: Mesh, folder: Path, root: Path, *, python: Path | None = None
) -> tuple[Path, ...]:
    """`<folder>/<domain>/manifest.json` for every domain; one whose project has not changed since
    is left. Raises PermanentError, with dbt's words, for projects that dbt cannot parse; the
    manifests of the others are written all the same."""
    digests = {domain.name: project_digest(domain, root) for domain in mesh.domains.values()}
    stale = [d for d in mesh.domains.values() if not _current(folder / d.name, digests[d.name])]
    if stale:
        with tempfile.TemporaryDirectory(prefix="f1-manifests-") as scratch:
            failed = _parse_all(stale, Path(scratch), root, python or Path(sys.executable))
            for domain in stale:
                if domain.name not in failed:
                    content = _content(Path(scratch) / domain.name, root)
                    _write(folder / domain.name, content, digests[domain.name])
        if failed:
            told = "\n".join(f"{name}: {words}" for name, words in failed.items())
            raise PermanentError(f"dbt cannot parse every domain's project.\n{told}")
    return tuple(folder / name / _MANIFEST for name in mesh.domains)


def project_digest(domain: Domain, root: Path) -> str:
    """Changes with every file that dbt reads of a domain (its project, the shared package) and with
    the prefix of its schemas."""
    found = hashlib.sha256(Schemas.of_environment().prefix.encode())
    for base in (domain.dbt_project, root / "platform" / "dbt"):
        for file in sorted(f for pattern in _SOURCES for f in base.rglob(pattern)):
            found.update(str(file.relative_to(base)).encode() + b"\0" + file.read_bytes())
    return found.hexdigest()


def _current(folder: Path, digest: str) -> bool:
    manifest, stamp = folder / _MANIFEST, folder / _STAMP
    return manifest.is_file() and stamp.is_file() and stamp.read_text() == digest


def _write(folder: Path, content: dict[str, Any], digest: str) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    fresh = folder / f"{_MANIFEST}.{os.getpid()}"
    fresh.write_text(json.dumps(content, sort_keys=True, separators=(",", ":")))
    fresh.replace(folder / _MANIFEST)
    (folder / _STAMP).write_text(digest)


def _parse_all(domains: list[Domain], scratch: Path, root: Path, python: Path) -> dict[str, str]:
    """Parse in one process (dbt takes seconds to load); dbt's words by domain that failed."""
    jobs = [
        {
            "domain": domain.name,
            "project": str(domain.dbt_project),
            "profiles": str(root / "platform" / "dbt"),
            "scratch": str(scratch / domain.name),
        }
        for domain in domains
    ]
    environment = {
        **{key: value for key, value in os.environ.items() if not key.startswith("PYTHON")},
        "PYTHONHASHSEED": os.environ.get("PYTHONHASHSEED", "0"),  # for sets that nobody knew of
        "PYTHONPATH": str(Path(__file__).resolve().parents[2]),
        # Parsing reaches no warehouse; the profile only asks that these are set.
        "DATABRICKS_HOST": "127.0.0.1",
        "DATABRICKS_TOKEN": "none",
        "DO_NOT_TRACK": "1",
    }
    done = subprocess.run(
        [str(python), "-P", "-m", "f1mesh.transformation.parse", json.dumps(jobs)],
        cwd=scratch,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    try:
        failed: dict[str, str] = json.loads(done.stdout.splitlines()[-1])
    except (IndexError, ValueError) as error:
        raise PermanentError(
            f"dbt ended with code {done.returncode}:\n{done.stdout}\n{done.stderr}".strip()
        ) from error
    return failed


def _content(folder: Path, root: Path) -> dict[str, Any]:
    """What dbt wrote, without what is of the moment and of this machine."""
    content: dict[str, Any] = json.loads((folder / "target" / _MANIFEST).read_text())
    for key in _OF_THE_MOMENT:
        content["metadata"].pop(key, None)
    for name in ("group_map", "parent_map", "child_map"):
        content[name] = {key: sorted(of) for key, of in content.get(name, {}).items()}
    cleaned: dict[str, Any] = _without_moments(content, str(root))
    return cleaned


def _without_moments(value: Any, root: str, name: str = "") -> Any:
    """Without times of creation and absolute paths of this machine, its sets in order. `name` is
    the key that has the value."""
    if isinstance(value, dict):
        return {
            key: _without_moments(item, root, key)
            for key, item in value.items()
            if key not in ("created_at", "root_path")
        }
    if isinstance(value, list):
        cleaned = [_without_moments(item, root) for item in value]
        return sorted(cleaned, key=json.dumps) if name in _SETS else cleaned
    return value.removeprefix(f"{root}/") if isinstance(value, str) else value
