"""Which warehouse a process means: the one that the environment names, or the embedded one."""

from __future__ import annotations

from pathlib import Path

import pytest

from f1mesh.client import Target, find_target, named_host
from f1mesh.errors import PermanentError, TransientError
from f1mesh.schemas import Schemas
from f1mesh.workspace import Workspace

EMBEDDED = Target("127.0.0.1", "/sql", "secret", Schemas("f1_local"), uri="http://127.0.0.1:1/sql")


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    return Workspace(root=tmp_path, home=tmp_path, dataset="d")


def test_what_dbt_was_told_of_an_embedded_warehouse_names_no_other(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in EMBEDDED.environment().items():
        monkeypatch.setenv(name, value)

    assert named_host() is None
    with pytest.raises(TransientError, match="No warehouse runs for the dataset 'd'"):
        find_target(workspace)


def test_a_named_warehouse_is_taken_and_one_by_halves_refused(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DATABRICKS_HOST", "example.org")
    with pytest.raises(PermanentError, match="DATABRICKS_HTTP_PATH is not"):
        find_target(workspace)
    monkeypatch.setenv("DATABRICKS_HTTP_PATH", "/sql/1.0/warehouses/1")
    monkeypatch.setenv("DATABRICKS_TOKEN", "t")

    assert named_host() == "example.org"
    assert find_target(workspace).host == "example.org"
