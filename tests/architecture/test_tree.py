"""Rules of the house that no type checker sees."""

from __future__ import annotations

import ast
import platform
import re
import subprocess
import sys
from pathlib import Path

import pytest

from f1mesh.sources.declared import source_systems
from tests.architecture.owned import ORDINARY, findings, guarded, owned_names, words

LONGEST_FILE = 350


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


def shared_files(root: Path) -> list[Path]:
    """The text files of what any mesh would use: the library, the dbt package, the DAG folder."""
    found = [
        file
        for folder in ("platform/f1mesh", "platform/dbt", "dags")
        for file in (root / folder).rglob("*")
        if file.is_file() and file.suffix in {".py", ".sql", ".yml", ".yaml", ".md", ".csv", ".txt"}
    ]
    assert len(found) > 100
    return found


def test_what_is_shared_knows_no_domain_and_nothing_that_a_domain_owns(root: Path) -> None:
    names = guarded(root)
    assert {("race", "history"), ("dim", "driver"), ("drivers", "api"), ("season",)} <= names

    named = {
        str(file.relative_to(root)): lines
        for file in shared_files(root)
        if (lines := list(findings(file.read_text(encoding="utf-8"), names)))
    }

    assert not named


def test_what_is_shared_names_no_option_of_a_source_system(root: Path) -> None:
    options = {option.name for s in source_systems(root) for option in s.options}
    options -= {"prune"}  # uv has one of that name, too
    assert "history" in options
    pattern = re.compile(rf"--({'|'.join(map(re.escape, options))})\b")

    named = [
        f"{file.relative_to(root)}: {match.group()}"
        for file in shared_files(root)
        for match in pattern.finditer(file.read_text(encoding="utf-8"))
    ]

    assert not named


@pytest.mark.parametrize(
    "line",
    [
        "season: int | None = None",
        "def years_of_seasons(first): ...",
        "class RaceHistory: ...",
        'print(f"the races of {year}")',
        "# as in race_history",
        "-- a race that was run",
        "or season = {{ var('season') }}",
        "DATABASE = 'ergast'",
        "from f1sources.history import HistoryInput",
        "{#- DRIVER_CAREER -#}",
        'SETTING = "F1_SOURCE_DRIVERS_API"',
    ],
)
def test_the_guard_sees_into_strings_identifiers_and_comments(root: Path, line: str) -> None:
    assert list(findings(line, guarded(root)))


@pytest.mark.parametrize("line", ["status, result = run()", "a reason", "traces = embrace(them)"])
def test_the_guard_leaves_ordinary_words_alone(root: Path, line: str) -> None:
    assert not list(findings(line, guarded(root)))


def test_no_word_is_called_ordinary_in_vain(root: Path) -> None:
    owned = {word for name in owned_names(root) for word in (name, name.removesuffix("s"))}
    shared = {word for file in shared_files(root) for word in words(file.read_text())}

    assert owned & shared >= ORDINARY


def test_no_test_takes_its_helpers_from_another_test(root: Path) -> None:
    files = [file for top in ("tests", "domains") for file in (root / top).rglob("*.py")]
    assert len(files) > 100

    taken = re.compile(r"^\s*(from|import) [\w.]*\btest_\w+", re.MULTILINE)
    assert [file.name for file in files if taken.search(file.read_text(encoding="utf-8"))] == []


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
