"""A broken model or test under a real scheduler: red, not tried again, and nothing is published."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from f1mesh.registry import load_mesh

from ..e2e.conftest import Mesh
from ..e2e.test_faults import small_history
from .flights import LIMIT_S

pytestmark = [pytest.mark.long, pytest.mark.usefixtures("airflow_python")]
PRODUCT = "drivers/dim_driver"
MODEL = "models/marts/countries_driver_count.sql"
WRONG_MODEL = "\nwhere no_such_column > 0\n"
WRONG_TEST = "select 1 as wrong\n"


@pytest.fixture
def history(tmp_path: Path) -> str:
    return str(small_history(tmp_path / "history"))


def break_model(project: Path) -> None:
    model = project / MODEL
    model.write_text(model.read_text() + WRONG_MODEL)


def break_test(project: Path) -> None:
    """A test of no single model: one that only the build itself can report."""
    test = project / "tests" / "never_right.sql"
    test.parent.mkdir(exist_ok=True)
    test.write_text(WRONG_TEST)


@pytest.mark.parametrize(
    ("break_it", "culprit"),
    [(break_model, "transform.countries_driver_count.run"), (break_test, None)],
    ids=["model", "test"],
)
@pytest.mark.timeout(2 * LIMIT_S)
def test_it_is_red_at_once_and_consumers_keep_the_last_good_version(
    own_mesh: Mesh, history: str, break_it: Any, culprit: str | None
) -> None:
    own_mesh.run("run", "--history", history)
    before = versions(own_mesh)
    break_it(load_mesh(own_mesh.root).domain("drivers").dbt_project)

    document = own_mesh.json("up", "--once", "--history", history, code=1)
    runs = {domain["domain"]: domain for domain in document["domains"]}
    tasks = runs["drivers"]["tasks"]
    published = {name: state for name, state in tasks.items() if name.endswith(".publish")}

    assert not document["ok"]
    assert runs["drivers"]["state"] == "failed"
    assert tasks["transform.build"] == "failed"
    assert culprit is None or tasks[culprit] == "failed"
    assert published
    assert set(published.values()) == {"upstream_failed"}
    assert runs["race_history"]["state"] == "not started"
    assert versions(own_mesh) == before
    assert runs["drivers"]["attempts"] == {}  # of tasks that were tried again


def versions(mesh: Mesh) -> dict[str, int]:
    found = {row["product"]: row["version"] for row in mesh.json("products")}
    assert found[PRODUCT]
    return found
