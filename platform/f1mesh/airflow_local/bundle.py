"""What MWAA needs, as one folder (or zip): the same bytes for the same checkout.

dags/mesh.py .airflowignore    the DAG file; the rest is no DAG file
dags/f1/                       F1_ROOT there: domains/, platform/, manifests/
plugins.zip requirements.txt startup.sh    MWAA's other three inputs
"""

from __future__ import annotations

import hashlib
import shutil
import zipfile
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path

from f1mesh.airflow_local.requirements import Requirements
from f1mesh.errors import PermanentError
from f1mesh.registry import Mesh
from f1mesh.workspace import Workspace

ROOT = "dags/f1"
MARK = "bundle.sha256"
# Neither tests nor what tools leave behind; what only makes the local Airflow is not needed there.
_LEFT_OUT = frozenset(
    {"__pycache__", "tests", "target", "logs", "dbt_packages", "airflow_local", ".user.yml"}
)
_FIXED_TIME = (1980, 1, 1, 0, 0, 0)  # the earliest that a zip can say

Content = dict[str, bytes]


@dataclass(frozen=True)
class Bundle:
    """The files of a bundle by their path in it."""

    files: Mapping[str, bytes]

    @property
    def digest(self) -> str:
        """SHA-256 over all paths and contents."""
        total = hashlib.sha256()
        for path, content in sorted(self.files.items()):
            total.update(f"{path}\0{len(content)}\0".encode())
            total.update(content)
        return total.hexdigest()

    def write(self, target: Path) -> None:
        """Write the bundle, as a zip if `target` ends so, else as a folder (which it replaces).

        Raises PermanentError for a folder that is there and is no bundle.
        """
        if target.suffix == ".zip":
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(zipped(self.files))
            return
        if target.exists() and any(target.iterdir()) and not (target / MARK).is_file():
            raise PermanentError(f"{target} holds something that is no bundle. Name a new folder.")
        shutil.rmtree(target, ignore_errors=True)
        for path, content in sorted(self.files.items()):
            file = target / path
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(content)
        (target / MARK).write_text(self.digest + "\n")


def build(
    workspace: Workspace, mesh: Mesh, write_manifests: Callable[[Path], object], scratch: Path
) -> Bundle:
    """The bundle of a checkout. `write_manifests` puts dbt's manifests into a folder, which lies
    in `scratch`."""
    requirements = Requirements.of(workspace)
    root, airflow = workspace.root, workspace.root / "platform" / "airflow"
    files: Content = {
        **_tree(root / "dags", "dags"),
        "dags/.airflowignore": b"f1/\n",
        **_tree(root / "platform" / "f1mesh", f"{ROOT}/platform/f1mesh"),
        **_tree(root / "platform" / "dbt", f"{ROOT}/platform/dbt"),
        f"{ROOT}/platform/airflow/airflow.env": (airflow / "airflow.env").read_bytes(),
        f"{ROOT}/platform/airflow/mesh.lock": requirements.mesh_text().encode(),
        "plugins.zip": zipped(_tree(airflow / "plugins", "")),
        "requirements.txt": requirements.mwaa.read_bytes(),
        "startup.sh": (airflow / "startup.sh").read_bytes(),
    }
    for domain in mesh.domains.values():
        own = _tree(domain.path, "")
        there = f"{ROOT}/domains/{domain.name}"
        files |= {f"{there}/{path}": own[path] for path in own if not path.startswith("tests/")}
    manifests = scratch / "manifests"
    write_manifests(manifests)
    files |= {
        f"{ROOT}/manifests/{name}/manifest.json": (manifests / name / "manifest.json").read_bytes()
        for name in mesh.domains
    }
    return Bundle(dict(sorted(files.items())))


def zipped(files: Mapping[str, bytes]) -> bytes:
    """A zip that depends on the paths and contents only."""
    buffer = BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        for path, content in sorted(files.items()):
            entry = zipfile.ZipInfo(path, _FIXED_TIME)
            entry.compress_type = zipfile.ZIP_DEFLATED
            entry.external_attr = 0o644 << 16
            archive.writestr(entry, content)
    return buffer.getvalue()


def _tree(folder: Path, prefix: str) -> Content:
    start = f"{prefix}/" if prefix else ""
    return {start + path: (folder / path).read_bytes() for path in _paths(folder)}


def _paths(folder: Path) -> Iterator[str]:
    for file in sorted(folder.rglob("*")):
        parts = file.relative_to(folder).parts
        if file.is_file() and not _LEFT_OUT & set(parts) and file.suffix != ".pyc":
            yield "/".join(parts)
