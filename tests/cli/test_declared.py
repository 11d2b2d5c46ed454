"""Options that source systems and domains declare are options like any other."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from f1mesh.cli.app import app
from f1mesh.registry import load_mesh

STEP = ("step", "run", "race_history.transform")


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("F1_HOME", str(tmp_path))
    return tmp_path


def f1(*arguments: str) -> Result:
    return CliRunner().invoke(app, list(arguments))


@pytest.mark.parametrize("command", [("run",), ("up",), ("source", "load")])
def test_what_fills_the_sources_is_asked_for_in_every_command_that_fills_them(
    command: tuple[str, ...],
) -> None:
    told = f1(*command, "--help").stdout

    for option in ("--history", "--seed", "--scale", "--max-damage"):
        assert option in told


@pytest.mark.parametrize(
    "wrong",
    [("--scale", "0"), ("--seed", "x"), ("--max-damage", "1.5"), ("--history",), ("--hist", "x")],
)
def test_a_value_out_of_bounds_is_wrong_usage(home: Path, wrong: tuple[str, ...]) -> None:
    refused = f1("run", *wrong)

    assert (refused.exit_code, refused.stdout) == (2, "")
    assert list(home.iterdir()) == []


@pytest.mark.parametrize(
    "asked", [("--season", "1900"), ("--partition", "season=1900"), ("--season", "now")]
)
def test_a_part_that_is_none_fails_for_good(asked: tuple[str, ...]) -> None:
    refused = f1(*STEP, *asked, "--json")

    assert refused.exit_code == 1
    assert "is no part of 'race_history'" in json.loads(refused.stdout)["told"]


def test_a_domain_without_partition_has_no_parts(root: Path) -> None:
    assert load_mesh(root).domain("drivers").partition is None

    refused = f1("step", "run", "drivers.transform", "--season", "1986")

    assert refused.exit_code == 1
    assert "which declares no partition" in refused.stderr


def test_two_parts_at_once_are_wrong_usage() -> None:
    refused = f1(*STEP, "--season", "1986", "--partition", "season=1987")

    assert refused.exit_code == 2


def test_a_broken_domain_is_told_by_the_step_itself(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "domains" / "a" / "domain.yaml"
    file.parent.mkdir(parents=True)
    file.write_text("name: [")
    monkeypatch.setenv("F1_ROOT", str(tmp_path))

    refused = f1(*STEP, "--json")

    assert refused.exit_code == 1
    assert str(file) in json.loads(refused.stdout)["told"]
