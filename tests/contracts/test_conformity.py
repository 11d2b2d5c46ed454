"""Contracts against their domain and the other products of the mesh."""

from __future__ import annotations

from pathlib import Path

import pytest

from f1mesh.contracts.conformity import mesh_problems, product_problems
from f1mesh.registry import Domain, Owner, load_mesh
from tests.contracts.conftest import CONTRACT


@pytest.fixture
def garage(tmp_path: Path) -> Domain:
    """A domain with a model for its contract."""
    (tmp_path / "contracts").mkdir()
    (tmp_path / "contracts" / CONTRACT.name).write_text(CONTRACT.read_text())
    models = tmp_path / "dbt" / "models" / "marts"
    models.mkdir(parents=True)
    (models / "dim_car.sql").write_text("select 1 as car_id")
    return Domain(
        name="garage",
        title="Garage",
        description="For tests.",
        owner=Owner(team="garage", email="garage@f1mesh.example"),
        tier=3,
        products=("dim_car",),
        path=tmp_path,
    )


def test_a_contract_that_fits_has_no_problem(garage: Domain) -> None:
    assert product_problems(garage, "dim_car") == []


def test_a_product_without_contract_or_model_is_a_problem(garage: Domain) -> None:
    (garage.dbt_project / "models" / "marts" / "dim_car.sql").unlink()
    (problem,) = product_problems(garage, "dim_car")
    assert "add dim_car.sql to" in problem.message
    assert problem.line > 1

    garage.contract_path("dim_car").unlink()
    assert "without a contract" in product_problems(garage, "dim_car")[0].message


def test_another_owner_than_in_domain_yaml_is_a_problem(garage: Domain) -> None:
    owner = Owner(team="pit_wall", email="pit@f1mesh.example")
    problems = product_problems(garage.model_copy(update={"owner": owner}), "dim_car")

    assert [problem.key for problem in problems] == ["team"]


def test_sql_that_is_none_is_told_with_its_line(garage: Domain) -> None:
    path = garage.contract_path("dim_car")
    path.write_text(path.read_text().replace("select count(*)", "select count(*", 1))

    (problem,) = product_problems(garage, "dim_car")

    assert "is not SQL of the warehouse" in problem.message
    assert "query" in path.read_text().splitlines()[problem.line - 1]


def test_the_contracts_of_this_mesh_are_good(root: Path) -> None:
    mesh = load_mesh(root)

    assert len(mesh.products) > 0
    assert [str(problem) for problem in mesh_problems(mesh)] == []
