"""The files of each domain agree with each other: products, contracts, models, reads.

Fast and without a warehouse. Knows no domain's name: a new domain is tested by being there.
"""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml

DOMAINS = [file.parent for file in sorted(Path(__file__).parents[2].glob("domains/*/domain.yaml"))]
MODELS = [model for d in DOMAINS for model in sorted((d / "dbt" / "models").rglob("*.sql"))]
MARTS = [model for model in MODELS if model.parent.name == "marts"]
ANSWERS = [answer for d in DOMAINS for answer in sorted((d / "answers").glob("*.sql"))]

every_domain = pytest.mark.parametrize("domain", DOMAINS, ids=lambda path: path.name)
every_model = pytest.mark.parametrize("model", MODELS, ids=lambda path: path.stem)
every_mart = pytest.mark.parametrize("model", MARTS, ids=lambda path: path.stem)

# of the schemas that are read: a pull request's are its own, a developer's those of the last run
PREFIX = "{{ env_var('F1_INPUT_PREFIX', env_var('F1_SCHEMA_PREFIX', '')) }}"
_SOURCE = re.compile(r"source\('(\w+)',\s*'(\w+)'\)")
_TABLE = re.compile(r"\b(?:from|join)\s+(\w+)\.(\w+)", re.IGNORECASE)


def domain_of(file: Path) -> Path:
    """The domain's folder that holds a file."""
    return next(domain for domain in DOMAINS if file.is_relative_to(domain))


@cache
def declared(domain: Path) -> dict[str, Any]:
    """domain.yaml."""
    content: dict[str, Any] = yaml.safe_load((domain / "domain.yaml").read_text())
    return content


@cache
def documented(domain: Path) -> dict[tuple[str, str], dict[str, Any]]:
    """Every documented node of the dbt project by kind and name."""
    nodes: dict[tuple[str, str], dict[str, Any]] = {}
    for file in sorted((domain / "dbt").rglob("*.yml")):
        content = yaml.safe_load(file.read_text()) or {}
        for kind in ("models", "seeds", "snapshots", "exposures", "groups", "sources"):
            entries = content.get(kind, []) if isinstance(content.get(kind), list) else []
            nodes |= {(kind, entry["name"]): entry | {"file": file} for entry in entries}
    return nodes


def contract(mart: Path) -> dict[str, Any]:
    """The contract of the product that a mart is."""
    file = domain_of(mart) / "contracts" / f"{mart.stem}.odcs.yaml"
    content: dict[str, Any] = yaml.safe_load(file.read_text())
    return content


def selected_columns(sql: str) -> list[str]:
    """The columns of the select at the end of a model, which are plain names."""
    last = re.findall(r"^select\n(.*?)\n^from final$", sql, re.DOTALL | re.MULTILINE)[-1]
    return [line.strip().rstrip(",") for line in last.splitlines()]


def test_there_is_something_to_test() -> None:
    assert DOMAINS
    assert MARTS
    assert ANSWERS


@every_model
def test_a_model_documents_itself_and_every_column(model: Path) -> None:
    entry = documented(domain_of(model))["models", model.stem]

    assert entry["file"] == model.with_suffix(".yml")
    assert entry["description"].startswith("One row")
    assert all(column.get("description") for column in entry["columns"])
    assert [c["name"] for c in entry["columns"]] == selected_columns(model.read_text())


@every_model
def test_a_model_has_a_test_of_its_key(model: Path) -> None:
    tests = documented(domain_of(model))["models", model.stem].get("data_tests", [])

    assert any("f1mesh.unique_key" in test for test in tests)


@every_domain
@pytest.mark.parametrize("kind", ["seeds", "snapshots", "exposures", "sources"])
def test_every_other_node_is_described(domain: Path, kind: str) -> None:
    entries = [entry for (found, _), entry in documented(domain).items() if found == kind]

    assert entries
    assert all(entry.get("description") for entry in entries)
    for source in (entry for entry in entries if kind == "sources"):
        assert all(table.get("description") for table in source["tables"])
        assert all(c.get("description") for t in source["tables"] for c in t["columns"])


@every_domain
def test_products_contracts_and_marts_are_the_same_set(domain: Path) -> None:
    products = set(declared(domain)["products"])

    assert products == {model.stem for model in MARTS if model.is_relative_to(domain)}
    assert products == {
        file.name.removesuffix(".odcs.yaml") for file in (domain / "contracts").glob("*.odcs.yaml")
    }


@every_mart
def test_a_contract_names_owner_grain_and_freshness(model: Path) -> None:
    promised = contract(model)

    assert promised["team"]["name"] == declared(domain_of(model))["owner"]["team"]
    assert promised["schema"][0]["dataGranularityDescription"].startswith("One row")
    assert {"freshness", "frequency"} <= {sla["property"] for sla in promised["slaProperties"]}
    assert any(prop.get("primaryKey") for prop in promised["schema"][0]["properties"])


@every_domain
def test_other_domains_are_read_through_declared_products_only(domain: Path) -> None:
    own = {name for (kind, name) in documented(domain) if kind == "sources"} - {
        reference.split("/")[0] for reference in declared(domain)["reads"]
    }
    files = [*(domain / "dbt").rglob("*.sql"), *(domain / "dbt").rglob("*.yml")]
    used = {match for file in files for match in _SOURCE.findall(file.read_text())}

    foreign = {f"{source}/{table}" for source, table in used if source not in own}

    assert used
    assert foreign == set(declared(domain)["reads"])


@every_domain
def test_raw_tables_are_the_domains_own(domain: Path) -> None:
    sources = [entry for (kind, _), entry in documented(domain).items() if kind == "sources"]
    readable = {reference.split("/")[0] for reference in declared(domain)["reads"]}

    assert {entry["schema"] for entry in sources} == {
        PREFIX + schema for schema in (f"{domain.name}_raw", *readable)
    }


@pytest.mark.parametrize("answer", ANSWERS, ids=lambda path: path.stem)
def test_an_answer_has_a_title_and_reads_own_published_products(answer: Path) -> None:
    sql = answer.read_text()
    tables = set(_TABLE.findall(sql))

    assert sql.startswith("-- title: ")
    assert tables
    assert {schema for schema, _ in tables} == {domain_of(answer).name}
    assert {table for _, table in tables} <= set(declared(domain_of(answer))["products"])
