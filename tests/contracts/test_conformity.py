"""Contracts against dbt models, before anything is built."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from f1mesh.contracts.conformity import mesh_problems, product_problems
from f1mesh.contracts.model import Contract
from f1mesh.registry import Domain, Owner, load_mesh

from .conftest import CONTRACT


@pytest.fixture
def garage(tmp_path: Path, contract: Contract) -> Domain:
    """A domain whose model keeps the contract."""
    (tmp_path / "contracts").mkdir()
    (tmp_path / "contracts" / CONTRACT.name).write_text(CONTRACT.read_text())
    columns = [
        {
            "name": column.name,
            "data_type": column.physical_type,
            "description": column.description,
            **({"constraints": [{"type": "not_null"}]} if column.required else {}),
        }
        for column in contract.columns
    ]
    model = {
        "name": "dim_car",
        "description": "One row per car. Cars of the team.",
        "columns": columns,
    }
    models = tmp_path / "dbt" / "models" / "marts"
    models.mkdir(parents=True)
    (models / "dim_car.yml").write_text(yaml.safe_dump({"models": [model]}, sort_keys=False))
    return Domain(
        name="garage",
        title="Garage",
        description="For tests.",
        owner=Owner(team="garage", email="garage@f1mesh.example"),
        tier=3,
        products=("dim_car",),
        path=tmp_path,
    )


def edit(garage: Domain, old: str, new: str) -> None:
    path = garage.dbt_project / "models" / "marts" / "dim_car.yml"
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new, 1))


def test_a_model_that_keeps_its_contract_has_no_problem(garage: Domain) -> None:
    assert product_problems(garage, "dim_car") == []


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("data_type: int", "data_type: bigint", "wheels is bigint, the contract says int"),
        ("Number of wheels.", "Wheels.", "wheels: the contract says: Number of wheels."),
        ("name: wheels", "name: tyres", "lacks wheels; the contract does not have tyres"),
        ("constraints:\n    - type: not_null", "tags: [x]", "car_id is required"),
        ("One row per car.", "Cars.", "must start with the grain"),
    ],
)
def test_a_difference_names_file_line_and_column(
    garage: Domain, old: str, new: str, message: str
) -> None:
    edit(garage, old, new)

    problems = product_problems(garage, "dim_car")

    assert len(problems) == 1
    assert message in problems[0].message
    assert problems[0].path.name == "dim_car.yml"
    assert problems[0].line > 1


def test_a_product_without_contract_or_model_is_a_problem(garage: Domain) -> None:
    (garage.dbt_project / "models" / "marts" / "dim_car.yml").unlink()
    assert "no dbt model 'dim_car'" in product_problems(garage, "dim_car")[0].message

    garage.contract_path("dim_car").unlink()
    assert "without a contract" in product_problems(garage, "dim_car")[0].message


def test_another_owner_than_in_domain_yaml_is_a_problem(garage: Domain) -> None:
    owner = Owner(team="pit_wall", email="pit@f1mesh.example")
    problems = product_problems(garage.model_copy(update={"owner": owner}), "dim_car")

    assert [problem.key for problem in problems] == ["team"]


def test_the_contracts_of_this_mesh_are_good_and_their_models_agree(root: Path) -> None:
    mesh = load_mesh(root)

    assert len(mesh.products) > 0
    assert [str(problem) for problem in mesh_problems(mesh)] == []
