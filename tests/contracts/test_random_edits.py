"""Two hundred random edits of what people write: contracts, domain.yaml, sync files, models.

Each is either taken or ends in one message that names the file, the line and what to do, with exit
code 1. No edit ends in a traceback.
"""

from __future__ import annotations

import random
import re
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml
from typer.testing import CliRunner

from f1mesh.cli.app import app
from f1mesh.contracts.generate import write_generated
from f1mesh.errors import PermanentError
from f1mesh.orchestration.plan import domain_plan
from f1mesh.registry import load_mesh

EDITS = 200
KEPT = {
    "drivers": ["dim_driver", "dim_constructor"],
    "race_history": ["dim_circuit", "dim_date", "dim_race", "fct_pit_stop"],
}
REMEDY = re.compile(
    r"\b(add|remove|write|correct|say|name|quote|restore|give|must|take|use|needs?|run|runs|rename|"
    r"leave|state)\b",
    re.IGNORECASE,
)
JUNK: tuple[Any, ...] = (
    None,
    7,
    -1.5,
    True,
    "",
    "nonsense",
    [],
    {},
    [[1]],
    {"a": {"b": []}},
    "x/y",
)

Edit = Callable[[random.Random, bytes], bytes]


def junk_value(chance: random.Random, raw: bytes) -> bytes:
    """A value somewhere becomes one of another kind."""
    content = yaml.safe_load(raw)
    holder, key = chance.choice(list(places(content)))
    holder[key] = chance.choice(JUNK)
    return dumped(content)


def missing_key(chance: random.Random, raw: bytes) -> bytes:
    content = yaml.safe_load(raw)
    holder, key = chance.choice(list(places(content)))
    del holder[key]
    return dumped(content)


def unknown_key(chance: random.Random, raw: bytes) -> bytes:
    content = yaml.safe_load(raw)
    holders = [holder for holder, _ in places(content) if isinstance(holder, dict)]
    chance.choice(holders)[chance.choice(["surprise", "path", "Name", 7, None])] = 1
    return dumped(content)


def unknown_column(chance: random.Random, raw: bytes) -> bytes:
    names = re.findall(rb"name: (\w+)", raw)
    return raw.replace(b"name: " + chance.choice(names), b"name: no_such_thing", 1)


def duplicate_key(chance: random.Random, raw: bytes) -> bytes:
    lines = raw.split(b"\n")
    at = chance.choice([i for i, line in enumerate(lines) if re.match(rb" *\w+: \S", line)])
    return b"\n".join([*lines[: at + 1], lines[at], *lines[at + 1 :]])


def lost_line(chance: random.Random, raw: bytes) -> bytes:
    lines = raw.split(b"\n")
    del lines[chance.randrange(len(lines) - 1)]
    return b"\n".join(lines)


def bad_yaml(chance: random.Random, raw: bytes) -> bytes:
    at = chance.randrange(len(raw))
    return (
        raw[:at]
        + chance.choice([b"]", b"\n}", b": :", b"\n\t- x: 1\n", b'"', b"@", b"*a "])
        + raw[at:]
    )


def tab(chance: random.Random, raw: bytes) -> bytes:
    lines = raw.split(b"\n")
    at = chance.choice([i for i, line in enumerate(lines) if line.startswith(b"  ")])
    lines[at] = b"\t" + lines[at].lstrip()
    return b"\n".join(lines)


def cut_off(chance: random.Random, raw: bytes) -> bytes:
    return raw[: chance.randrange(len(raw))]


def byte_order_mark(_: random.Random, raw: bytes) -> bytes:
    return b"\xef\xbb\xbf" + raw


def windows_lines(_: random.Random, raw: bytes) -> bytes:
    return raw.replace(b"\n", b"\r\n")


def binary(chance: random.Random, raw: bytes) -> bytes:
    at = chance.randrange(len(raw))
    return raw[:at] + bytes([0xFF, 0xFE, 0x00, chance.randrange(256)]) + raw[at:]


def empty(chance: random.Random, _: bytes) -> bytes:
    return chance.choice([b"", b"\n\n", b"# nothing\n", b"---\n", b"null\n"])


def not_a_mapping(chance: random.Random, raw: bytes) -> bytes:
    return chance.choice([b"[]\n", b"- a\n- b\n", b"word\n", b"7\n", b"- " + raw.split(b"\n")[0]])


def odd_values(chance: random.Random, raw: bytes) -> bytes:
    """YAML that PyYAML stumbles over, or that is more than it looks."""
    said = [
        b"2024-13-45",
        b"&a [*a]",
        b"!!python/object:os.system {}",
        b"? [a]\n: b",
        b"0o9",
        b"<<: 7",
    ]
    return raw + b"\nzzz: " + chance.choice(said) + b"\n"


KINDS: tuple[Edit, ...] = (
    junk_value, junk_value, junk_value, missing_key, missing_key, unknown_key, unknown_column,
    duplicate_key, lost_line, bad_yaml, tab, cut_off, byte_order_mark, windows_lines, binary, empty,
    not_a_mapping, odd_values,
)  # fmt: skip
ROUND = 2 * len(KINDS)
NEVER_TAKEN = (empty, not_a_mapping, duplicate_key, binary, odd_values)


def places(node: Any) -> list[tuple[Any, Any]]:
    """Every holder and key of a document."""
    if not isinstance(node, dict | list):
        return []
    keys = list(node) if isinstance(node, dict) else list(range(len(node)))
    return [(node, key) for key in keys] + [p for key in keys for p in places(node[key])]


def dumped(content: Any) -> bytes:
    return yaml.safe_dump(content, sort_keys=False, allow_unicode=True).encode()


@pytest.fixture(scope="module")
def mesh(root: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The domains of this mesh with a few of their products."""
    folder = tmp_path_factory.mktemp("mesh")
    shutil.copytree(root / "domains", folder / "domains")
    for name, products in KEPT.items():
        domain = folder / "domains" / name
        content = yaml.safe_load((domain / "domain.yaml").read_text())
        content["products"] = products
        (domain / "domain.yaml").write_bytes(dumped(content))
        for path in (domain / "contracts").iterdir():
            if path.name.removesuffix(".odcs.yaml") not in products:
                path.unlink()
    write_generated(load_mesh(folder))
    return folder


def targets(mesh: Path) -> list[Path]:
    found = [
        path
        for domain in sorted((mesh / "domains").iterdir())
        for pattern in (
            "domain.yaml",
            "contracts/*.yaml",
            "ingestion/[!m]*.yaml",
            "**/models/**/*.yml",
        )
        for path in sorted(domain.glob(pattern))
        if "marts" not in path.parts or path.stem in KEPT[domain.name]
    ]
    return [path for path in found if "sources" not in path.parts]


@pytest.fixture(autouse=True)
def workspace(mesh: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("F1_ROOT", str(mesh))


def told(mesh: Path) -> str:
    """What the commands and the plan say of the mesh as it is now; nothing where all is well."""
    said = []
    for command in (("contracts", "check"), ("contracts", "generate", "--check")):
        done = CliRunner().invoke(app, command)
        if done.exception is not None and not isinstance(done.exception, SystemExit):
            raise done.exception
        assert done.exit_code in (0, 1)
        said += [done.output] if done.exit_code else []
    try:
        found = load_mesh(mesh)
        for name in found.domains:
            domain_plan(found, name)
    except PermanentError as error:
        said.append(str(error))
    return "\n".join(said)


def test_the_mesh_that_is_edited_is_good(mesh: Path) -> None:
    assert told(mesh) == ""
    assert len(targets(mesh)) > 15


@pytest.mark.parametrize(
    "seeds",
    [range(ROUND), pytest.param(range(ROUND, EDITS), marks=pytest.mark.long)],
    ids=["two of each kind", "the rest"],
)
def test_random_edits_end_in_a_message_with_file_and_line(mesh: Path, seeds: range) -> None:
    refused = 0
    for seed in seeds:
        chance = random.Random(seed)
        kind = KINDS[seed % len(KINDS)]
        important = [p for p in targets(mesh) if "models" not in p.parts or "marts" in p.parts]
        path = chance.choice(important if seed % 4 else targets(mesh))
        raw = path.read_bytes()
        path.write_bytes(kind(chance, raw))
        about = f"edit {seed}: {kind.__name__} of {path.relative_to(mesh)}"
        try:
            said = told(mesh)
        except Exception as error:
            error.add_note(about + "\n" + path.read_bytes().decode(errors="replace")[:3000])
            raise
        finally:
            path.write_bytes(raw)
        _is_one_message(said, path, about, never_taken=kind in NEVER_TAKEN)
        refused += bool(said)

    assert refused > len(seeds) / 2


def _is_one_message(said: str, path: Path, about: str, *, never_taken: bool) -> None:
    flat = said.replace("\n", " ")
    assert "Traceback" not in said, about
    assert said or not never_taken, f"{about} was taken"
    if said:
        assert re.search(r"[\w/.-]+\.ya?ml:\d+: ", flat), f"{about} names no line: {said}"
        follows = "Run `./f1 contracts generate`" in flat  # what it says is written elsewhere too
        assert path.name in flat or follows, f"{about} names another file: {said}"
        assert REMEDY.search(flat), f"{about} says nothing of what to do: {said}"
