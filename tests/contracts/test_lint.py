"""The governance lint names the file, the line and the key."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from f1mesh.contracts.lint import governance_problems, standard_problems
from f1mesh.contracts.model import Contract, load_contract
from f1mesh.document import read_document
from f1mesh.errors import PermanentError

Edited = Callable[[str, str], Path]


def test_a_contract_is_read_into_one_frozen_value(contract: Contract) -> None:
    assert (contract.id, contract.domain, contract.product) == (
        "garage.dim_car",
        "garage",
        "dim_car",
    )
    assert (contract.owner, contract.version, contract.freshness_hours) == ("garage", "1.0.0", 26)
    assert contract.grain == "One row per car."
    assert contract.primary_key == ("car_id",)
    assert contract.names == ("car_id", "nationality", "wheels", "points", "mechanic", "built_at")
    assert contract.columns[3].physical_type == "decimal(10,2)"


@pytest.mark.parametrize(
    ("old", "new", "line", "key", "message"),
    [
        ("version: 1.0.0", "version: 1.0", "version: 1.0", "version", "semantic version"),
        ("domain: garage", "domains: garage", "apiVersion", "domain", "is missing"),
        ("team: {name: garage", "team: {title: garage", "team:", "team.name", "no owner"),
        (
            "name: wheels",
            "name: nationality",
            "physicalType: int",
            "schema[0].properties[2].name",
            "twice",
        ),
        (
            "name: wheels, physicalType: int, logicalType: integer, required: true",
            "name: wheels, physicalType: int, logicalType: integer",
            "physicalType: int",
            "schema[0].properties[2].required",
            "say true or false",
        ),
        (
            "description: Number of wheels.",
            "businessName: x",
            "physicalType: int",
            "schema[0].properties[2].description",
            "is missing",
        ),
        (", primaryKey: true", "", "properties:", "schema[0].properties", "primary key"),
        (
            "physicalName: dim_car",
            "physicalName: car",
            "physicalName: car",
            "schema[0].physicalName",
            "dim_car",
        ),
        (
            "property: freshness",
            "property: frequency",
            "slaProperties",
            "slaProperties",
            "freshness",
        ),
        (
            "dataGranularityDescription: One row per car.",
            "tags: [x]",
            "name: dim_car",
            "",
            "no grain",
        ),
    ],
)
def test_a_broken_governance_rule_names_its_place(
    edited: Edited, old: str, new: str, line: str, key: str, message: str
) -> None:
    path = edited(old, new)

    problems = governance_problems(read_document(path))

    assert len(problems) == 1
    assert message in problems[0].message
    assert key in problems[0].key
    assert line in path.read_text().splitlines()[problems[0].line - 1]


def test_a_bad_contract_cannot_be_loaded_and_says_where(edited: Edited) -> None:
    path = edited("version: 1.0.0", "version: first")

    with pytest.raises(PermanentError, match=r"dim_car\.odcs\.yaml:6: version: 'first'"):
        load_contract(path)


def test_the_odcs_schema_itself_is_checked_without_network(edited: Edited) -> None:
    assert standard_problems(edited("status: active", "status: active")) == []
    assert standard_problems(edited("kind: DataContract", "kind: Agreement"))


def test_the_digest_follows_the_content_and_not_the_layout(edited: Edited) -> None:
    same = load_contract(
        edited("description: Number of wheels.", "description:   Number of wheels.")
    )
    other = load_contract(edited("description: Number of wheels.", "description: Wheels it has."))

    assert load_contract(edited("# A contract", "# Contract")).digest == same.digest
    assert same.digest != other.digest
