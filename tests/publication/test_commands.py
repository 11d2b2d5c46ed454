"""`./f1 publish|rollback|products` as a person or a script meets them."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from f1mesh.cli.app import app
from f1mesh.workspace import Workspace
from tests.publication.garage import MANIFEST, Garage

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


def test_rollback_names_the_versions_that_passed_with_time_and_rows(f1: F1, garage: Garage) -> None:
    versions = []
    for cars in (1, 2, 3):
        garage.build(*({"car_id": f"'c{number}'"} for number in range(cars)))
        versions.append(json.loads(f1("publish", "--json").stdout)[0]["version"])
    first, second, _ = versions
    when = r"\d{4}-\d\d-\d\d \d\d:\d\d UTC"

    refused = f1("rollback", "garage/dim_car", "--to", "99")
    back = f1("rollback", "garage/dim_car")
    further = f1("rollback", "garage/dim_car")
    nothing = f1("rollback", "garage/dim_car")

    said = [" ".join(end.stderr.split()) for end in (refused, back, further, nothing)]
    assert [end.exit_code for end in (refused, back, further, nothing)] == [1, 0, 0, 1]
    one, two, three = (
        rf"{version} \({when}, {cars} rows\)" for cars, version in enumerate(versions, 1)
    )
    assert re.search(rf"never passed its contract. Versions that passed: {two}, {one}\.", said[0])
    assert f"shows version {second} (2 rows). " in said[1]
    assert re.search(rf"Versions that passed: {three}, {one}\.", said[1])
    assert re.search(rf"no good version before {first}\. .* passed: {three}, {two}\.", said[3])


def test_an_unknown_product_is_an_error_with_the_names_that_exist(f1: F1) -> None:
    result = f1("rollback", "garage/dim_tyre")

    assert result.exit_code == 1
    assert "dim_car" in result.stderr
