"""The domain's files agree with each other: products, contracts, models, documentation, reads.

Fast and without a warehouse. The file knows no domain's name: a new domain starts with a copy.
"""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml

DOMAIN = Path(__file__).parents[1]
DBT = DOMAIN / "dbt"
MODELS = sorted((DBT / "models").rglob("*.sql"))
MARTS = [model for model in MODELS if model.parent.name == "marts"]

_SOURCE = re.compile(r"source\('(\w+)',\s*'(\w+)'\)")
_TABLE = re.compile(r"\b(?:from|join)\s+(\w+)\.(\w+)", re.IGNORECASE)


@cache
def declared() -> dict[str, Any]:
    """domain.yaml."""
    content: dict[str, Any] = yaml.safe_load((DOMAIN / "domain.yaml").read_text())
    return content


@cache
def documented() -> dict[tuple[str, str], dict[str, Any]]:
    """Every documented node of the dbt project by kind and name."""
    nodes: dict[tuple[str, str], dict[str, Any]] = {}
    for file in sorted(DBT.rglob("*.yml")):
        content = yaml.safe_load(file.read_text()) or {}
        for kind in ("models", "seeds", "snapshots", "exposures", "groups", "sources"):
            entries = content.get(kind, []) if isinstance(content.get(kind), list) else []
            nodes |= {(kind, entry["name"]): entry | {"file": file} for entry in entries}
    return nodes


def contract(product: str) -> dict[str, Any]:
    content: dict[str, Any] = yaml.safe_load(
        (DOMAIN / "contracts" / f"{product}.odcs.yaml").read_text()
    )
    return content


def selected_columns(sql: str) -> list[str]:
    """The columns of the select at the end of a model, which are plain names."""
    last = re.findall(r"^select\n(.*?)\n^from final$", sql, re.DOTALL | re.MULTILINE)[-1]
    return [line.strip().rstrip(",") for line in last.splitlines()]


def words(text: str) -> str:
    return " ".join(text.split())


def test_there_is_something_to_test() -> None:
    assert MARTS
    assert declared()["products"]


@pytest.mark.parametrize("model", MODELS, ids=lambda path: path.stem)
def test_a_model_documents_itself_and_every_column(model: Path) -> None:
    entry = documented()["models", model.stem]

    assert entry["file"] == model.with_suffix(".yml")
    assert entry["description"].startswith("One row")
    assert all(column.get("description") for column in entry["columns"])
    assert [c["name"] for c in entry["columns"]] == selected_columns(model.read_text())


@pytest.mark.parametrize("model", MODELS, ids=lambda path: path.stem)
def test_a_model_has_a_test_of_its_key(model: Path) -> None:
    tests = documented()["models", model.stem].get("data_tests", [])

    assert any("f1mesh.unique_key" in test for test in tests)


@pytest.mark.parametrize("kind", ["seeds", "snapshots", "exposures", "sources"])
def test_every_other_node_is_described(kind: str) -> None:
    entries = [entry for (found, _), entry in documented().items() if found == kind]

    assert entries
    assert all(entry.get("description") for entry in entries)
    for source in (entry for entry in entries if kind == "sources"):
        assert all(table.get("description") for table in source["tables"])
        assert all(c.get("description") for t in source["tables"] for c in t["columns"])


def test_products_contracts_and_marts_are_the_same_set() -> None:
    products = set(declared()["products"])

    assert products == {model.stem for model in MARTS}
    assert products == {
        file.name.removesuffix(".odcs.yaml") for file in (DOMAIN / "contracts").glob("*.odcs.yaml")
    }


@pytest.mark.parametrize("model", MARTS, ids=lambda path: path.stem)
def test_a_contract_equals_the_contract_of_its_model(model: Path) -> None:
    schema = contract(model.stem)["schema"][0]
    columns = documented()["models", model.stem]["columns"]

    promised = [
        (p["name"], p["physicalType"], words(p["description"]), p["required"])
        for p in schema["properties"]
    ]

    assert promised == [
        (c["name"], c["data_type"], words(c["description"]), {"type": "not_null"} in constraints(c))
        for c in columns
    ]


def constraints(column: dict[str, Any]) -> list[dict[str, str]]:
    found: list[dict[str, str]] = column.get("constraints", [])
    return found


@pytest.mark.parametrize("model", MARTS, ids=lambda path: path.stem)
def test_a_contract_names_owner_grain_and_freshness(model: Path) -> None:
    promised = contract(model.stem)

    assert promised["team"]["name"] == declared()["owner"]["team"]
    assert promised["schema"][0]["dataGranularityDescription"].startswith("One row")
    assert {"freshness", "frequency"} <= {sla["property"] for sla in promised["slaProperties"]}
    assert any(prop.get("primaryKey") for prop in promised["schema"][0]["properties"])


def test_other_domains_are_read_through_declared_products_only() -> None:
    own = {name for (kind, name) in documented() if kind == "sources"} - {
        reference.split("/")[0] for reference in declared()["reads"]
    }
    files = [*DBT.rglob("*.sql"), *DBT.rglob("*.yml")]
    used = {match for file in files for match in _SOURCE.findall(file.read_text())}

    foreign = {f"{source}/{table}" for source, table in used if source not in own}

    assert used
    assert foreign == set(declared()["reads"])


def test_raw_tables_are_the_domains_own() -> None:
    schemas = {entry["schema"] for (kind, name), entry in documented().items() if kind == "sources"}
    readable = {reference.split("/")[0] for reference in declared()["reads"]}

    assert schemas == {f"{declared()['name']}_raw", *readable}


@pytest.mark.parametrize("answer", sorted((DOMAIN / "answers").glob("*.sql")), ids=lambda p: p.stem)
def test_an_answer_has_a_title_and_reads_own_published_products(answer: Path) -> None:
    sql = answer.read_text()
    tables = set(_TABLE.findall(sql))

    assert sql.startswith("-- title: ")
    assert tables
    assert {schema for schema, _ in tables} == {declared()["name"]}
    assert {table for _, table in tables} <= set(declared()["products"])
