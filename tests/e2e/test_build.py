"""`./f1 build`: what a developer builds stays in schemas of the developer's own."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.airflow.flights import copy_checkout
from tests.support.histories import small_history
from tests.support.mesh import Mesh

pytestmark = pytest.mark.e2e


@pytest.fixture(scope="module")
def made(root: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Mesh]:
    """A mesh that a test may change, after a run of one domain, with its services."""
    folder = tmp_path_factory.mktemp("build")
    copy_checkout(root, folder / "copy")
    mesh = Mesh(folder / "copy", folder / "home")
    try:
        history = str(small_history(folder / "history"))
        mesh.run("run", "--history", history, "--domain", "drivers", "--keep")
        yield mesh
    finally:
        mesh.run("down")


def _rows(mesh: Mesh, table: str) -> int:
    [row] = mesh.json("sql", f"select count(*) as n from {table}")
    return int(row["n"])


def test_a_model_is_built_with_what_hangs_on_it_from_what_the_run_made(made: Mesh) -> None:
    published = made.json("products")

    said = made.json("build", "drivers.dim_driver", "--show", "2")

    status = {node["name"]: node["status"] for node in said["nodes"]}
    assert said["ok"]
    assert status["dim_driver"] == status["countries_driver_count"] == "success"
    assert "pass" in {status[name] for name in status if "unique_key" in name}
    assert "stg_registry__drivers" not in status  # read from the run's schemas
    assert len(said["rows"]) == 2
    own = _rows(made, "dev_drivers_marts.dim_driver")
    assert own == _rows(made, "drivers.dim_driver") > 0
    schemas = {row["databaseName"] for row in made.json("sql", "show schemas")}
    assert {name for name in schemas if name.startswith("dev_")} == {"dev_drivers_marts"}
    assert [p["version"] for p in made.json("products")] == [p["version"] for p in published]


@pytest.mark.long
def test_a_broken_test_names_rows_and_changes_nothing_else(made: Mesh) -> None:
    test = made.root / "domains/drivers/dbt/tests/never_right.sql"
    count = _rows(made, "drivers.countries_driver_count")
    test.parent.mkdir(exist_ok=True)
    test.write_text("select country from {{ ref('countries_driver_count') }}\n")
    try:
        result = made.ended("build", "drivers.countries_driver_count", "--prefix", "me_")
    finally:
        test.unlink()

    assert result.returncode == 1
    assert f"never_right: fail: Got {count} results" in result.stderr
    assert "country = " in result.stderr
    assert _rows(made, "drivers.countries_driver_count") == count
    assert _rows(made, "me_drivers_marts.countries_driver_count") == count


@pytest.mark.long
def test_a_broken_unit_test_holds_the_model_back(made: Mesh) -> None:
    model = made.root / "domains/drivers/dbt/models/marts/countries_driver_count.sql"
    before = model.read_text()
    try:
        model.write_text(before.replace("count(*)", "2 * count(*)"))
        result = made.ended("build", "drivers.countries_driver_count", "--prefix", "it_")
    finally:
        model.write_text(before)

    assert result.returncode == 1
    assert "countries_count_current_drivers_once: fail" in result.stderr
    assert "\\x1b" not in result.stderr
    schemas = {row["databaseName"] for row in made.json("sql", "show schemas")}
    assert not [name for name in schemas if name.startswith("it_") and _tables(made, name)]


def _tables(mesh: Mesh, schema: str) -> list[object]:
    return list(mesh.json("sql", f"show tables in {schema}"))


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["drivers.nothing"], "has no model 'nothing'. It has: "),
        (["nobody.dim_driver"], "nobody"),
        (["drivers.dim_driver", "--prefix", ""], "need a prefix"),
        (["drivers.dim_driver", "--prefix", "PR-7"], "lower-case letters"),
        (["race_history"], "dbt has not run for the domain 'race_history' yet"),
    ],
)
def test_what_cannot_be_built_is_said(made: Mesh, arguments: list[str], said: str) -> None:
    result = made.ended("build", *arguments)

    assert result.returncode == 1
    assert said in result.stderr
    assert "Traceback" not in result.stderr
