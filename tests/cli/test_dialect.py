"""All commands speak alike: what has one name is one thing, and JSON is alone on stdout."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer
from typer.testing import CliRunner

from f1mesh.cli.app import app
from f1mesh.registry.partition import RESERVED
from f1mesh.sources.declared import source_systems
from f1mesh.sources.loading import load_options
from f1mesh.sources.system import OWN_OPTIONS

LOADING = ("run", "up", "source load")

# What each prints without a running mesh, and the exit code that it ends with.
JSON_ALONE: dict[str, int] = {
    "status": 0,
    "doctor": 0,
    "step list": 0,
    "step list --domain drivers": 0,
    "step run drivers.nothing": 1,
    "source status": 0,
    "warehouse status": 3,
}


def _walk(command: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[str, Any]]:
    if inner := getattr(command, "commands", None):
        for name, each in inner.items():
            yield from _walk(each, (*path, name))
    else:
        yield " ".join(path), command


COMMANDS = dict(_walk(typer.main.get_command(app)))


def parameters(name: str, kind: str) -> list[Any]:
    command = COMMANDS[name]
    context = command.make_context(name, [], resilient_parsing=True)
    return [p for p in command.get_params(context) if p.param_type_name == kind]


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("F1_HOME", str(tmp_path))
    return tmp_path


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_and_all_that_it_takes_has_help(name: str) -> None:
    assert (COMMANDS[name].help or "").strip()
    for kind in ("option", "argument"):
        for parameter in parameters(name, kind):
            assert (parameter.help or "").strip(), parameter.name


def test_an_option_of_one_name_is_the_same_everywhere() -> None:
    meanings: dict[str, dict[tuple[str, ...], str]] = defaultdict(dict)
    for name in COMMANDS:
        for option in parameters(name, "option"):
            meaning = (*map(str, (option.opts, option.secondary_opts, option.type)), option.help)
            for flag in (*option.opts, *option.secondary_opts):
                meanings[flag].setdefault(meaning, name)

    assert {"--json", "--domain", "--full-refresh", "--history", "--all"} <= meanings.keys()
    assert {flag: found for flag, found in meanings.items() if len(found) > 1} == {}


def test_one_command_asks_the_warehouse_and_one_stops_everything() -> None:
    last = {name: name.split()[-1] for name in COMMANDS}

    assert [name for name, word in last.items() if word == "sql"] == ["sql", "source sql"]
    assert [name for name, word in last.items() if word in ("stop", "down")] == [
        *("down", "warehouse stop", "source stop")
    ]


@pytest.mark.parametrize("asked", JSON_ALONE)
def test_json_is_one_document_and_nothing_else_on_stdout(asked: str) -> None:
    ended = CliRunner().invoke(app, [*asked.split(), "--json"])

    assert ended.exit_code == JSON_ALONE[asked], ended.stderr
    assert isinstance(json.loads(ended.stdout), list | dict)


@pytest.mark.parametrize("name", [n for n in COMMANDS if n != "test"])
def test_what_is_wrong_usage_leaves_stdout_alone(name: str) -> None:
    ended = CliRunner().invoke(app, [*name.split(), "--no-such-option"])

    assert (ended.exit_code, ended.stdout) == (2, "")


def test_options_that_source_systems_may_not_have_are_those_of_the_commands(root: Path) -> None:
    loads = {f"--{flag}" for o in load_options(source_systems(root)) for flag in o.flags}
    own = {
        flag
        for name in LOADING
        for option in parameters(name, "option")
        for flag in (*option.opts, *option.secondary_opts)
        if flag not in loads and flag.startswith("--")
    }

    assert {f"--{name}" for name in OWN_OPTIONS} == own | {"--debug"}


def test_options_that_partitions_may_not_have_are_those_of_a_step() -> None:
    partitions = {"season"}
    own = {
        flag.removeprefix("--").replace("-", "_")
        for option in parameters("step run", "option")
        for flag in option.opts
        if flag.startswith("--")
    }

    assert own - partitions < RESERVED
