"""Rules of the house that no type checker sees."""

from __future__ import annotations

import ast
import platform
import subprocess
import sys
from pathlib import Path

import pytest

LONGEST_FILE = 400


def python_files(root: Path) -> list[Path]:
    listed = subprocess.run(
        ["git", "ls-files", "*.py"], cwd=root, capture_output=True, text=True, check=True
    )
    files = [root / line for line in listed.stdout.splitlines()]
    assert files
    return [file for file in files if file.exists()]


def test_platform_folder_never_shadows_pythons_own_platform(root: Path) -> None:
    assert not (root / "platform" / "__init__.py").exists()

    found = subprocess.run(
        [sys.executable, "-c", "import platform; print(platform.__file__)"],
        cwd=root,
        capture_output=True,
        text=True,
        check=True,
    )

    assert found.stdout.strip() == platform.__file__


def test_files_can_be_read_in_one_sitting(root: Path) -> None:
    too_long = {
        str(file.relative_to(root)): length
        for file in python_files(root)
        if (length := len(file.read_text().splitlines())) > LONGEST_FILE
    }

    assert not too_long


def test_the_shared_library_knows_no_domain_by_name(root: Path) -> None:
    domains = {file.parent.name for file in (root / "domains").glob("*/domain.yaml")}
    assert domains

    named = {
        f"{file.relative_to(root)}: {node.value}"
        for file in (root / "platform").rglob("*.py")
        for node in ast.walk(ast.parse(file.read_text()))
        if isinstance(node, ast.Constant)
        and isinstance(node.value, str)
        and node.value in {"race_history", "telemetry_weather"}
    }

    assert not named


def test_a_domain_imports_nothing_of_another_domain(root: Path) -> None:
    folders = [file.parent for file in (root / "domains").glob("*/domain.yaml")]
    assert folders

    for folder in folders:
        others = {other.name for other in folders} - {folder.name}
        for file in folder.rglob("*.py"):
            for node in ast.walk(ast.parse(file.read_text())):
                names = (
                    [alias.name for alias in node.names]
                    if isinstance(node, ast.Import)
                    else [node.module or ""]
                    if isinstance(node, ast.ImportFrom)
                    else []
                )
                parts = {part for name in names for part in name.split(".")}
                assert not parts & others, f"{file} imports {parts & others}"


@pytest.mark.parametrize("module", ["f1mesh.cli.app", "f1mesh.orchestration"])
def test_importing_the_command_stays_light(module: str) -> None:
    heavy = ["dbt", "pyarrow", "databricks", "pysail", "datacontract", "airbyte_cdk", "pandas"]
    code = f"import sys, {module}; print([m for m in {heavy} if m in sys.modules])"

    found = subprocess.run(
        [sys.executable, "-P", "-c", code], capture_output=True, text=True, check=True
    )

    assert found.stdout.strip() == "[]"
