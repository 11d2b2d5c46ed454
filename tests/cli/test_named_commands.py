"""What documents, help, messages and comments tell people to type can be typed: each `./f1 ...`
names a command that there is, with options that it has."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer

from f1mesh.cli.app import app

KINDS = ("*.py", "*.md", "*.yaml", "*.yml", "*.sql", "*.sh", "*.env", "*.toml", "f1", ".ci/run")
EVERYWHERE = {"--debug", "--help", "-h"}
# Options that documents name of other programs: dbt's, and one of Airflow's.
OF_OTHERS = {"--target-path", "--log-path", "--exclude-resource-type", "--skip-serve-logs"}

TOP: Any = typer.main.get_command(app)
Mention = tuple[list[str], set[str]]


def mentions(text: str) -> Iterator[Mention]:
    """The words behind each `./f1` up to the end of the sentence or quotation, and the options."""
    flat = re.sub(r"\s*\n[ \t]*(?:#+|--|\*)?[ \t]*", " ", text)
    for said in re.findall(r"(?:\./f1|`f1)((?: +[\w<>\[\]|/.=-]+)+)", flat):
        words = said.split(" ./f1")[0].replace("[", "").replace("]", "").split()
        options = {word.split("=")[0] for word in words if re.match(r"--?[a-z]", word)}
        yield [w for w in words if not w.startswith("-")], {o.rstrip(".") for o in options}


def wrong(words: list[str], options: set[str]) -> list[str]:
    """What of a mention there is not."""
    if not words or not re.match(r"[a-z][a-z|-]+[.]?$", words[0]):
        return []  # `./f1 ...`: any command
    faults = []
    for first in words[0].rstrip(".").split("|"):
        command = TOP.commands.get(first)
        if command is None:
            faults.append(first)
            continue
        faults += _wrong_inside(command, words[1:], options)
    return faults


def _wrong_inside(command: Any, words: list[str], options: set[str]) -> list[str]:
    inner = getattr(command, "commands", None)
    if inner is None:
        return sorted(options - flags(command))
    if not words or not re.match(r"[a-z][a-z|-]+$", words[0]):
        return []
    names = words[0].split("|")
    unknown = [name for name in names if name not in inner]
    known = {flag for name in names if name in inner for flag in flags(inner[name])}
    return unknown or sorted(options - known)


def flags(command: Any) -> set[str]:
    """The options that a command takes, those that sources and domains declare included."""
    params = command.get_params(typer.Context(command))
    return EVERYWHERE | {flag for p in params for flag in (*p.opts, *p.secondary_opts)}


def all_flags(command: Any = TOP) -> set[str]:
    own = flags(command)
    return own.union(*(all_flags(inner) for inner in getattr(command, "commands", {}).values()))


def listed(root: Path, *kinds: str) -> list[Path]:
    asked = ["git", "ls-files", "--cached", "--others", "--exclude-standard", *kinds]
    said = subprocess.run(asked, cwd=root, capture_output=True, text=True, check=True).stdout
    return [root / line for line in said.splitlines() if (root / line).is_file()]


def test_what_people_are_told_to_type_exists(root: Path) -> None:
    named: set[str] = set()
    faults = []
    for file in listed(root, *KINDS):
        if file == Path(__file__):
            continue
        for words, options in mentions(file.read_text(encoding="utf-8")):
            named.update(words[:1])
            faults += [f"{file.relative_to(root)}: {words} {w}" for w in wrong(words, options)]

    assert len(named) > 15
    assert faults == []


def test_options_that_documents_name_are_those_of_some_command(root: Path) -> None:
    known = all_flags() | OF_OTHERS
    named = {
        (str(file.relative_to(root)), option)
        for file in listed(root, "*.md")
        for option in re.findall(r"`(--[a-z][a-z-]*)", file.read_text(encoding="utf-8"))
    }

    assert len(named) > 10
    assert {option for _, option in named} - all_flags() >= OF_OTHERS
    assert not [f"{file}: {option}" for file, option in named if option not in known]


@pytest.mark.parametrize(
    ("text", "faults"),
    [
        ("run `./f1 contracts lint` now", ["lint"]),
        ("`./f1 contracts generate --chek`", ["--chek"]),
        ("`./f1\n    rollbck x/y`", ["rollbck"]),
        ("# see `./f1 rollback <domain>/<product> [--two VERSION]`", ["--two"]),
        ("`./f1 warehouse start|halt`", ["halt"]),
        ("`f1 runs`", ["runs"]),
        ("`./f1 run --history SOURCE --seed 3`, `./f1 airflow\nbundle FOLDER`, `./f1 ...`", []),
        ("./f1 run     # load\n./f1 test --fast  # unit", []),
    ],
)
def test_the_check_sees_what_is_wrong_and_nothing_else(text: str, faults: list[str]) -> None:
    found = [fault for words, options in mentions(text) for fault in wrong(words, options)]

    assert found == faults
