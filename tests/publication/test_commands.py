"""`./f1 publish|rollback|products` as a person or a script meets them."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from f1mesh.cli.app import app
from f1mesh.workspace import Workspace

from .garage import MANIFEST, Garage

F1 = Callable[..., Result]


@pytest.fixture
def f1(garage: Garage, checkout: Path, workspace: Workspace, monkeypatch: pytest.MonkeyPatch) -> F1:
    """The command, in a checkout with the garage domain, which dbt has built."""
    monkeypatch.setenv("F1_ROOT", str(checkout))
    monkeypatch.setenv("F1_HOME", str(workspace.home))
    monkeypatch.setenv("F1_DATASET", workspace.dataset)
    target = workspace.data / "dbt" / "garage" / "target"
    target.mkdir(parents=True, exist_ok=True)
    (target / "manifest.json").write_text(json.dumps(MANIFEST))
    garage.read_sources(datetime.now(UTC))

    def run(*arguments: str) -> Result:
        return CliRunner().invoke(app, list(arguments))

    return run


def test_publish_moves_what_passes_and_says_so(f1: F1, garage: Garage) -> None:
    garage.build({})

    result = f1("publish", "--json")

    assert result.exit_code == 0, result.output
    (told,) = json.loads(result.stdout)
    assert (told["product"], told["action"], told["rows"]) == ("garage/dim_car", "published", 1)
    assert garage.consumers_see() == ["c1"]
    (again,) = json.loads(f1("publish", "garage", "--json").stdout)
    assert (again["action"], again["version"]) == ("unchanged", told["version"])


def test_a_broken_contract_ends_with_1_and_names_rule_and_row(f1: F1, garage: Garage) -> None:
    garage.build({})
    f1("publish")
    garage.build({"nationality": "'Klingon'"})

    result = f1("publish", "garage/dim_car", "--json")

    assert result.exit_code == 1
    (told,) = json.loads(result.stdout)
    assert told["action"] == "blocked"
    assert told["report"]["broken"][0]["rule"] == "known_nationality"
    assert told["report"]["broken"][0]["example"]["nationality"] == "Klingon"
    assert "consumers stay with version" in result.stderr


def test_rollback_and_products_speak_json(f1: F1, garage: Garage) -> None:
    garage.build({})
    f1("publish")
    garage.build({}, {"car_id": "'c2'"})
    f1("publish")

    back = json.loads(f1("rollback", "garage/dim_car", "--json").stdout)
    (status,) = json.loads(f1("products", "--json").stdout)

    assert garage.consumers_see() == ["c1"]
    assert (status["version"], status["rows"]) == (back["version"], 1)
    assert status["candidate"] == back["version"] + 1
    refused = f1("rollback", "garage/dim_car", "--to", "99")
    assert refused.exit_code == 1
    assert "Versions that passed: 1" in refused.stderr


def test_an_unknown_product_is_an_error_with_the_names_that_exist(f1: F1) -> None:
    result = f1("rollback", "garage/dim_tyre")

    assert result.exit_code == 1
    assert "dim_car" in result.stderr
