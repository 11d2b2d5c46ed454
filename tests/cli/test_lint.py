"""`./f1 lint` finds a fault of each kind in a tree that is otherwise clean, with file and line."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest
import yaml

from f1mesh.cli import lint_sql
from f1mesh.cli.linters import is_shell, linters, tracked
from f1mesh.errors import PermanentError

CLEAN = {
    "good.py": "ANSWER = 42\n",
    "good.sql": "select 1 as one\n",
    "good.yaml": "a: 1\n",
    "good": '#!/bin/sh\necho "$1"\n',
    "pyproject.toml": "[tool.mypy]\nstrict = true\nfiles = ['.']\n",
    ".sqlfluff": "[sqlfluff]\ndialect = databricks\n",
    ".gitignore": "ignored/\n.mypy_cache/\n.ruff_cache/\n",
    "ignored/worse.py": "import os\n",
}
FAULTS = {
    "ruff": ("bad.py", "import os\n", "bad.py:1:8: F401"),
    "format": ("bad.py", "a  =  1\n", "bad.py"),
    "mypy": ("bad.py", "a: int = 'x'\n", "bad.py:1: error: Incompatible types"),
    "sqlfluff": ("bad.sql", "select 1  as one\n", "bad.sql:1:9: LT01"),
    "yamllint": ("bad.yaml", "a: 1\na: 2\n", "bad.yaml:2:1: [error] duplication of key"),
    "shellcheck": ("bad.sh", "#!/bin/sh\necho $1\n", "bad.sh:2:6: note: Double quote"),
}


@pytest.fixture
def tree(root: Path, tmp_path: Path) -> Path:
    """A small tree with git, without a fault."""
    made = tmp_path / "tree"
    for name, text in {**CLEAN, ".yamllint": (root / ".yamllint").read_text()}.items():
        (made / name).parent.mkdir(parents=True, exist_ok=True)
        (made / name).write_text(text)
    subprocess.run(["git", "init", "-q"], cwd=made, check=True)
    return made


@pytest.mark.parametrize("part", FAULTS)
def test_each_part_names_file_and_line_of_what_is_wrong(
    tree: Path, tmp_path: Path, part: str
) -> None:
    (linter,) = linters(tree, tmp_path / "state", [part])
    assert linter.findings() == []

    name, text, expected = FAULTS[part]
    (tree / name).write_text(text)
    (linter,) = linters(tree, tmp_path / "state", [part])

    assert any(expected in line for line in linter.findings()), linter.findings()


def test_sql_that_was_passed_is_read_again_when_it_or_the_rules_change(
    tree: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[list[str]] = []
    ask = lint_sql._ask

    def observed(root: Path, files: Sequence[Path]) -> tuple[list[str], set[str]]:
        asked.append([str(file) for file in files])
        return ask(root, files)

    monkeypatch.setattr(lint_sql, "_ask", observed)

    def findings() -> list[str]:
        return lint_sql.sql_findings(tree, [Path("good.sql"), Path("bad.sql")], tmp_path / "s")

    (tree / "bad.sql").write_text("select 1  as one\n")
    assert len(findings()) == 1
    assert len(findings()) == 1
    (tree / "bad.sql").write_text("select 1 as one\n")
    assert findings() == findings() == []
    (tree / ".sqlfluff").write_text("[sqlfluff]\ndialect = ansi\n")
    assert findings() == []

    assert asked == [["good.sql", "bad.sql"], ["bad.sql"], ["bad.sql"], ["good.sql", "bad.sql"]]


def test_an_unknown_part_is_refused_with_those_that_there_are(tree: Path, tmp_path: Path) -> None:
    with pytest.raises(PermanentError, match=r"No part is called spelling. The parts: mypy, "):
        linters(tree, tmp_path, ["spelling"])


def test_outside_of_git_the_remedy_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path.parent))

    with pytest.raises(PermanentError, match="lint in a clone"):
        tracked(tmp_path)


def test_the_command_ends_with_1_and_tells_all_as_json(tree: Path, tmp_path: Path) -> None:
    (tree / "bad.yaml").write_text("a: 1\na: 2\n")

    ended = subprocess.run(
        [sys.executable, "-P", "-m", "f1mesh.cli.app", "lint", "yamllint", "ruff", "--json"],
        env={**os.environ, "F1_ROOT": str(tree), "F1_HOME": str(tmp_path / "home")},
        capture_output=True,
        text=True,
        check=False,
    )

    assert ended.returncode == 1
    told = {result["part"]: result for result in json.loads(ended.stdout)}
    assert told["ruff"]["ok"] and not told["yamllint"]["ok"]
    assert told["yamllint"]["findings"][0].startswith("bad.yaml:2:1: ")


def test_every_script_and_document_of_the_tree_is_looked_at(root: Path) -> None:
    files = tracked(root)

    assert {Path("f1"), Path(".ci/run"), Path("platform/airflow/startup.sh")} <= {
        file for file in files if is_shell(root / file)
    }
    assert Path(".pre-commit-config.yaml") in files


def test_pre_commit_and_ci_run_the_command_that_people_run(root: Path) -> None:
    config = yaml.safe_load((root / ".pre-commit-config.yaml").read_text())
    hooks = [(repo["repo"], hook) for repo in config["repos"] for hook in repo["hooks"]]

    assert [(repo, hook["entry"]) for repo, hook in hooks] == [("local", "./f1 lint")]
    assert hooks[0][1]["always_run"] and not hooks[0][1]["pass_filenames"]
    commands = re.findall(r"^\./f1.*$", (root / ".ci" / "run").read_text(), flags=re.MULTILINE)
    assert commands[0] == "./f1 lint"
