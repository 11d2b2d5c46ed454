"""What the environment says is read in one place, judged when it is asked for, and written down."""

from __future__ import annotations

import ast
import json
import os
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from typer.testing import CliRunner

from f1mesh.cli.app import app
from f1mesh.errors import PermanentError
from f1mesh.settings import Settings, lent, source_setting, table
from f1mesh.workspace import Workspace

# Not ours: where programs are, and the order of Python's sets.
OF_OTHERS = frozenset({"PATH", "PYTHONHASHSEED"})

# Variables that the library gives to dbt and does not read.
FOR_DBT = frozenset({"F1_DBT_STATE"})

# Processes of their own, which begin with what they were told.
THEIR_OWN = frozenset({"workers/server.py", "transformation/parse.py", "settings.py"})

NAMES = {setting.name for setting in Settings.all()}

WRONG = [
    ("F1_WAREHOUSE_PORT", "warehouse_port", "0"),
    ("F1_WAREHOUSE_PORT", "warehouse_port", "\uff18\uff10"),
    ("F1_AIRFLOW_PORT", "airflow_port", "http"),
    ("F1_WAREHOUSE_MEMORY", "warehouse_memory", "much"),
    ("F1_WAREHOUSE_MEMORY", "warehouse_memory", "-1"),
    ("F1_WAREHOUSE_ABANDONED_S", "warehouse_abandoned_s", "inf"),
    ("F1_SHORTEST_DEADLINE_S", "shortest_deadline_s", "15 min"),
]


def test_what_is_not_set_or_empty_is_none() -> None:
    attributes = [name for name in vars(Settings) if getattr(getattr(Settings, name), "kind", None)]
    assert len(attributes) == len(NAMES) > 20

    for settings in (Settings({}), Settings(dict.fromkeys(NAMES, ""))):
        assert [getattr(settings, name) for name in attributes] == [None] * len(attributes)
        assert settings.source_url("lab") is None


def test_what_is_set_has_its_kind() -> None:
    settings = Settings(
        {
            "F1_HOME": "/a/b",
            "F1_DEBUG": "0",
            "F1_STEP_SERVER": "1",
            "F1_WAREHOUSE_PORT": "8080",
            "F1_WAREHOUSE_MEMORY": "2.5",
            "F1_WAREHOUSE_PATHS": f"/a{os.pathsep}{os.pathsep}/b",
            source_setting("lab_api"): "http://lab",
        }
    )

    assert (settings.home, settings.warehouse_port) == (Path("/a/b"), 8080)
    assert (settings.debug, settings.step_server) == (False, True)
    assert settings.warehouse_memory == 2.5
    assert settings.warehouse_paths == (Path("/a"), Path("/b"))
    assert settings.source_url("lab_api") == "http://lab"


@pytest.mark.parametrize(("name", "attribute", "text"), WRONG)
def test_a_wrong_value_is_told_by_what_needs_it_with_name_and_remedy(
    name: str, attribute: str, text: str
) -> None:
    settings = Settings({name: text, "F1_CATALOG": "c"})

    assert settings.catalog == "c"
    with pytest.raises(PermanentError) as refused:
        getattr(settings, attribute)

    said = str(refused.value)
    assert said.startswith(f"{name} is '{text}', and not a ")
    assert "Correct it, or unset it: then it is " in said


def test_the_environment_is_read_as_it_is_now(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("one", "two"):
        monkeypatch.setenv("F1_HOME", str(tmp_path / name))

        assert Workspace.locate().home == tmp_path / name


@pytest.mark.parametrize("before", [None, "kept"])
def test_what_is_lent_is_taken_back(monkeypatch: pytest.MonkeyPatch, before: str | None) -> None:
    monkeypatch.delenv("F1_OF_TEST", raising=False)
    if before:
        monkeypatch.setenv("F1_OF_TEST", before)

    with pytest.raises(ZeroDivisionError), lent({"F1_OF_TEST": "lent"}):
        assert os.environ["F1_OF_TEST"] == "lent"
        raise ZeroDivisionError

    assert os.environ.get("F1_OF_TEST") == before


def test_doctor_shows_what_is_set_and_what_is_wrong_and_no_secret(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("F1_HOME", str(tmp_path))
    monkeypatch.setenv("F1_WAREHOUSE_TOKEN", "a-token-that-nobody-sees")
    monkeypatch.setenv("F1_AIRFLOW_PORT", "http")

    ended = CliRunner().invoke(app, ["doctor", "--json"])

    said = {
        finding["part"]: (finding["state"], finding["detail"])
        for f in [ended.stdout]
        for finding in json.loads(f)
    }
    assert ended.exit_code == 1
    assert said["F1_HOME"] == ("ok", str(tmp_path))
    assert said["F1_WAREHOUSE_TOKEN"] == ("ok", "is set")
    assert said["F1_AIRFLOW_PORT"][0] == "missing"
    assert "nobody-sees" not in ended.output


def test_the_table_in_the_docs_is_the_one_of_the_code(root: Path) -> None:
    assert table() in (root / "platform/SETTINGS.md").read_text()


def test_variables_that_dbt_asks_for_are_settings(root: Path) -> None:
    files = [*root.glob("platform/dbt/**/*"), *root.glob("domains/*/dbt/**/*")]
    asked = {
        name
        for file in files
        if file.suffix in {".yml", ".sql"} and "dbt_packages" not in file.parts
        for name in re.findall(r"env_var\(['\"]+(\w+)", file.read_text())
    }

    assert "F1_SCHEMA_PREFIX" in asked
    assert asked <= NAMES | FOR_DBT


def test_nobody_else_reads_the_environment(root: Path) -> None:
    library = root / "platform" / "f1mesh"
    files = [file for file in library.rglob("*.py") if file.name != "settings.py"]
    files.append(library / "airflow" / "settings.py")
    assert len(files) > 150

    found = {
        str(file.relative_to(library)): reads
        for file in files
        if (reads := list(_reads(ast.parse(file.read_text()))))
    }

    assert found == {}


@pytest.mark.parametrize(
    "line",
    [
        "os.environ['F1_HOME']",
        "os.environ.get(NAME)",
        "os.environ.pop('F1_HOME', '')",
        "os.getenv('F1_HOME')",
        "'F1_HOME' in os.environ",
        "os.environ.setdefault('F1_HOME', 'x')",
    ],
)
def test_the_guard_sees_a_reading(line: str) -> None:
    assert list(_reads(ast.parse(line)))
    assert not list(_reads(ast.parse("{**os.environ, 'F1_HOME': 'x'}; os.environ['PATH']")))


def _reads(tree: ast.AST) -> Iterator[str]:
    """Where single variables of the environment are read; it may be handed on as a whole."""
    for node in ast.walk(tree):
        match node:
            case ast.Subscript(value=ast.Attribute(attr="environ"), ctx=ast.Load(), slice=key):
                read = key
            case ast.Call(func=ast.Attribute(attr="getenv"), args=[key, *_]):
                read = key
            case ast.Call(
                func=ast.Attribute(
                    value=ast.Attribute(attr="environ"), attr="get" | "pop" | "setdefault"
                ),
                args=[key, *_],
            ):
                read = key
            case ast.Compare(left=key, comparators=[ast.Attribute(attr="environ")]):
                read = key
            case _:
                continue
        if not (isinstance(read, ast.Constant) and read.value in OF_OTHERS):
            yield f"{node.lineno}: {ast.unparse(node)}"


def test_nobody_writes_into_the_environment_for_another_to_find(root: Path) -> None:
    library = root / "platform" / "f1mesh"

    found = {
        str(file.relative_to(library))
        for file in library.rglob("*.py")
        if any(map(_writes, ast.walk(ast.parse(file.read_text()))))
    }

    assert found == THEIR_OWN


def _writes(node: ast.AST) -> bool:
    match node:
        case ast.Subscript(value=ast.Attribute(attr="environ"), ctx=ast.Store() | ast.Del()):
            return True
        case ast.Call(func=ast.Attribute(value=ast.Attribute(attr="environ"), attr=change)):
            return change in {"update", "pop", "setdefault", "clear"}
        case ast.Call(func=ast.Attribute(attr="putenv" | "unsetenv")):
            return True
    return False
